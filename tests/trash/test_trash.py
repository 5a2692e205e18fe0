"""POST /files/trash and the trash diff (files.md §9.1, §9.2)."""

from __future__ import annotations

from app.kernel.clock import DAY
from tests.files import photos
from tests.files.photos import UNKNOWN
from tests.inprocess import LOCKER, Person, World


async def test_trashing_hides_the_file_and_lists_it(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album, pubMagicMetadata=photos.MAGIC, magicMetadata=photos.MAGIC)
    kept = await photos.commit(world, alice, album)
    seen = await photos.version(alice, album)
    assert (await alice.get("/trash/v2/diff?sinceTime=0")).json() == {"diff": [], "hasMore": False}
    assert (await photos.trash(alice, (made["id"], album))).content == b""
    (row,) = await photos.diff(alice, album, seen)
    assert (row["id"], row["isDeleted"]) == (made["id"], True)
    assert row["updationTime"] == await photos.version(alice, album) > seen
    (item,) = await photos.trash_diff(alice)
    ask = made["request"]
    assert item == {
        "file": {
            "id": made["id"],
            "ownerID": alice.user_id,
            "collectionID": album,
            "collectionOwnerID": None,
            "encryptedKey": ask["encryptedKey"],
            "keyDecryptionNonce": ask["keyDecryptionNonce"],
            "file": {"decryptionHeader": ask["file"]["decryptionHeader"], "size": 0},
            "thumbnail": {"decryptionHeader": ask["thumbnail"]["decryptionHeader"], "size": 0},
            "metadata": {**ask["metadata"], "size": 0},
            "isDeleted": False,
            "updationTime": made["updationTime"],
            "magicMetadata": photos.MAGIC,
            "pubMagicMetadata": photos.MAGIC,
            "info": {"fileSize": 1000, "thumbSize": 100},
        },
        "isDeleted": False,
        "isRestored": False,
        "deleteBy": world.clock.now() + 30 * DAY,
        "createdAt": row["updationTime"],
        "updatedAt": row["updationTime"],
    }
    assert await photos.trash_diff(alice, item["updatedAt"]) == []
    assert await photos.used(world, alice) == (2200, 2)
    assert kept["id"] in {f["id"] for f in await photos.diff(alice, album) if not f["isDeleted"]}


async def test_a_file_leaves_every_album_of_everybody(world: World, alice: Person, bob: Person) -> None:
    his, mine, second = await photos.album(bob), await photos.album(alice), await photos.album(alice)
    await photos.share(bob, his, alice, "COLLABORATOR")
    made = await photos.commit(world, alice, mine)
    for album in (his, second):
        await alice.post("/collections/add-files", {"collectionID": album, "files": photos.items(made["id"])})
    seen = await photos.version(bob, his)
    await photos.trash(alice, (made["id"], mine))
    for who, album in ((bob, his), (alice, mine), (alice, second)):
        (row,) = await photos.diff(who, album)
        assert row["isDeleted"] is True
        assert await photos.version(who, album) == row["updationTime"] > seen
    assert await photos.trash_diff(bob) == []


async def test_tombstones_elsewhere_are_not_sent_again(world: World, alice: Person) -> None:
    old, new = await photos.album(alice), await photos.album(alice)
    made = await photos.commit(world, alice, old)
    await alice.post("/collections/move-files", {"fromCollectionID": old, "toCollectionID": new, "files": photos.items(made["id"])})
    before = await photos.diff(alice, old), await photos.version(alice, old)
    await photos.trash(alice, (made["id"], new))
    assert (await photos.diff(alice, old), await photos.version(alice, old)) == before
    assert (await photos.entry(alice, new, made["id"]))["isDeleted"] is True


async def test_trashing_again_renews_the_time_and_the_album(world: World, alice: Person) -> None:
    one, two = await photos.album(alice), await photos.album(alice)
    made = await photos.commit(world, alice, one)
    await alice.post("/collections/add-files", {"collectionID": two, "files": photos.items(made["id"])})
    await photos.trash(alice, (made["id"], one))
    (first,) = await photos.trash_diff(alice)
    world.clock.advance(DAY)
    await photos.trash(alice, (made["id"], two))
    (item,) = await photos.trash_diff(alice)
    assert item["file"]["collectionID"] == two
    assert item["file"]["encryptedKey"] == "a2V5"
    assert item["deleteBy"] == first["deleteBy"] + DAY
    assert item["updatedAt"] > first["updatedAt"]
    assert item["createdAt"] == first["createdAt"]


