"""S3 stores that clients reach themselves beside a folder of ours: where a photo goes, where a download is sent, and moving between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.kernel.clock import SystemClock
from app.kernel.config import Config, Storage, Tiers
from app.maintenance import fsck
from app.storage import entry
from storage_backends import S3Store
from tests import buckets
from tests.buckets import moto_url
from tests.collections.scenes import album
from tests.inprocess import World, open_world
from tests.objects.test_s3 import FILE, THUMB, body, go, uploaded
from tests.storage_tiers.conftest import work

__all__ = ["moto_url"]


@pytest.fixture
def engine() -> str:
    """One will do for what happens in stores."""
    return "sqlite"


@pytest.fixture
async def world(engine: str, tmp_path: Path, moto_url: str) -> AsyncIterator[World]:
    """Two buckets that clients reach, and a folder; two copies of everything. The clock is right: signed addresses are good for a while."""
    stores = (
        Storage(name="near", kind="memory", max_object=1000),
        Storage(name="far", kind="memory"),
        Storage(name="disk", kind="filesystem"),
    )
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", storage=stores, tiers=Tiers(rate=0, copies=2))
    async with open_world(engine, tmp_path, config=config) as made:
        made.clock.advance(SystemClock().now() - made.clock.now())
        for name in ("near", "far"):
            made.kernel.stores[name] = S3Store(replace(buckets.on_moto(moto_url, tmp_path / "spool"), name=name))
        yield made
        for name in ("near", "far"):  # moto waits a minute for connections that stay open
            await made.kernel.stores[name].close()


async def inside(world: World) -> dict[str, dict[str, int]]:
    return {name: {info.key: info.size async for info in store.list()} for name, store in world.kernel.stores.items()}


async def test_it_works(world: World) -> None:
    alice = await world.person("alice")
    key, thumb = await uploaded(alice, FILE), await uploaded(alice, THUMB)
    made = (await alice.post("/files", body(await album(alice), key, len(FILE), thumb))).json()
    assert await inside(world) == {"near": {thumb: len(THUMB)}, "far": {key: len(FILE)}, "disk": {}}
    places = {}
    for kind, data, name in (("download", FILE, "far"), ("preview", THUMB, "near")):
        places[kind] = (await alice.get(f"/files/{kind}/{made['id']}", expect=307)).headers["location"]
        store = world.kernel.stores[name]
        assert isinstance(store, S3Store)
        assert f"/{store._bucket}/" in places[kind]
        assert (await go(alice, "GET", places[kind])).content == data
    await work(world)
    kept = await inside(world)
    assert sorted(size for there in kept.values() for size in there.values()) == sorted([len(FILE), len(THUMB)] * 2)
    await entry.drain(world.kernel, "far")
    for _ in range(3):
        await work(world, 3 * 24 * 60)  # addresses of it are out: it keeps what has moved on for two days
    assert (await inside(world))["far"] == {}
    assert (await fsck.check(world.kernel)).ok
    place = (await alice.get(f"/files/download/{made['id']}", expect=307)).headers["location"]
    assert place.startswith("http://darkroom.test/")
    assert (await go(alice, "GET", place)).content == FILE
