"""Many at once: the ledger equals the sum, the limit holds exactly, every file is in one place, and no device misses a change."""

from __future__ import annotations

import asyncio
import random

from app.kernel.clock import DAY
from tests.files import photos
from tests.inprocess import Person, World


async def place(world: World, file_id: int) -> tuple[int, int, bool]:
    """(live memberships, is in the trash, is gone for good) of a file."""
    live = await photos.value(world, "SELECT count(*) FROM collection_files WHERE file_id = :f AND NOT is_deleted", f=file_id)
    inside = await photos.value(world, "SELECT count(*) FROM trash WHERE file_id = :f AND NOT is_deleted AND NOT is_restored", f=file_id)
    gone = await photos.value(world, "SELECT is_deleted FROM files WHERE file_id = :f", f=file_id)
    return live, inside, bool(gone)


async def test_commits_at_once_stop_exactly_at_the_limit(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    await world.kernel.db.write("test.quota", lambda tx: tx.run("UPDATE users SET quota = 1000"))
    slack = 1000 + world.kernel.config.quota.tolerance
    size = slack // 10 - 100
    bodies = [await photos.body(world, alice, album, size=size) for _ in range(16)]
    answers = await asyncio.gather(*(alice.post("/files", b, expect=(200, 426)) for b in bodies))
    assert sorted(a.status for a in answers) == [200] * 10 + [426] * 6
    assert await photos.used(world, alice) == (10 * (size + 100), 10)
    assert len(await photos.diff(alice, album)) == 10


async def test_one_commit_sent_many_times_at_once_is_one_file(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    ask = await photos.body(world, alice, album)
    answers = await asyncio.gather(*(alice.post("/files", ask) for _ in range(12)))
    assert len({a.content for a in answers}) == 1
    assert len(await photos.diff(alice, album)) == 1
    assert await photos.used(world, alice) == (1100, 1)


async def test_two_commits_of_one_object_are_one_file_and_one_refusal(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    one, two = await photos.body(world, alice, album), await photos.body(world, alice, album)
    two["thumbnail"] = one["thumbnail"]
    answers = await asyncio.gather(*(alice.post("/files", b, expect=(200, 400)) for b in (one, two)))
    assert sorted(a.status for a in answers) == [200, 400]
    assert await photos.used(world, alice) == (1100, 1)


async def test_updates_at_once_leave_one_content_and_an_exact_ledger(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    bodies = [{**await photos.body(world, alice, album, size=2000 + n), "id": made["id"]} for n in range(8)]
    await asyncio.gather(*(alice.put("/files/update", b) for b in bodies))
    row = await photos.entry(alice, album, made["id"])
    (won,) = [b for b in bodies if b["file"]["decryptionHeader"] == row["file"]["decryptionHeader"]]
    assert row["thumbnail"]["decryptionHeader"] == won["thumbnail"]["decryptionHeader"]
    assert await photos.used(world, alice) == (won["file"]["size"] + 100, 1)
    assert await photos.value(world, "SELECT count(*) FROM deletions") == 16


async def test_a_file_is_always_in_one_place(world: World, alice: Person) -> None:
    one, two = await photos.album(alice), await photos.album(alice)
    files = [(await photos.commit(world, alice, one))["id"] for _ in range(4)]
    rng = random.Random(7)  # the calls are drawn once, so a failure replays
    either = (200, 400, 409)

    def call(file: int) -> object:
        draw = rng.randrange(6)
        items = photos.items(file)
        if draw == 0:
            return alice.post("/collections/add-files", {"collectionID": two, "files": items}, expect=either)
        if draw == 1:
            return alice.post("/collections/move-files", {"fromCollectionID": one, "toCollectionID": two, "files": items}, expect=either)
        if draw == 2:
            return photos.restore(alice, rng.choice((one, two)), file, expect=either)
        if draw == 3 and file == files[-1]:
            return alice.post("/trash/delete", {"fileIDs": [file]})
        return photos.trash(alice, (file, one), expect=either)

    for _ in range(12):
        await asyncio.gather(*(call(f) for f in files for _ in range(3)))  # type: ignore[call-overload]  # any awaitable
        for file in files:
            live, inside, gone = await place(world, file)
            assert (live > 0) + (inside > 0) + gone == 1, (file, live, inside, gone)
        await photos.used(world, alice)


async def test_emptying_while_trashing_and_restoring(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    files = [(await photos.commit(world, alice, album))["id"] for _ in range(12)]
    await photos.trash(alice, *[(f, album) for f in files[:8]])
    await asyncio.gather(
        alice.post("/trash/empty", {"lastUpdatedAt": world.clock.now() + DAY}),
        *(photos.restore(alice, album, f, expect=(200, 400)) for f in files[:4]),
        *(photos.trash(alice, (f, album)) for f in files[8:]),
        alice.post("/trash/delete", {"fileIDs": files}),
    )
    for file in files:
        live, inside, gone = await place(world, file)
        assert (live > 0) + (inside > 0) + gone == 1, (file, live, inside, gone)
    await photos.used(world, alice)


async def test_a_syncing_device_misses_nothing(world: World, alice: Person, bob: Person) -> None:
    """Commits, metadata and trash by many clients while a sharee follows the album by its cursor and by the album's version."""
    album = await photos.album(alice)
    await photos.share(alice, album, bob)
    first = [await photos.commit(world, alice, album) for _ in range(6)]
    done = asyncio.Event()

    async def follow(by_version: bool) -> dict[int, bool]:
        state: dict[int, bool] = {}
        since = 0
        while True:
            last = done.is_set()
            version = await photos.version(bob, album)
            if not by_version or version != since:
                rows = await photos.diff(bob, album, since)
                state |= {f["id"]: f["isDeleted"] for f in rows}
                assert all(f["updationTime"] > since for f in rows)
                since = version if by_version else max([since, *(f["updationTime"] for f in rows)])
            if last:
                return state
            world.clock.advance(10_000)  # 10 ms: at one instant the budget of an address would end
            await asyncio.sleep(0)

    async def write() -> list[int]:
        bodies = [await photos.body(world, alice, album) for _ in range(24)]
        made = await asyncio.gather(
            *(alice.post("/files", b) for b in bodies),
            *(photos.trash(alice, (f["id"], album)) for f in first[:3]),
            *(alice.put("/files/magic-metadata", {"metadataList": [{"id": f["id"], "magicMetadata": photos.MAGIC}]}) for f in first),
        )
        done.set()
        return [a.json()["id"] for a in made[:24]]

    by_cursor, by_version, made = await asyncio.gather(follow(False), follow(True), write())
    want = dict.fromkeys(made, False) | {f["id"]: n < 3 for n, f in enumerate(first)}
    assert by_cursor == by_version == want
    stamps = [f["updationTime"] for f in await photos.diff(alice, album)]
    assert max(stamps) <= await photos.version(alice, album)
    assert len(set(stamps)) == len(stamps)
