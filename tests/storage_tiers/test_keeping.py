"""Checking and saving what lies in several stores: nothing that is left goes, and what one has lost another gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.kernel.clock import MINUTE
from app.kernel.jobs import HOLD, take_lease
from app.maintenance import backup, fsck
from app.storage import entry
from tests.inprocess import World
from tests.storage_tiers.conftest import Opened, held, homes, rot, store, switch, work
from tests.storage_tiers.photographed import DATA, photo


async def of_bytes(world: World) -> dict[str, list[list[object]]]:
    """What fsck says of bytes; these files are in no album."""
    return {p.check: p.rows for p in (await fsck.check(world.kernel)).problems if p.check in (fsck.MISSING, fsck.LOST, fsck.STRAYS)}


async def test_fsck_asks_every_store(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, _ = await photo(world, alice)
        gone, _ = await photo(world, alice, b"lost everywhere")
        await work(world)
        assert await of_bytes(world) == {}
        await switch(world, "main").inner.delete(key)
        for name in ("main", "nas"):
            await switch(world, name).inner.delete(gone)
        assert await of_bytes(world) == {
            fsck.MISSING: [[gone, "main", "stored", len(b"lost everywhere"), None]],
            fsck.LOST: [[key, "main", len(DATA), None, "nas"]],
        }
        switch(world, "nas").away = True  # whether it is lost nobody can say
        assert (await of_bytes(world), list((await fsck.check(world.kernel)).unread)) == ({}, ["nas"])
        switch(world, "nas").away = False
        mended = {p.check: (p.count, p.left) for p in (await fsck.check(world.kernel, mend=True)).problems}
        assert (mended[fsck.MISSING], mended[fsck.LOST]) == ((1, 1), (1, 0))
        assert list(await of_bytes(world)) == [fsck.MISSING]
        await work(world)
        assert (await held(world, "main"))[key] == DATA


async def test_fsck_finds_copies_that_a_store_has_lost(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, _ = await photo(world, alice)
        await work(world)
        await switch(world, "nas").inner.delete(key)
        assert await of_bytes(world) == {fsck.LOST: [[key, "nas", len(DATA), None, "main"]]}
        await fsck.check(world.kernel, mend=True)
        await work(world)
        assert await held(world, "nas") == {key: DATA}


async def test_nothing_is_removed_while_a_backup_runs(opened: Opened) -> None:
    async with opened(store("old"), store("new")) as world:
        alice = await world.person("alice")
        key, _ = await photo(world, alice)
        await entry.drain(world.kernel, "old")
        now = world.clock.now()
        assert await world.kernel.db.write("test.hold", take_lease, HOLD, "backup", now, now + 5 * MINUTE)
        for _ in range(3):
            await work(world)
        assert await homes(world) == {key: "new"}
        assert await held(world, "old") == await held(world, "new") == {key: DATA}
        await work(world, 10)
        assert await held(world, "old") == {}


@pytest.mark.parametrize("known", [True, False])
async def test_a_copy_goes_only_when_its_home_was_read(opened: Opened, known: bool) -> None:
    async with opened(store("main"), store("old", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, _ = await photo(world, alice)
        await work(world)
        await world.kernel.db.write("test.leave", lambda tx: tx.run("UPDATE object_copies SET state = 'deleting', retry_at = 0 WHERE store = 'old'"))
        if not known:
            forget = "UPDATE object_copies SET digest = NULL, verified_at = NULL"
            await world.kernel.db.write("test.forget", lambda tx: tx.run(forget) + tx.run("UPDATE objects SET md5 = NULL"))
        await rot(world, "main", key)
        await work(world)
        if known:  # the home is mended from what was to go
            await work(world, 10)
            assert (await held(world, "main"))[key] == DATA
        else:
            assert await held(world, "old") == {key: DATA}
            problem = await world.kernel.db.read(lambda tx: tx.value("SELECT problem FROM object_copies WHERE store = 'old'"))
            assert "differs" in problem


async def test_a_backup_takes_what_a_store_has_lost_from_another(opened: Opened, tmp_path: Path) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        lost, _ = await photo(world, alice)
        rotten, _ = await photo(world, alice, b"rotten at home")
        await work(world)
        await switch(world, "main").inner.delete(lost)
        await rot(world, "main", rotten)
        report = await backup.take(world.kernel, tmp_path / "backups", secrets=False)
        assert (report.missing, report.damaged, report.objects) == ([], [], 2)
