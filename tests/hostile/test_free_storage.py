"""Storage that nobody counts: parts that are never completed, events of strangers."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.kernel.clock import DAY
from app.kernel.config import Config, Quota, Storage
from app.objects import multiparts
from app.push import service as push
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import md5, send

MIB = 1 << 20


def config(folder: Path) -> Config:
    return Config(data_dir=folder, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), quota=Quota(default=2 * MIB, tolerance=MIB))


async def open_uploads(world: World, person: Person) -> int:
    return int(await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM multiparts WHERE owner_id = :u", u=person.user_id)))


async def test_parts_of_an_upload_without_promise_are_bounded_by_the_plan(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice = await world.person("alice")
        made = (await alice.get("/files/multipart-upload-urls?count=10")).json()["urls"]
        answers = [await send(alice, "PUT", url, bytes(MIB)) for url in made["partURLs"]]
        assert [a.status for a in answers] == [200] * 3 + [403] * 7
        assert b"QuotaExceeded" in answers[-1].content


async def test_uploads_that_are_begun_and_left_are_bounded(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        ask = {"contentLength": MIB, "partLength": MIB, "partMd5s": [md5(bytes(MIB))]}
        kept = (await bob.post("/files/multipart-upload-url", ask)).json()
        made = []
        for _ in range(5):
            world.clock.advance(1)
            made.append((await alice.post("/files/multipart-upload-url", ask)).json())
        assert await open_uploads(world, alice) == 3, "as many as fit into the plan; the oldest give way"
        put = [await send(alice, "PUT", m["partURLs"][0], bytes(MIB), Content_MD5=md5(bytes(MIB))) for m in (made[0], made[-1], kept)]
        assert [p.status for p in put] == [404, 200, 200]
        world.clock.advance(9 * DAY)
        await multiparts.sweep(world.kernel)
        assert await open_uploads(world, alice) == 0


async def test_there_are_only_so_many_uploads_at_once(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiparts, "AT_ONCE", 4)
    for _ in range(10):
        await alice.get("/files/multipart-upload-urls?count=1")
    assert await open_uploads(world, alice) == 4


async def test_events_of_strangers_have_a_total(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "MOST_OF_NOBODY", 5)
    monkeypatch.setattr(push, "TRIMMED", 1)
    for _ in range(12):
        world.clock.advance(1)
        event = {"id": str(uuid.uuid4()), "event": "install", "app": "photos", "platform": "ios", "data": {"a": "b"}}
        await world.anon().post("/events", event)
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM events")) == 5
