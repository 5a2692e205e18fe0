"""Deleting for good: by id, by emptying, by time; and what stays of it (files.md §9.3-§9.5)."""

from __future__ import annotations

from app.kernel import jobs
from app.kernel.clock import DAY
from app.objects.deletion import run_deletions
from app.trash.jobs import JOBS, expire, scrub
from tests.files import photos
from tests.files.photos import UNKNOWN
from tests.inprocess import Person, World


async def test_delete_frees_the_space_and_leaves_a_bare_tombstone(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made, kept = await photos.commit(world, alice, album, magicMetadata=photos.MAGIC), await photos.commit(world, alice, album)
    await photos.trash(alice, (made["id"], album))
    (before,) = await photos.trash_diff(alice)
    seen = await photos.version(alice, album)
    assert (await alice.post("/trash/delete", {"fileIDs": [made["id"]]})).content == b""
    (item,) = await photos.trash_diff(alice)
    assert (item["isDeleted"], item["isRestored"]) == (True, False)
    assert item["updatedAt"] > before["updatedAt"]
    assert item["file"]["metadata"] == {"encryptedData": "-", "decryptionHeader": "-", "size": 0}
    assert item["file"]["file"] == item["file"]["thumbnail"] == {"decryptionHeader": "-", "size": 0}
    assert "magicMetadata" not in item["file"]
    assert await photos.used(world, alice) == (1100, 1)
    assert await photos.version(alice, album) == seen
    row = await photos.entry(alice, album, made["id"])
    assert (row["isDeleted"], row["metadata"]["encryptedData"]) == (True, "-")
    assert (await photos.entry(alice, album, kept["id"]))["isDeleted"] is False
    again = await alice.post("/collections/add-files", {"collectionID": album, "files": photos.items(made["id"])}, expect=409)
    assert again.json()["code"] == "FILE_IN_TRASH"


async def test_the_bytes_go_after_the_grace_time(world: World, alice: Person, bob: Person) -> None:
    album, his = await photos.album(alice), await photos.album(bob)
    await photos.share(alice, album, bob)
    made, copied = await photos.commit(world, alice, album), await photos.commit(world, alice, album)
    ask = {"srcCollectionID": album, "dstCollectionID": his, "files": photos.items(copied["id"])}
    await bob.post("/files/copy", ask)
    for file in (made, copied):
        await photos.purge(alice, file["id"], album)
    due = await photos.rows(world, "SELECT o.object_key, d.due_at FROM deletions d JOIN objects o ON o.object_id = d.object_id ORDER BY 1")
    keys = sorted(made["request"][part]["objectKey"] for part in ("file", "thumbnail"))
    assert due == [(key, world.clock.now() + 7 * DAY) for key in keys]  # not those that bob's copy names


async def test_derived_data_goes_along(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made, kept = await photos.commit(world, alice, album), await photos.commit(world, alice, album)
    for file in (made, kept):
        await alice.put("/files/data", {"fileID": file["id"], "type": "mldata", "encryptedData": "eHl6", "decryptionHeader": "aA=="})
    await photos.purge(alice, made["id"], album)
    assert await photos.rows(world, "SELECT file_id FROM file_data WHERE NOT is_deleted") == [(kept["id"],)]
    assert await photos.value(world, "SELECT count(*) FROM deletions") == 3


async def test_what_is_not_in_the_own_trash_is_ignored(world: World, alice: Person, bob: Person) -> None:
    album = await photos.album(alice)
    live, trashed = (await photos.commit(world, alice, album))["id"], (await photos.commit(world, alice, album))["id"]
    await photos.trash(alice, (trashed, album))
    await alice.post("/trash/delete", {"fileIDs": [live, UNKNOWN, live]})
    await bob.post("/trash/delete", {"fileIDs": [trashed]})
    await alice.post("/trash/delete", {"fileIDs": []})
    for body in ({}, {"fileIDs": None}, {"fileIDs": "x"}, {"fileIDs": ["1"]}):
        assert (await alice.post("/trash/delete", body, expect=400)).json() == {}
    assert (await alice.post("/trash/delete", {"fileIDs": list(range(1, 2502))}, expect=413)).json() == {}
    assert (await photos.entry(alice, album, live))["isDeleted"] is False
    assert [t["isDeleted"] for t in await photos.trash_diff(alice)] == [False]
    assert await photos.used(world, alice) == (2200, 2)


async def test_deleted_stays_deleted(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    await photos.purge(alice, made["id"], album)
    before = await photos.trash_diff(alice), await photos.diff(alice, album)
    await photos.trash(alice, (made["id"], album))
    await photos.restore(alice, album, made["id"], expect=400)
    await alice.post("/trash/delete", {"fileIDs": [made["id"]]})
    assert (await photos.trash_diff(alice), await photos.diff(alice, album)) == before
    assert await photos.used(world, alice) == (0, 0)


async def test_empty_up_to_a_time(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    first, second, back = [(await photos.commit(world, alice, album))["id"] for _ in range(3)]
    await photos.trash(alice, (back, album))
    await photos.restore(alice, album, back)
    for file in (first, second):
        await photos.trash(alice, (file, album))
    times = {t["file"]["id"]: t["updatedAt"] for t in await photos.trash_diff(alice)}
    for body in ({}, {"lastUpdatedAt": 0}, {"lastUpdatedAt": "1"}):
        assert (await alice.post("/trash/empty", body, expect=400)).json() == {}
    assert (await alice.post("/trash/empty", {"lastUpdatedAt": times[first]})).content == b""

    async def gone() -> set[int]:
        return {t["file"]["id"] for t in await photos.trash_diff(alice) if t["isDeleted"]}

    assert await gone() == {first}
    await alice.post("/trash/empty", {"lastUpdatedAt": times[second]})
    assert await gone() == {first, second}
    assert (await photos.entry(alice, album, back))["isDeleted"] is False
    assert await photos.used(world, alice) == (1100, 1)


async def test_emptying_with_the_same_time_again_works(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    ahead = world.clock.now() + DAY
    for n in (1, 2):
        made = await photos.commit(world, alice, album)
        await photos.trash(alice, (made["id"], album))
        await alice.post("/trash/empty", {"lastUpdatedAt": ahead})
        assert [t["isDeleted"] for t in await photos.trash_diff(alice)] == [True] * n


async def test_emptying_a_large_trash(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    for n in (1000, 1000, 1000):
        await photos.trash(alice, *[(i, album) for i in await photos.insert(world, alice, album, n)])
    assert await photos.used(world, alice) == (3000 * 110, 3000)
    await alice.post("/trash/empty", {"lastUpdatedAt": world.clock.now() + DAY})
    assert await photos.used(world, alice) == (0, 0)
    stamps = await photos.rows(world, "SELECT updated_at, count(*) FROM trash WHERE is_deleted GROUP BY updated_at ORDER BY 1")
    assert [n for _, n in stamps] == [2500, 500]


async def test_files_past_their_time_go_by_themselves(world: World, alice: Person, bob: Person) -> None:
    first, second = await photos.album(alice), await photos.album(bob)
    old, theirs = await photos.commit(world, alice, first), await photos.commit(world, bob, second)
    await photos.trash(alice, (old["id"], first))
    await photos.trash(bob, (theirs["id"], second))
    world.clock.advance(20 * DAY)
    young = await photos.commit(world, alice, first)
    await photos.trash(alice, (young["id"], first))
    await expire(world.kernel)
    assert not any(t["isDeleted"] for t in await photos.trash_diff(alice))
    world.clock.advance(10 * DAY)
    await expire(world.kernel)
    assert {t["file"]["id"]: t["isDeleted"] for t in await photos.trash_diff(alice)} == {old["id"]: True, young["id"]: False}
    assert [t["isDeleted"] for t in await photos.trash_diff(bob)] == [True]
    assert (await photos.used(world, alice), await photos.used(world, bob)) == ((1100, 1), (0, 0))


async def test_metadata_is_blanked_after_the_bytes(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made, live = await photos.commit(world, alice, album, pubMagicMetadata=photos.MAGIC), await photos.commit(world, alice, album)
    await photos.purge(alice, made["id"], album)
    text = "SELECT encrypted_metadata, metadata_header, file_header, pub_magic_metadata, scrubbed_at FROM files WHERE file_id = :id"
    world.clock.advance(13 * DAY)
    await scrub(world.kernel)
    (kept,) = await photos.rows(world, text, id=made["id"])
    assert kept[0] == made["request"]["metadata"]["encryptedData"]  # the bytes are still there
    await run_deletions(world.kernel)
    await scrub(world.kernel)
    (blank,) = await photos.rows(world, text, id=made["id"])
    assert blank == ("-", "-", "-", None, world.clock.now())
    (whole,) = await photos.rows(world, text, id=live["id"])
    assert whole[0] == live["request"]["metadata"]["encryptedData"]
    row = await photos.entry(alice, album, made["id"])
    assert (row["isDeleted"], row["metadata"]["encryptedData"]) == (True, "-")


async def test_the_jobs_are_registered(world: World) -> None:
    assert {job.name for job in JOBS} == {"trash.expire", "trash.scrub"}
    for job in JOBS:
        await jobs.run_leased(world.kernel, job, "me")
