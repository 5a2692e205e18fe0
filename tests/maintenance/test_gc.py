"""`darkroom gc`: what goes, why, and what stays although it was on the list."""

from __future__ import annotations

import pytest

from app.closing import purge
from app.closing.deletion import close
from app.db import Tx
from app.kernel.clock import DAY, MINUTE
from app.kernel.jobs import HOLD, take_lease
from app.maintenance import gc
from app.objects import deletion
from tests.collections.scenes import album
from tests.inprocess import Person, World
from tests.objects.parcels import commit_bytes, delete_for_good, let_go, make_file, row, stored_bytes, uploaded


async def clean(world: World, *, dry_run: bool = False) -> gc.Report:
    return await gc.clean(world.kernel, accounts=purge.purge, dry_run=dry_run)


def reasons(report: gc.Report) -> dict[str, str]:
    return {key: reason for key, _, _, reason in report.objects}


def test_it_knows_when_accounts_go() -> None:
    assert gc.PURGED_AFTER == purge.KEPT


async def test_it_works(world: World, alice: Person) -> None:
    assert (await clean(world)).plain() == {"dry_run": False, "count": 0, "bytes": 0, "reasons": {}, "objects": [], "kept": []}
    old = await uploaded(alice, b"old")
    key, thumb = await uploaded(alice, b"file"), await uploaded(alice, b"thumb")
    file_id = await make_file(world, alice, key, thumb)
    await let_go(world, await delete_for_good(world, file_id), 7 * DAY)
    world.clock.advance(15 * DAY)
    young = await uploaded(alice, b"young")
    planned = await clean(world, dry_run=True)
    assert reasons(planned) == {old: gc.ABANDONED, key: gc.UNREFERENCED, thumb: gc.UNREFERENCED}
    assert (planned.count, planned.bytes) == (3, 12)
    assert await stored_bytes(world, old) == b"old"
    done = await clean(world)
    assert (reasons(done), done.kept) == (reasons(planned), [])
    assert [await stored_bytes(world, k) for k in (old, key, thumb, young)] == [None, None, None, b"young"]
    assert (await clean(world)).count == 0


async def test_what_gets_a_name_meanwhile_stays(world: World, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await uploaded(alice, b"file")
    file_id = await make_file(world, alice, key)
    await let_go(world, await delete_for_good(world, file_id), 0)

    async def copied(_: object) -> None:
        await make_file(world, bob, key)

    report = await gc.clean(world.kernel, accounts=copied)
    assert (report.count, report.kept) == (1, [key])
    assert await stored_bytes(world, key) == b"file"
    assert (await clean(world)).count == 0  # its deletion was called off


async def test_a_deleted_account_is_named_and_goes_after_the_grace(world: World, alice: Person, bob: Person) -> None:
    mine = await album(alice)
    await commit_bytes(alice, mine, b"photo", b"thumb")
    await commit_bytes(bob, await album(bob), b"bobs", b"tmb")
    await world.kernel.db.write("test.close", close, world.kernel, alice.user_id, "{}", world.clock.now())
    assert (await clean(world, dry_run=True)).count == 0
    world.clock.advance(9 * DAY)
    planned = await clean(world, dry_run=True)
    assert planned.reasons == {gc.CLOSED: (2, 10)}
    assert (await clean(world)).reasons == {gc.CLOSED: (2, 10)}
    world.clock.advance(8 * DAY)
    assert (await clean(world)).reasons == {gc.DELETED: (2, 10)}
    left = await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM objects WHERE state = 'stored'"))
    assert left == 2


async def test_unfinished_parts_are_named(world: World, alice: Person) -> None:
    def go(tx: Tx) -> None:
        now = world.clock.now()
        tx.run(
            "INSERT INTO multiparts (upload_id, object_key, owner_id, store, bytes, created_at, touched_at) "
            "VALUES ('u', 'k', :owner, 'main', 9, :now, :now)",
            owner=alice.user_id,
            now=now,
        )

    await world.kernel.db.write("test.parts", go)
    world.clock.advance(9 * DAY)
    assert (await clean(world, dry_run=True)).objects == [("k", "main", 9, gc.PARTS)]


async def test_nothing_goes_while_a_backup_runs(world: World, alice: Person) -> None:
    key = await uploaded(alice, b"old")
    world.clock.advance(15 * DAY)
    now = world.clock.now()
    assert await world.kernel.db.write("test.hold", take_lease, HOLD, "backup", now, now + MINUTE)
    with pytest.raises(gc.Held):
        await clean(world)
    await deletion.sweep(world.kernel)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) == b"old"
    world.clock.advance(2 * MINUTE)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) is None
    assert await row(world, key) is None
