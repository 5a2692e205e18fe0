"""Storage that nobody counts: parts that are never completed, events of strangers."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.http.body import IncomingBody
from app.http.traffic import Flight, Traffic
from app.kernel import jobs
from app.kernel.clock import DAY
from app.kernel.config import Config, Quota, Storage
from app.maintenance.consistency import problems
from app.objects import bounds, deletion, multiparts
from app.objects.refusals import Refusal
from app.push import service as push
from tests.collections import scenes
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import md5, send, uploaded

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


async def committed(world: World, person: Person, album_id: int, size: int, expect: int = 200) -> int:
    """A photo of so many bytes with a small thumbnail; its id, 0 where it is refused."""
    body = {
        "collectionID": album_id,
        "encryptedKey": "a2V5",
        "keyDecryptionNonce": "bm9uY2U=",
        "file": {"objectKey": await uploaded(person, bytes(size)), "decryptionHeader": "fh", "size": size},
        "thumbnail": {"objectKey": await uploaded(person, b"t" * 10), "decryptionHeader": "th"},
        "metadata": {"encryptedData": "bQ==", "decryptionHeader": "mh"},
    }
    made = await person.post("/files", body, expect=expect)
    return int(made.json()["id"]) if expect == 200 else 0


async def for_good(person: Person, album_id: int, *file_ids: int) -> None:
    await person.post("/files/trash", {"items": [{"fileID": f, "collectionID": album_id} for f in file_ids]})
    await person.post("/trash/delete", {"fileIDs": file_ids})


async def test_deleting_and_filling_again_holds_no_more_than_the_bound(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice = await world.person("alice")
        album_id = await scenes.album(alice)
        files = []
        for _ in range(5):
            world.clock.advance(1)
            files.append(await committed(world, alice, album_id, 2 * MIB))
            await for_good(alice, album_id, files[-1])
            assert await held(world, alice) <= 3 * MIB, "the oldest went with the deletion that made them too many"
        assert await held(world, alice) > 2 * MIB, "the last is kept for its grace"
        assert await world.kernel.db.scan(problems) == {}


async def test_while_nothing_may_go_nothing_takes_its_place(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        album_id = await scenes.album(alice)
        now = world.clock.now()
        first, second = await committed(world, alice, album_id, 2 * MIB), 0
        await world.kernel.db.write("t", jobs.take_lease, jobs.HOLD, "a backup", now, now + DAY)
        await for_good(alice, album_id, first)
        second = await committed(world, alice, album_id, 2 * MIB)
        await for_good(alice, album_id, second)
        await alice.post("/files/upload-url", {"contentLength": 2 * MIB, "contentMD5": md5(bytes(2 * MIB))}, expect=426)
        await committed(world, bob, await scenes.album(bob), 2 * MIB)
        world.clock.advance(2 * DAY)
        await deletion.run_deletions(world.kernel)
        third = await committed(world, alice, album_id, 2 * MIB)
        assert third > second
        assert await world.kernel.db.scan(problems) == {}


async def test_uploads_that_push_each_other_out_wait_for_a_backup(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice = await world.person("alice")
        now = world.clock.now()
        await world.kernel.db.write("t", jobs.take_lease, jobs.HOLD, "a backup", now, now + DAY)
        urls = [u["url"] for u in (await alice.get("/files/upload-urls?count=8")).json()["urls"]]
        statuses = []
        for url in urls:
            world.clock.advance(1)
            statuses.append((await send(alice, "PUT", url, bytes(MIB))).status)
        assert statuses == [200] * 7 + [503]
        assert await held(world, alice) <= 7 * MIB, "what is uncommitted, what was pushed out, and one more"
        again = await send(alice, "PUT", urls[-2], bytes(MIB // 2))
        assert again.status == 503, "replacing does not get round it"
        world.clock.advance(2 * DAY)
        await deletion.run_deletions(world.kernel)
        assert await held(world, alice) <= 3 * MIB
        assert (await send(alice, "PUT", urls[-1], bytes(MIB))).status == 200


async def test_derived_data_is_not_replaced_without_end_during_a_backup(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice = await world.person("alice")
        (file_id,) = await scenes.photo(world, alice, await scenes.album(alice))
        now = world.clock.now()
        await world.kernel.db.write("t", jobs.take_lease, jobs.HOLD, "a backup", now, now + DAY)
        statuses = []
        for _ in range(12):
            world.clock.advance(1)
            body = {"fileID": file_id, "type": "mldata", "encryptedData": "A" * MIB, "decryptionHeader": "aGVhZA=="}
            statuses.append((await alice.put("/files/data", body, expect=None)).status)
        assert statuses[:4] == [200] * 4
        assert set(statuses[-3:]) == {503}
        assert await held(world, alice) < 8 * MIB
        world.clock.advance(2 * DAY)
        await deletion.run_deletions(world.kernel)
        assert await held(world, alice) < 2 * MIB


async def test_parts_of_all_uploads_together_are_bounded(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as world:
        alice = await world.person("alice")
        begun = [(await alice.get("/files/multipart-upload-urls?count=2")).json()["urls"]["partURLs"] for _ in range(5)]
        statuses = []
        for urls in begun:
            for url in urls:
                world.clock.advance(1)
                statuses.append((await send(alice, "PUT", url, bytes(MIB))).status)
        assert statuses == [200] * 10
        rows = await world.kernel.db.scan(lambda tx: tx.value("SELECT sum(bytes) FROM multiparts WHERE owner_id = :u", u=alice.user_id))
        assert rows <= 3 * MIB, "the uploads that were left alone longest gave way"


async def test_bodies_on_one_url_have_a_bound_while_they_come(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "UNASKED", 0)
    body = IncomingBody(None, {b"content-length": b"100"})  # type: ignore[arg-type]  # nobody reads it
    chunked = IncomingBody(None, {b"transfer-encoding": b"chunked"})  # type: ignore[arg-type]
    flight = Flight("10.0.0.1", 0.0)
    chunked.watched(Traffic(10), flight)
    with bounds.arriving(world.kernel, 7, body, 250), bounds.arriving(world.kernel, 7, body, 250):
        with pytest.raises(Refusal), bounds.arriving(world.kernel, 7, body, 250):
            pass
        with bounds.arriving(world.kernel, 8, body, 50):
            assert world.kernel.arriving == {7: 200, 8: 100}, "one always fits"
        with bounds.arriving(world.kernel, 7, chunked, 250):
            assert chunked.must_go_on is not None
            flight.got = 50
            chunked.must_go_on()
            flight.got = 51
            with pytest.raises(Refusal):
                chunked.must_go_on()
    assert world.kernel.arriving == {}


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
