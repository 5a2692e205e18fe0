"""Worlds with several stores, and what one may look at in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.db import Tx
from app.kernel.clock import MINUTE, ManualClock
from app.kernel.config import Config, Storage, Tiers
from app.storage import copying, sweeps
from storage_backends import ObjectStore, Unavailable
from storage_backends.faulty import Fault, FaultyStore
from tests.inprocess import World, open_world

Opened = Callable[..., AbstractAsyncContextManager[World]]


def store(name: str, role: str = "primary", **more: Any) -> Storage:
    return Storage(name=name, kind="memory", role=role, **more)  # type: ignore[arg-type]  # a test's word


@pytest.fixture
def opened(engine: str, tmp_path: Path) -> Opened:
    """`opened(store("a"), store("b", "copy"), copies=2)`: a world with these stores, each of them a `FaultyStore` that works."""

    @asynccontextmanager
    async def make(*stores: Storage, **tiers: Any) -> AsyncIterator[World]:
        config = Config(data_dir=tmp_path, public_url="http://darkroom.test", storage=stores, tiers=Tiers(rate=0, **tiers))
        async with open_world(engine, tmp_path, config=config) as world:
            for name, inner in list(world.kernel.stores.items()):
                world.kernel.stores[name] = Switch(inner, world.clock)
            yield world

    return make


class Switch(FaultyStore):
    """A store that can be taken away and put back. `plan` of a test comes on top."""

    def __init__(self, inner: ObjectStore, clock: ManualClock) -> None:
        super().__init__(inner, lambda method, nth: Fault(before=Unavailable(f"{inner.name} is away")) if self.away else self.more(method, nth))
        self.away = False
        inner._now_us = clock.now  # type: ignore[attr-defined]  # a memory store
        self.more: Callable[[str, int], Fault | None] = lambda method, nth: None


def switch(world: World, name: str) -> Switch:
    found = world.kernel.stores[name]
    assert isinstance(found, Switch)
    return found


async def work(world: World, minutes: int = 1) -> None:
    """Let time pass, then plan and copy until nothing is due."""
    world.clock.advance(minutes * MINUTE)
    for _ in range(20):
        await sweeps.run_plan(world.kernel)
        if not await copying.run(world.kernel):
            return


async def held(world: World, name: str) -> dict[str, bytes]:
    """Everything that lies in a store, whether it can be reached or not."""
    inner = switch(world, name).inner
    return {info.key: b"".join([c async for c in await inner.open(info.key)]) async for info in inner.list()}


async def copies(world: World) -> list[tuple[str, str, str, str]]:
    """(key, home, store, state) of every row."""

    def look(tx: Tx) -> list[tuple[str, str, str, str]]:
        rows = tx.all(
            "SELECT o.object_key, o.store, c.store, c.state FROM object_copies c JOIN objects o ON o.object_id = c.object_id "
            "ORDER BY o.object_id, c.store"
        )
        return [(a, b, c, d) for a, b, c, d in rows]

    return await world.kernel.db.read(look)


async def homes(world: World) -> dict[str, str]:
    return dict(await world.kernel.db.read(lambda tx: tx.all("SELECT object_key, store FROM objects WHERE state <> 'deleting'")))


async def rot(world: World, name: str, key: str) -> None:
    """Other bytes of the same length in the place of an object, with the validator of the old ones: what a tired disk does."""
    inner: Any = switch(world, name).inner
    old = inner._objects[key]
    inner._objects[key] = type(old)(bytes(b ^ 1 for b in old.data), old.etag, old.modified_us)
