"""POST /files/copy (files.md §4.4, collections.md §3.8)."""

from __future__ import annotations

from typing import Any

from tests.files import photos
from tests.files.photos import UNKNOWN, Json
from tests.inprocess import LOCKER, Person, World


async def copy(who: Person, src: int, dst: int, files: list[Json] | None, **kw: Any) -> Any:
    return await who.post("/files/copy", {"srcCollectionID": src, "dstCollectionID": dst, "files": files}, **kw)


async def test_a_copy_belongs_to_the_copier(world: World, alice: Person, bob: Person) -> None:
    src, dst = await photos.album(alice), await photos.album(bob)
    await photos.share(alice, src, bob)
    files = [await photos.commit(world, alice, src, pubMagicMetadata=photos.MAGIC, magicMetadata=photos.MAGIC) for _ in range(2)]
    done = (await copy(bob, src, dst, photos.items(*[f["id"] for f in files]))).json()["oldToNewFileIDMap"]
    assert set(done) == {str(f["id"]) for f in files}
    mine = {f["id"]: f for f in await photos.diff(bob, dst)}
    assert set(mine) == set(done.values())
    for file in files:
        new = mine[done[str(file["id"])]]
        assert (new["ownerID"], new["encryptedKey"], new["pubMagicMetadata"]) == (bob.user_id, "a2V5", photos.MAGIC)
        assert "magicMetadata" not in new
        assert new["metadata"]["encryptedData"] == file["request"]["metadata"]["encryptedData"]
        assert new["file"]["decryptionHeader"] == file["request"]["file"]["decryptionHeader"]
        assert new["info"] == file["info"]
        assert new["updationTime"] == await photos.version(bob, dst)
        names = "SELECT file_object_id, thumb_object_id FROM files WHERE file_id = :id"
        assert await photos.rows(world, names, id=new["id"]) == await photos.rows(world, names, id=file["id"])
    assert await photos.used(world, bob) == await photos.used(world, alice) == (2200, 2)


async def test_a_copy_outlives_the_original(world: World, alice: Person, bob: Person) -> None:
    src, dst = await photos.album(alice), await photos.album(bob)
    await photos.share(alice, src, bob)
    made = await photos.commit(world, alice, src)
    (new,) = (await copy(bob, src, dst, photos.items(made["id"]))).json()["oldToNewFileIDMap"].values()
    await photos.purge(alice, made["id"], src)
    assert await photos.value(world, "SELECT count(*) FROM deletions") == 0
    assert (await photos.entry(bob, dst, new))["metadata"]["encryptedData"] == made["request"]["metadata"]["encryptedData"]
    await photos.purge(bob, new, dst)
    assert await photos.value(world, "SELECT count(*) FROM deletions") == 2
    assert (await photos.used(world, alice), await photos.used(world, bob)) == ((0, 0), (0, 0))


async def test_refusals(world: World, alice: Person, bob: Person) -> None:
    src, dst, other = await photos.album(alice), await photos.album(bob), await photos.album(alice)
    await photos.share(alice, src, bob, "COLLABORATOR")
    made, hidden = (await photos.commit(world, alice, src))["id"], (await photos.commit(world, alice, other))["id"]
    removed = (await photos.commit(world, alice, src))["id"]
    await photos.trash(alice, (removed, src))
    one = photos.items(made)
    too_many = await copy(bob, src, dst, one * 101, expect=400)
    assert too_many.json() == {"code": "BAD_REQUEST", "message": "more than 100 items"}
    for source in (other, UNKNOWN):
        assert (await copy(bob, source, dst, one, expect=404)).json() == {}
    assert (await copy(bob, src, UNKNOWN, one, expect=404)).json() == {}
    for target in (other, src):
        assert (await copy(bob, src, target, one, expect=403)).json() == {}
    own = await copy(alice, src, other, one, expect=400)  # her own photos: add them instead
    assert own.json()["code"] == "BAD_REQUEST"
    for files in (photos.items(hidden), photos.items(UNKNOWN), photos.items(removed), one * 2, photos.items(made, hidden), [{"id": made}], None):
        assert (await copy(bob, src, dst, files, expect=400)).json() == {}
    assert (await copy(bob, src, dst, [])).json() == {"oldToNewFileIDMap": {}}
    assert await photos.diff(bob, dst) == []
    assert await photos.used(world, bob) == (0, 0)


async def test_what_is_asked_to_be_removed_is_gone_for_others(world: World, alice: Person, bob: Person, carol: Person) -> None:
    src, dst = await photos.album(alice), await photos.album(bob)
    await photos.share(alice, src, bob)
    await photos.share(alice, src, carol, "ADMIN")
    made = (await photos.commit(world, alice, src))["id"]
    await carol.post("/collections/v3/remove-files", {"collectionID": src, "fileIDs": [made]})
    assert (await photos.entry(bob, src, made))["isDeleted"] is True
    await copy(bob, src, dst, photos.items(made), expect=400)


async def test_former_members_copy_nothing(world: World, alice: Person, bob: Person) -> None:
    src, dst = await photos.album(alice), await photos.album(bob)
    await photos.share(alice, src, bob)
    made = (await photos.commit(world, alice, src))["id"]
    await alice.post("/collections/unshare", {"collectionID": src, "email": bob.email})
    await copy(bob, src, dst, photos.items(made), expect=404)


async def test_the_quota_holds_for_all_or_none(world: World, alice: Person, bob: Person) -> None:
    src, dst = await photos.album(alice), await photos.album(bob)
    await photos.share(alice, src, bob)
    half = world.kernel.config.quota.tolerance // 2
    ids = [(await photos.commit(world, alice, src, size=half))["id"] for _ in range(3)]
    await world.kernel.db.write("test.quota", lambda tx: tx.run("UPDATE users SET quota = 1000 WHERE user_id = :u", u=bob.user_id))
    await copy(bob, src, dst, photos.items(*ids), expect=426)
    assert await photos.diff(bob, dst) == []
    assert await photos.used(world, bob) == (0, 0)
    await copy(bob, src, dst, photos.items(*ids[:2]))
    assert await photos.used(world, bob) == (2 * half + 200, 2)


async def test_apps_do_not_mix(world: World, alice: Person, bob: Person) -> None:
    src, locker = await photos.album(alice), await world.in_app(bob, LOCKER)
    box = await photos.album(locker)
    await photos.share(alice, src, bob)
    made = (await photos.commit(world, alice, src))["id"]
    for who in (bob, locker):
        await copy(who, src, box, photos.items(made), expect=400)
    assert await photos.used(world, bob, "locker") == (0, 0)
