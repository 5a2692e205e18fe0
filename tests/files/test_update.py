"""PUT /files/update and PUT /files/thumbnail (files.md §3.3, §4.1)."""

from __future__ import annotations

from app.kernel.clock import DAY
from tests.files import photos
from tests.files.photos import UNKNOWN, Json, changed
from tests.inprocess import Person, World


async def edited(world: World, who: Person, file_id: int, size: int = 2000, thumb: int = 90) -> Json:
    """New content for a file, uploaded."""
    ask = await photos.body(world, who, 0, size, thumb)
    return {"id": file_id, **{k: ask[k] for k in ("file", "thumbnail", "metadata")}}


async def thumbnail(world: World, who: Person, file_id: int, size: int = 50, header: str = "new") -> Json:
    return {"fileID": file_id, "thumbnail": {"objectKey": await photos.staged(world, who, size), "decryptionHeader": header}}


async def leaving(world: World) -> list[str]:
    """Keys of objects that are due for deletion."""
    found = await photos.rows(world, "SELECT o.object_key FROM deletions d JOIN objects o ON o.object_id = d.object_id ORDER BY 1")
    return [key for (key,) in found]


async def test_update_replaces_the_content(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album, pubMagicMetadata=photos.MAGIC)
    ask = await edited(world, alice, made["id"])
    done = (await alice.put("/files/update", ask)).json()
    assert done == {"id": made["id"], "updationTime": done["updationTime"]}
    row = await photos.entry(alice, album, made["id"])
    assert row["updationTime"] == done["updationTime"] == await photos.version(alice, album) > made["updationTime"]
    assert row["file"]["decryptionHeader"] == ask["file"]["decryptionHeader"]
    assert row["metadata"] == {**ask["metadata"], "size": 0}
    assert row["info"] == {"fileSize": 2000, "thumbSize": 90}
    assert (row["encryptedKey"], row["pubMagicMetadata"]) == (made["encryptedKey"], photos.MAGIC)
    assert await photos.used(world, alice) == (2090, 1)
    assert await leaving(world) == sorted(made["request"][part]["objectKey"] for part in ("file", "thumbnail"))
    assert await photos.value(world, "SELECT min(due_at) FROM deletions") == world.clock.now() + 7 * DAY


