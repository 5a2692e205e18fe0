"""Removing bytes: when nobody names them, when nobody committed them, and what happens when it fails (design.md §4)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from app.kernel import errors
from app.kernel.clock import DAY, HOUR, MINUTE
from app.objects import JOBS, deletion, service
from storage_backends import Unavailable
from tests.inprocess import Person, World
from tests.objects.parcels import delete_for_good, free_url, let_go, make_file, put, row, send, sized_url, stored_bytes, uploaded

GRACE = 7 * DAY


async def release(world: World, ids: list[int], grace: int = GRACE) -> None:
    await let_go(world, ids, grace)


async def scheduled(world: World) -> int:
    return int(await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM deletions")))


def test_the_jobs_are_known() -> None:
    assert {job.name: job.seconds for job in JOBS} == {
        "objects.delete": 60,
        "objects.sweep": 3600,
        "objects.parts": 3600,
        "objects.strays": 86400,
        "objects.shed": 60,
    }


async def test_it_works(world: World, alice: Person) -> None:
    key, thumb = await uploaded(alice, b"file"), await uploaded(alice, b"thumb")
    file_id = await make_file(world, alice, key, thumb)
    await release(world, await delete_for_good(world, file_id))
    world.clock.advance(GRACE - 1)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) == b"file"
    world.clock.advance(1)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) is None
    assert await stored_bytes(world, thumb) is None
    assert (await row(world, key) or ("",))[0] == "deleting"  # its upload URL is not a week old
    world.clock.advance(DAY)
    await deletion.run_deletions(world.kernel)
    assert await row(world, key) is None
    assert await scheduled(world) == 0
    names = await world.kernel.db.read(lambda tx: tx.one("SELECT file_object_id, thumb_object_id FROM files WHERE file_id = :id", id=file_id))
    assert names == (None, None)


async def test_what_a_copy_names_stays(world: World, alice: Person, bob: Person) -> None:
    key = await uploaded(alice, b"file")
    first, copy = await make_file(world, alice, key), await make_file(world, bob, key)
    await release(world, await delete_for_good(world, first), 0)
    assert await scheduled(world) == 0
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) == b"file"
    await release(world, await delete_for_good(world, copy), 0)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) is None


async def test_what_is_named_again_before_it_is_due_stays(world: World, alice: Person, bob: Person) -> None:
    key = await uploaded(alice, b"file")
    await release(world, await delete_for_good(world, await make_file(world, alice, key)))
    await make_file(world, bob, key)
    world.clock.advance(GRACE)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) == b"file"
    assert await scheduled(world) == 0


async def test_a_deleted_key_is_never_usable_again(world: World, alice: Person) -> None:
    made = await sized_url(alice, b"abc")
    await put(alice, made["url"], b"abc")
    await release(world, await delete_for_good(world, await make_file(world, alice, made["objectKey"])), 0)
    await deletion.run_deletions(world.kernel)
    await put(alice, made["url"], b"abc", expect=409)
    assert await stored_bytes(world, made["objectKey"]) is None
    with pytest.raises(errors.BadRequest):
        await world.kernel.db.write("test.claim", service.claim, alice.user_id, made["objectKey"])


async def test_an_upload_that_meets_the_worker(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes arrive after the row was condemned and before they are removed: nobody may be told that they are there."""
    made = await free_url(alice)
    await send(alice, "PUT", made["url"], b"abc", expect=200)
    await release(world, await delete_for_good(world, await make_file(world, alice, made["objectKey"])), 0)
    delete = world.kernel.store.delete

    async def between(key: str) -> None:
        monkeypatch.setattr(world.kernel.store, "delete", delete)
        await send(alice, "PUT", made["url"], b"abc", expect=409)
        await delete(key)

    monkeypatch.setattr(world.kernel.store, "delete", between)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, made["objectKey"]) is None


async def test_a_failing_deletion_waits_by_itself(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, fine = await uploaded(alice, b"stuck"), await uploaded(alice, b"fine")
    world.clock.advance(8 * DAY)
    ids = [i for key in (stuck, fine) for i in await delete_for_good(world, await make_file(world, alice, key))]
    await release(world, ids, 0)
    delete = world.kernel.store.delete
    tries: list[int] = []

    async def fail(key: str) -> None:
        if key == stuck:
            tries.append(world.clock.now())
            raise Unavailable("away")
        await delete(key)

    with monkeypatch.context() as m:
        m.setattr(world.kernel.store, "delete", fail)
        await deletion.run_deletions(world.kernel)
        assert await row(world, fine) is None
        assert (await row(world, stuck) or ("",))[0] == "deleting"
        for _ in range(3 * 60):
            world.clock.advance(MINUTE)
            await deletion.run_deletions(world.kernel)
        assert [(b - a) // MINUTE for a, b in pairwise(tries)] == [1, 2, 4, 8, 16, 32, 64]
    world.clock.advance(DAY)
    await deletion.run_deletions(world.kernel)
    assert await row(world, stuck) is None
    assert await stored_bytes(world, stuck) is None


async def test_a_store_that_is_not_configured_any_more(world: World, alice: Person) -> None:
    key = await uploaded(alice, b"x")
    await world.kernel.db.write("test.store", lambda tx: tx.run("UPDATE objects SET store = 'gone'"))
    await release(world, await delete_for_good(world, await make_file(world, alice, key)), 0)
    await deletion.run_deletions(world.kernel)
    assert await scheduled(world) == 1


async def test_uploads_nobody_committed_go_after_two_weeks(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[int] = []

    async def sweep(older_than_us: int) -> int:
        swept.append(older_than_us)
        return 0

    monkeypatch.setattr(world.kernel.store, "sweep", sweep)
    lost, kept = await uploaded(alice, b"lost"), await uploaded(alice, b"kept")
    await make_file(world, alice, kept)
    world.clock.advance(14 * DAY)
    await deletion.sweep(world.kernel)
    assert await stored_bytes(world, lost) == b"lost"
    world.clock.advance(1)
    young = await uploaded(alice, b"young")
    await deletion.sweep(world.kernel)
    assert [await stored_bytes(world, key) for key in (lost, kept, young)] == [None, b"kept", b"young"]
    assert await row(world, lost) is None
    assert swept[-1] == world.clock.now() - 8 * DAY


async def test_a_replacement_that_was_killed_goes_too(world: World, alice: Person) -> None:
    key = await uploaded(alice, b"x")
    await world.kernel.db.write("test.kill", lambda tx: tx.run("UPDATE objects SET state = 'writing'"))
    world.clock.advance(14 * DAY + HOUR)
    await deletion.sweep(world.kernel)
    assert await row(world, key) is None
    assert await stored_bytes(world, key) is None


async def test_a_commit_during_the_sweep_wins(world: World, alice: Person) -> None:
    key = await uploaded(alice, b"x")
    world.clock.advance(14 * DAY + HOUR)

    def both(tx: Any) -> None:
        (claimed,) = service.claim(tx, alice.user_id, key)
        service.mark_stored(tx, [claimed.object_id])

    await world.kernel.db.write("test.commit", both)
    await deletion.sweep(world.kernel)
    assert await stored_bytes(world, key) == b"x"