async def test_trash_restore_trash_again(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    stamps = []
    for restored in (False, True, False, True):
        await (photos.restore(alice, album, made["id"]) if restored else photos.trash(alice, (made["id"], album)))
        (item,) = await photos.trash_diff(alice)
        stamps.append(item["updatedAt"])
        assert (item["isRestored"], item["isDeleted"]) == (restored, False)
        assert (await photos.entry(alice, album, made["id"]))["isDeleted"] is not restored
        assert item["file"]["metadata"]["encryptedData"] == made["request"]["metadata"]["encryptedData"]
    assert stamps == sorted(set(stamps))
    assert (await photos.restore(alice, album, made["id"], expect=400)).json() == {}


async def test_restore_goes_to_any_own_album(world: World, alice: Person, bob: Person) -> None:
    old, new, his = await photos.album(alice), await photos.album(alice), await photos.album(bob)
    made = await photos.commit(world, alice, old)
    live = await photos.commit(world, alice, old)
    theirs = await photos.commit(world, bob, his)
    await photos.trash(alice, (made["id"], old))
    await photos.restore(alice, new, UNKNOWN, expect=404)
    await photos.restore(alice, new, theirs["id"], expect=403)
    await photos.restore(alice, new, made["id"], live["id"], expect=400)
    await photos.restore(alice, new, made["id"], made["id"], expect=400)
    assert (await photos.trash_diff(alice))[0]["isRestored"] is False
    await photos.restore(alice, new, made["id"])
    row = await photos.entry(alice, new, made["id"])
    assert (row["isDeleted"], row["encryptedKey"]) == (False, "a2V5")
    assert (await photos.entry(alice, old, made["id"]))["isDeleted"] is True


async def test_refusals(world: World, alice: Person, bob: Person) -> None:
    album, never, his_album = await photos.album(alice), await photos.album(alice), await photos.album(bob)
    made, theirs = (await photos.commit(world, alice, album))["id"], (await photos.commit(world, bob, his_album))["id"]
    await photos.share(alice, album, bob, "ADMIN")
    mine = (made, album)
    for items in ((), (mine, mine), ((UNKNOWN, album),), (mine, (UNKNOWN, album)), ((made, never),)):
        assert (await photos.trash(alice, *items, expect=400)).json() == {}
    for body in ({}, {"items": None}, {"items": "x"}, {"items": [7]}):
        assert (await alice.post("/files/trash", body, expect=400)).json() == {}
    for items in (((theirs, album),), (mine, (theirs, album)), ((made, his_album),)):
        assert (await photos.trash(alice, *items, expect=403)).json() == {}
    assert (await photos.trash(bob, mine, expect=403)).json() == {}
    assert (await photos.trash(alice, (made, UNKNOWN), expect=404)).json() == {}
    assert (await photos.trash(alice, *[(i, album) for i in range(1, 1002)], expect=413)).json() == {}
    assert (await photos.entry(alice, album, made))["isDeleted"] is False
    assert await photos.trash_diff(alice) == await photos.trash_diff(bob) == []


async def test_a_page_never_splits_one_stamp(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    for _ in range(3):
        ids = await photos.insert(world, alice, album, 1000)
        await photos.trash(alice, *[(i, album) for i in ids])
    pages = []
    since, more = 0, True
    while more:
        page = (await alice.get(f"/trash/v2/diff?sinceTime={since}")).json()
        pages.append(len(page["diff"]))
        assert [t["updatedAt"] for t in page["diff"]] == sorted(t["updatedAt"] for t in page["diff"])
        since, more = page["diff"][-1]["updatedAt"], page["hasMore"]
    assert pages == [2000, 1000]


async def test_lax_times(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    await photos.trash(alice, ((await photos.commit(world, alice, album))["id"], album))
    want = (await alice.get("/trash/v2/diff?sinceTime=0")).json()
    assert len(want["diff"]) == 1
    for path in ("/trash/v2/diff", "/trash/v2/diff?sinceTime=x", "/trash/v2/diff?sinceTime=-5"):
        assert (await alice.get(path)).json() == want


async def test_each_app_has_its_own_trash(world: World, alice: Person) -> None:
    locker = await world.in_app(alice, LOCKER)
    album, box = await photos.album(alice), await photos.album(locker)
    photo, note = await photos.commit(world, alice, album), await photos.commit(world, locker, box)
    await photos.trash(alice, (photo["id"], album))
    await photos.trash(locker, (note["id"], box))
    assert [t["file"]["id"] for t in await photos.trash_diff(alice)] == [photo["id"]]
    (item,) = await photos.trash_diff(locker)
    assert item["file"]["id"] == note["id"]
    await alice.post("/trash/empty", {"lastUpdatedAt": item["updatedAt"] + DAY})
    assert [t["isDeleted"] for t in await photos.trash_diff(alice)] == [True]
    assert [t["isDeleted"] for t in await photos.trash_diff(locker)] == [False]
    assert await photos.used(world, alice) == (0, 0)
    assert await photos.used(world, alice, "locker") == (1100, 1)