async def test_a_post_with_an_id_is_an_update(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    done = (await alice.post("/files", await edited(world, alice, made["id"]))).json()
    assert set(done) == {"id", "updationTime"}
    assert await photos.used(world, alice) == (2090, 1)


async def test_every_album_shows_it_and_tombstones_do_not(world: World, alice: Person, bob: Person) -> None:
    one, two, left, his = [await photos.album(who) for who in (alice, alice, alice, bob)]
    await photos.share(bob, his, alice, "COLLABORATOR")
    made = await photos.commit(world, alice, one)
    for album in (two, left, his):
        await alice.post("/collections/add-files", {"collectionID": album, "files": photos.items(made["id"])})
    await alice.post("/collections/move-files", {"fromCollectionID": left, "toCollectionID": two, "files": photos.items(made["id"])})
    before = await photos.diff(alice, left)
    ask = await edited(world, alice, made["id"])
    done = (await alice.put("/files/update", ask)).json()
    for who, album in ((alice, one), (alice, two), (bob, his)):
        row = await photos.entry(who, album, made["id"])
        assert row["file"]["decryptionHeader"] == ask["file"]["decryptionHeader"]
        assert row["updationTime"] == done["updationTime"] == await photos.version(who, album)
    (tombstone,) = await photos.diff(alice, left)
    assert tombstone["updationTime"] == before[0]["updationTime"]
    assert await photos.version(alice, left) >= tombstone["updationTime"]


async def test_an_update_again_changes_nothing(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    ask = await edited(world, alice, made["id"])
    first = (await alice.put("/files/update", ask)).json()
    assert (await alice.put("/files/update", ask)).json() == first
    assert await photos.used(world, alice) == (2090, 1)
    assert await photos.version(alice, album) == first["updationTime"]
    assert len(await leaving(world)) == 2


async def test_one_object_may_stay(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    old = made["request"]
    ask = {**await edited(world, alice, made["id"]), "thumbnail": old["thumbnail"]}
    await alice.put("/files/update", ask)
    assert await photos.used(world, alice) == (2100, 1)
    assert await leaving(world) == [old["file"]["objectKey"]]
    await alice.put("/files/update", {**await edited(world, alice, made["id"], thumb=10), "file": ask["file"]})
    assert await photos.used(world, alice) == (2010, 1)
    headers = changed(ask, thumbnail=(await photos.body(world, alice, album))["thumbnail"], file__decryptionHeader="other")
    await alice.put("/files/update", headers)
    assert (await photos.entry(alice, album, made["id"]))["file"]["decryptionHeader"] == "other"


async def test_a_trashed_file_can_be_updated(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    await photos.trash(alice, (made["id"], album))
    await alice.put("/files/update", await edited(world, alice, made["id"]))
    assert (await photos.entry(alice, album, made["id"]))["isDeleted"] is True
    assert await photos.used(world, alice) == (2090, 1)


async def test_objects_that_a_copy_names_stay(world: World, alice: Person, bob: Person) -> None:
    album, his = await photos.album(alice), await photos.album(bob)
    await photos.share(alice, album, bob)
    made = await photos.commit(world, alice, album)
    await bob.post("/files/copy", {"srcCollectionID": album, "dstCollectionID": his, "files": photos.items(made["id"])})
    await alice.put("/files/update", await edited(world, alice, made["id"]))
    assert await leaving(world) == []
    assert (await photos.used(world, alice), await photos.used(world, bob)) == ((2090, 1), (1100, 1))


async def test_update_refusals(world: World, alice: Person, bob: Person) -> None:
    album, his_album = await photos.album(alice), await photos.album(bob)
    made, other, theirs = [await photos.commit(world, w, c) for w, c in ((alice, album), (alice, album), (bob, his_album))]
    await photos.share(alice, album, bob, "ADMIN")
    ask = await edited(world, alice, made["id"])
    for wrong in (
        changed(ask, id=None), changed(ask, id=0), changed(ask, id=-1), changed(ask, file__size=1), changed(ask, thumbnail__size=1),
        changed(ask, metadata=None), changed(ask, file__decryptionHeader=None), {**ask, "thumbnail": ask["file"]},
        changed(ask, file__objectKey=theirs["request"]["file"]["objectKey"], file__size=None),
        changed(ask, file=other["request"]["file"]), changed(ask, file=made["request"]["thumbnail"]),
    ):  # fmt: skip
        assert (await alice.put("/files/update", wrong, expect=400)).json() == {}
    assert (await alice.put("/files/update", {**ask, "id": UNKNOWN}, expect=404)).json() == {}
    assert (await alice.put("/files/update", {**ask, "id": theirs["id"]}, expect=403)).json() == {}
    assert (await bob.put("/files/update", await edited(world, bob, made["id"]), expect=403)).json() == {}
    missing = changed(ask, file__objectKey=world.kernel.crypto.mint_key(alice.user_id))
    await alice.put("/files/update", missing, expect=503)
    await alice.put("/files/update", {**missing, "id": UNKNOWN}, expect=404)
    await alice.put("/files/update", await edited(world, alice, made["id"], world.kernel.config.quota.max_file + 1), expect=413)
    await world.kernel.db.write("test.quota", lambda tx: tx.run("UPDATE users SET quota = 1000"))
    slack = world.kernel.config.quota.tolerance
    await alice.put("/files/update", await edited(world, alice, made["id"], slack + 1), expect=426)
    await alice.put("/files/update", await edited(world, alice, made["id"], 900))  # smaller is always allowed
    assert await photos.used(world, alice) == (2090, 2)


async def test_a_file_gone_for_good_is_not_found(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    ask, small = await edited(world, alice, made["id"]), await thumbnail(world, alice, made["id"])
    await photos.purge(alice, made["id"], album)
    assert (await alice.put("/files/update", ask, expect=404)).json() == {}
    assert (await alice.put("/files/thumbnail", small, expect=404)).json() == {}
    assert await photos.used(world, alice) == (0, 0)


async def test_thumbnail_is_replaced(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    ask = await thumbnail(world, alice, made["id"])
    assert (await alice.put("/files/thumbnail", ask)).content == b""
    row = await photos.entry(alice, album, made["id"])
    assert (row["thumbnail"]["decryptionHeader"], row["info"]) == ("new", {"fileSize": 1000, "thumbSize": 50})
    assert row["file"]["decryptionHeader"] == made["request"]["file"]["decryptionHeader"]
    assert row["updationTime"] == await photos.version(alice, album) > made["updationTime"]
    assert await photos.used(world, alice) == (1050, 1)
    await alice.put("/files/thumbnail", ask)
    assert await photos.entry(alice, album, made["id"]) == row
    assert await leaving(world) == [made["request"]["thumbnail"]["objectKey"]]


async def test_thumbnail_refusals(world: World, alice: Person, bob: Person) -> None:
    album, his = await photos.album(alice), await photos.album(bob)
    made, theirs = await photos.commit(world, alice, album), await photos.commit(world, bob, his)
    good = await thumbnail(world, alice, made["id"])
    for wrong in (
        {}, {"thumbnail": good["thumbnail"]}, {"fileID": made["id"]}, changed(good, thumbnail__decryptionHeader=None),
        changed(good, thumbnail__objectKey=None), changed(good, thumbnail__objectKey=theirs["request"]["thumbnail"]["objectKey"]),
        changed(good, thumbnail__objectKey=made["request"]["file"]["objectKey"]), await thumbnail(world, alice, made["id"], 101),
    ):  # fmt: skip
        assert (await alice.put("/files/thumbnail", wrong, expect=400)).json() == {}
    assert (await alice.put("/files/thumbnail", {**good, "fileID": UNKNOWN}, expect=404)).json() == {}
    assert (await alice.put("/files/thumbnail", {**good, "fileID": theirs["id"]}, expect=403)).json() == {}
    missing = changed(good, thumbnail__objectKey=world.kernel.crypto.mint_key(alice.user_id))
    await alice.put("/files/thumbnail", missing, expect=503)
    await alice.put("/files/thumbnail", {**missing, "fileID": UNKNOWN}, expect=404)
    assert (await photos.entry(alice, album, made["id"]))["updationTime"] == made["updationTime"]
    assert await photos.used(world, alice) == (1100, 1)
