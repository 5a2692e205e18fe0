"""Killed before and after every transaction and every change of a store: of copying, draining and cleaning nothing is lost or left behind."""

from __future__ import annotations

import pytest

from app.closing import purge
from app.db import Tx
from app.kernel.clock import DAY, MINUTE
from app.maintenance import fsck, gc
from app.objects import service as objects
from app.storage import entry
from tests.collections.scenes import album
from tests.inprocess import Person, World
from tests.killing import Points, at_every_point, mortal
from tests.objects.parcels import commit_bytes, delete_for_good, uploaded
from tests.storage_tiers.conftest import Opened, store, work


@pytest.fixture
def engine() -> str:
    """One will do: killed within a transaction, the engines' own tests say what is left."""
    return "sqlite"


class Scene:
    """A person with photos that must never be lost."""

    def __init__(self, world: World, alice: Person, mine: int) -> None:
        self.world, self.alice, self.mine = world, alice, mine
        self.want: dict[str, bytes] = {}

    async def photo(self, text: str) -> int:
        data, thumb = f"photo {text}".encode(), f"thumb {text}".encode()
        file_id = await commit_bytes(self.alice, self.mine, data, thumb)
        keys = await self.keys(file_id)
        self.want |= dict(zip(keys, (data, thumb), strict=True))
        return file_id

    async def keys(self, file_id: int) -> tuple[str, str]:
        """Of the photo and its thumbnail."""
        sql = (
            "SELECT o.object_key, t.object_key FROM files f JOIN objects o ON o.object_id = f.file_object_id "
            "JOIN objects t ON t.object_id = f.thumb_object_id WHERE f.file_id = :f"
        )
        key, thumb = await self.world.kernel.db.read(lambda tx: tx.one(sql, f=file_id)) or ("", "")
        return key, thumb

    async def everything(self) -> dict[str, dict[str, bytes]]:
        return {name: await held_of(self.world, name) for name in self.world.kernel.stores}

    async def nothing_is_lost(self) -> None:
        kept = await self.everything()
        for key, data in self.want.items():
            assert data in [there.get(key) for there in kept.values()], f"{key} is lost"

    async def whole(self) -> None:
        report = await fsck.check(self.world.kernel)
        assert report.ok, report.plain()

    async def settle(self) -> None:
        """Past every claim and wait of a killed process, with the jobs of the next one."""
        for _ in range(3):
            await work(self.world, 15)


async def scene(world: World) -> tuple[Scene, Points]:
    alice = await world.person("alice")
    made = Scene(world, alice, await album(alice))
    return made, Points()


async def test_copying(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        at, points = await scene(world)
        mortal(world.kernel, points)
        await at.photo("first")

        async def between(nth: int) -> None:
            await at.nothing_is_lost()
            await at.settle()
            assert await held_of(world, "nas") == at.want
            await at.whole()
            await at.photo(str(nth))

        seen = await at_every_point(points, lambda: work(world), between)
    assert {"before storage.claim", "before nas.put", "after nas.put", "before storage.stored", "after storage.stored"} <= seen


async def test_draining(opened: Opened) -> None:
    async with opened(store("one"), store("two")) as world:
        at, points = await scene(world)
        mortal(world.kernel, points)
        await at.photo("first")

        async def story() -> None:
            await entry.drain(world.kernel, "one")
            await work(world)
            await entry.retire(world.kernel, "one")

        async def between(nth: int) -> None:
            await at.nothing_is_lost()
            await entry.drain(world.kernel, "one")
            await at.settle()
            await entry.retire(world.kernel, "one")
            assert (await held_of(world, "one"), await held_of(world, "two")) == ({}, at.want)
            await at.whole()
            await entry.add(world.kernel, "one")
            await entry.drain(world.kernel, "two")
            await at.settle()
            assert await held_of(world, "two") == {}
            await entry.add(world.kernel, "two")

        seen = await at_every_point(points, story, between)
    assert {"after storage.say", "after two.put", "after storage.stored", "before one.delete", "after one.delete", "after storage.gone"} <= seen


async def test_cleaning(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        at, points = await scene(world)
        mortal(world.kernel, points)

        async def doomed(text: str) -> None:
            gone = await at.photo(f"doomed {text}")
            await at.settle()
            await at.photo(f"kept {text}")
            size = sum([len(at.want.pop(key)) for key in await at.keys(gone)])
            await world.kernel.db.write("test.release", objects.release, at.alice.user_id, await delete_for_good(world, gone), world.clock.now(), 0)
            await world.kernel.db.write("test.tell", _gone, gone, size)
            await uploaded(at.alice, b"nobody's " + text.encode())
            world.clock.advance(15 * DAY)
            await world.kernel.db.write("test.stay", lambda tx: tx.run("UPDATE sessions SET last_used_at = :now", now=world.clock.now()))

        async def story() -> None:
            await gc.clean(world.kernel, accounts=purge.purge)

        async def between(nth: int) -> None:
            await at.nothing_is_lost()
            for _ in range(2):
                world.clock.advance(MINUTE * 15)
                await gc.clean(world.kernel, accounts=purge.purge)
                await at.settle()
            assert (await held_of(world, "main"), await held_of(world, "nas")) == (at.want, at.want)
            await at.whole()
            await doomed(str(nth))

        await doomed("first")
        seen = await at_every_point(points, story, between)
    assert {"before objects.begin_delete", "after objects.begin_delete", "after main.delete", "after nas.delete", "after objects.end_delete"} <= seen


def _gone(tx: Tx, file_id: int, size: int) -> None:
    run = tx.run
    run("UPDATE collection_files SET is_deleted = TRUE WHERE file_id = :f", f=file_id)
    run("UPDATE usage SET files = files - 1, bytes = bytes - :size", size=size)


async def held_of(world: World, name: str) -> dict[str, bytes]:
    inner = world.kernel.stores[name].inner  # type: ignore[attr-defined]  # a `DyingStore`
    return {info.key: b"".join([c async for c in await inner.open(info.key)]) async for info in inner.list()}
