"""What the operator asks of stores, and how copies are moved, mended and removed."""

from __future__ import annotations

import pytest

from app.kernel.clock import DAY, MINUTE
from app.kernel.pace import Pace
from app.objects import deletion
from app.storage import copying, entry, sweeps
from tests.objects.parcels import delete_for_good, let_go, make_file, uploaded
from tests.storage_tiers.conftest import Opened, copies, held, homes, rot, store, switch, work
from tests.storage_tiers.photographed import DATA, photo, read


async def test_drain_and_retire(opened: Opened) -> None:
    async with opened(store("old"), store("new"), copies=1) as world:
        alice = await world.person("alice")
        made = [await photo(world, alice, bytes([n]) * 9) for n in range(5)]
        waiting = await uploaded(alice, b"not yet a photo")
        with pytest.raises(Exception, match="drain old"):
            await entry.retire(world.kernel, "old")
        await entry.drain(world.kernel, "old")
        fresh = await uploaded(alice, b"new one")
        assert (await homes(world))[fresh] == "new"
        await work(world, 2)
        assert await held(world, "old") == {waiting: b"not yet a photo"}
        assert {k: v for k, v in (await homes(world)).items() if v == "old"} == {waiting: "old"}
        for n, (_, file) in enumerate(made):
            assert await read(world, alice, file) == bytes([n]) * 9
        await make_file(world, alice, waiting)
        await work(world, 30)
        assert await held(world, "old") == {}
        await entry.retire(world.kernel, "old")
        assert (await entry.status(world.kernel))["stores"][0]["state"] == "retired"
        with pytest.raises(Exception, match="nowhere"):
            await entry.drain(world.kernel, "new")


async def test_a_drained_copy_store_gives_its_copies_away_first(opened: Opened) -> None:
    async with opened(store("main"), store("one", "copy"), store("two", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, _ = await photo(world, alice)
        await work(world)
        assert await held(world, "one") == {key: DATA} and await held(world, "two") == {}
        switch(world, "two").away = True
        await entry.drain(world.kernel, "one")
        await work(world)
        assert await held(world, "one") == {key: DATA}
        switch(world, "two").away = False
        await work(world, 30)
        assert await held(world, "one") == {} and await held(world, "two") == {key: DATA}


async def test_move_is_resumed_where_it_was(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "BATCH", 2)
    async with opened(store("old"), store("new")) as world:
        alice = await world.person("alice")
        keys = [(await photo(world, alice, bytes([n]) * 9))[0] for n in range(5)]
        await entry.move(world.kernel, "old", "new")
        assert await sweeps.step(world.kernel, "move old new", Pace(0))
        await work(world)
        assert sorted(await held(world, "new")) == sorted(keys[:2])
        await entry.work(world.kernel)
        await work(world)
        assert sorted(await held(world, "new")) == sorted(keys) and await held(world, "old") == {}
        sweep = next(s for s in (await entry.status(world.kernel))["sweeps"] if s["name"] == "move old new")
        assert (sweep["done"], sweep["objects"]) == (True, 5)


async def test_resync_finds_what_a_store_lost(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        keys = [(await photo(world, alice, bytes([n]) * 9))[0] for n in range(3)]
        await work(world)
        for key in keys[:2]:
            await switch(world, "nas").inner.delete(key)
        await entry.resync(world.kernel, "nas")
        await entry.work(world.kernel)
        await work(world)
        assert sorted(await held(world, "nas")) == sorted(keys)


async def test_the_scrub_finds_rot_and_mends_it(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        one, _ = await photo(world, alice, b"one")
        two, _ = await photo(world, alice, b"two")
        await work(world)
        await rot(world, "main", one)
        await rot(world, "nas", two)
        await sweeps.run_passes(world.kernel)
        world.clock.advance(90 * DAY)
        await sweeps.run_passes(world.kernel)
        await work(world)
        good = {one: b"one", two: b"two"}
        assert await held(world, "main") == good and await held(world, "nas") == good
        sweep = next(s for s in (await entry.status(world.kernel))["sweeps"] if s["name"] == "scrub")
        assert sweep["problems"] == 2 and sweep["done"]


async def test_the_scrub_is_spread_over_its_period(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "BATCH", 5)
    async with opened(store("main"), scrub_days=10) as world:
        alice = await world.person("alice")
        for n in range(10):
            await photo(world, alice, bytes([n]))
        await sweeps.run_passes(world.kernel)
        first = (await entry.status(world.kernel))["sweeps"][0]["objects"]
        world.clock.advance(5 * DAY)
        await sweeps.run_passes(world.kernel)
        second = (await entry.status(world.kernel))["sweeps"][0]["objects"]
        assert first < second < 10


async def test_rot_without_a_copy_is_reported(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(store("main")) as world:
        alice = await world.person("alice")
        key, file = await photo(world, alice)
        await rot(world, "main", key)
        await entry.verify(world.kernel, "main")
        await entry.work(world.kernel)
        assert f"{key} in store main: other bytes than were uploaded" in caplog.text
        assert (await entry.status(world.kernel))["stores"][0]["waiting"] == 1
        assert isinstance(await read(world, alice, file), bytes)


async def test_originals_go_to_the_archive_and_thumbnails_stay(opened: Opened) -> None:
    async with opened(store("main"), store("cold", "archive"), archive_after_days=30) as world:
        alice = await world.person("alice")
        original, thumb = await uploaded(alice, b"original"), await uploaded(alice, b"thumb")
        file = await make_file(world, alice, original, thumb)
        await work(world)
        assert await held(world, "cold") == {}
        await work(world, 31 * 24 * 60)
        await work(world, 24 * 60)
        assert await held(world, "cold") == {original: b"original"} and await held(world, "main") == {thumb: b"thumb"}
        assert await read(world, alice, file) == b"original"


async def test_deleted_objects_go_everywhere(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        _, file = await photo(world, alice)
        await work(world)
        ids = await delete_for_good(world, file)
        await let_go(world, ids, 0)
        switch(world, "nas").away = True
        await deletion.run_deletions(world.kernel)
        assert await held(world, "main") == {} and len(await held(world, "nas")) == 1
        switch(world, "nas").away = False
        world.clock.advance(10 * DAY)
        await deletion.run_deletions(world.kernel)
        await deletion.run_deletions(world.kernel)
        assert await held(world, "nas") == {} and await copies(world) == [] and await homes(world) == {}


async def test_an_object_that_is_being_copied_is_deleted_afterwards(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        _, file = await photo(world, alice)
        world.clock.advance(MINUTE)
        await sweeps.run_plan(world.kernel)
        claimed = await world.kernel.db.write("test.claim", copying._claim, world.kernel)
        assert claimed is not None
        ids = await delete_for_good(world, file)
        await let_go(world, ids, 0)
        await deletion.run_deletions(world.kernel)
        assert len(await held(world, "main")) == 1
        world.clock.advance(10 * DAY)
        await deletion.run_deletions(world.kernel)
        await deletion.run_deletions(world.kernel)
        assert await held(world, "main") == {} and await copies(world) == []
