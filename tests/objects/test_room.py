"""The room that objects leave on their disk."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from app.objects import room
from tests.inprocess import open_world
from tests.objects.parcels import hex_md5, md5, put, send, sized_url, uploaded

Disk = namedtuple("Disk", "total used free")


async def test_a_nearly_full_disk_takes_no_objects_and_lets_everything_else_go_on(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_world(engine, tmp_path, store="filesystem") as world:
        alice = await world.person("alice")
        await uploaded(alice, b"before")
        made = await sized_url(alice, b"abc")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(100 << 30, 0, (1 << 30) - 1))  # below one percent
        world.clock.advance(room.FRESH)
        refused = await put(alice, made["url"], b"abc", expect=507)
        assert b"StorageFull" in refused.content
        assert refused.headers["access-control-allow-origin"] == "*"
        await alice.get("/users/details/v2")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10 << 30, 0, room.LEAST + 4))
        world.clock.advance(room.FRESH)
        done = await send(alice, "PUT", made["url"], b"abc", expect=200, Content_MD5=md5(b"abc"))
        assert done.headers["etag"] == f'"{hex_md5(b"abc")}"'
