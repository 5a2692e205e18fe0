"""Storage that nobody counts: parts that are never completed, events of strangers."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.kernel.clock import DAY
from app.kernel.config import Config, Quota, Storage
from app.maintenance.consistency import problems
from app.objects import deletion, multiparts
from app.push import service as push
from tests.collections import scenes
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


async def held(world: World, person: Person) -> int:
    """Bytes in the store under a person's keys, whatever the database says."""
    return sum([o.size async for o in world.kernel.store.list() if o.key.startswith(f"{person.user_id}/")])


async def test_an_object_without_promise_is_no_larger_than_the_plan(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice = await world.person("alice")
        urls = [u["url"] for u in (await alice.get("/files/upload-urls?count=6")).json()["urls"]]
        too_large = await send(alice, "PUT", urls[0], bytes(4 * MIB))
        assert (too_large.status, b"QuotaExceeded" in too_large.content) == (403, True)
        for url in urls[1:]:
            world.clock.advance(1)
            assert (await send(alice, "PUT", url, bytes(2 * MIB))).status == 200
        await deletion.run_deletions(world.kernel)
        assert await held(world, alice) <= 3 * MIB


async def test_data_of_files_and_its_old_versions_are_bounded(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice = await world.person("alice")
        album_id = await scenes.album(alice)
        files = await scenes.photo(world, alice, album_id, 5)

        async def put(file_id: int, size: int, expect: int) -> None:
            world.clock.advance(1)
            body = {"fileID": file_id, "type": "mldata", "encryptedData": "A" * size, "decryptionHeader": "aGVhZA=="}
            await alice.put("/files/data", body, expect=expect)

        for _ in range(8):
            await put(files[0], MIB, 200)
        assert await held(world, alice) < 2 * MIB, "a version that was replaced is gone with its replacement"
        await put(files[1], MIB, 200)
        await put(files[2], MIB, 426)
        await put(files[0], 1000, 200)
        await put(files[2], MIB // 2, 200)
        assert await held(world, alice) <= 3 * MIB
        found = (await alice.post("/files/data/fetch", {"type": "mldata", "fileIDs": files[:3]})).json()
        assert [len(d["encryptedData"]) for d in found["data"]] == [1000, MIB, MIB // 2]
        assert await world.kernel.db.scan(lambda tx: {k: v for k, v in problems(tx).items() if "objects" in k or "data" in k}) == {}
