"""Where new objects go, where they are read from, how they are copied, with stores that fail."""

from __future__ import annotations

import pytest

from app.kernel.clock import DAY, HOUR, MINUTE
from app.objects import service as objects
from app.storage import copying, entry, sweeps, watch
from storage_backends import NoSpace
from storage_backends.faulty import Fault
from tests.files import photos
from tests.inprocess import Person, World
from tests.objects.parcels import make_file, put, sized_url, uploaded
from tests.storage_tiers.conftest import Opened, copies, held, homes, store, switch, work
from tests.storage_tiers.photographed import DATA, photo, read


async def test_it_works(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, file = await photo(world, alice)
        assert await held(world, "nas") == {} and await copies(world) == []
        await work(world)
        assert await held(world, "nas") == {key: DATA}
        assert await copies(world) == [(key, "main", "nas", "stored")]
        switch(world, "main").away = True
        assert await read(world, alice, file) == DATA
        info = (await alice.get("/storage/replication-info")).json()
        assert (info["copies"], info["objects"], info["waiting"]) == (2, 1, 0)


async def test_one_store_writes_no_rows(world: World, alice: Person) -> None:
    await photos.commit(world, alice, await photos.album(alice))
    world.clock.advance(DAY)
    await sweeps.run_plan(world.kernel)
    assert await copies_of(world) == 0
    assert await copying.run(world.kernel) == 0


async def copies_of(world: World) -> int:
    return int(await world.kernel.db.read(lambda tx: tx.value("SELECT COUNT(*) FROM object_copies")))


# --- new objects
async def test_by_size(opened: Opened) -> None:
    async with opened(store("small", max_object=8), store("large", min_object=9)) as world:
        alice = await world.person("alice")
        little, big = await uploaded(alice, b"thumb"), await uploaded(alice, b"a photo's own bytes")
        assert await homes(world) == {little: "small", big: "large"}
        assert await objects.read_bytes(world.kernel, big, "large") == b"a photo's own bytes"


async def test_a_full_primary_is_passed_over(opened: Opened) -> None:
    async with opened(store("main"), store("spare")) as world:
        alice = await world.person("alice")
        switch(world, "main").more = lambda method, nth: Fault(before=NoSpace("the disk is full")) if method == "put" else None
        ask = await sized_url(alice, DATA)
        await put(alice, ask["url"], DATA, expect=507)
        await put(alice, ask["url"], DATA)  # as every client does
        assert await homes(world) == {ask["objectKey"]: "spare"}
        key = await objects.store_bytes(world.kernel, alice.user_id, b"{}")
        assert (await homes(world))[key] == "spare"
        switch(world, "main").more = lambda method, nth: None
        world.clock.advance(2 * MINUTE)
        fresh = await uploaded(alice, b"later")
        assert (await homes(world))[fresh] == "main"


async def test_a_primary_that_is_down_is_passed_over_and_comes_back(opened: Opened) -> None:
    async with opened(store("main"), store("spare")) as world:
        alice = await world.person("alice")
        switch(world, "main").away = True
        key = await objects.store_bytes(world.kernel, alice.user_id, DATA)
        assert (await homes(world))[key] == "spare"
        assert (await alice.get("/readyz")).json() == {"status": "degraded"}
        shown = {s["name"]: s["health"] for s in (await entry.status(world.kernel))["stores"]}
        assert shown == {"main": "down", "spare": "ok"}
        first = await uploaded(alice, b"1")
        assert (await homes(world))[first] == "spare"
        made = (await alice.get("/files/multipart-upload-urls?count=1")).json()["urls"]
        assert "&st=spare" in made["partURLs"][0] and "&st=spare" in made["completeURL"]
        switch(world, "main").away = False
        world.clock.advance(10 * MINUTE)
        await watch.watch(world.kernel)
        assert (await alice.get("/readyz")).json() == {"status": "ok"}
        second = await uploaded(alice, b"2")
        assert (await homes(world))[second] == "main"
        etag = (await put(alice, made["partURLs"][0], b"part")).headers["etag"]
        done = await alice.post("/files/multipart-complete", {"completeURL": made["completeURL"], "parts": [{"partNumber": 1, "eTag": etag}]})
        assert (await homes(world))[done.json()["objectKey"]] == "spare"


async def test_a_key_that_was_put_before_goes_where_it_lies(opened: Opened) -> None:
    async with opened(store("main"), store("spare")) as world:
        alice = await world.person("alice")
        ask = await sized_url(alice, DATA)
        await put(alice, ask["url"], DATA)
        world.kernel.tiers.all["main"].full_until = world.clock.now() + HOUR
        await put(alice, ask["url"], DATA)
        assert await held(world, "spare") == {}


async def test_quota_and_room_of_a_store(opened: Opened) -> None:
    async with opened(store("main", quota=20, min_free=0), store("spare")) as world:
        alice = await world.person("alice")
        await watch.watch(world.kernel)
        first, second = await uploaded(alice, b"x" * 15), await uploaded(alice, b"y" * 15)
        assert await homes(world) == {first: "main", second: "spare"}
        world.kernel.tiers.all["spare"].free = 0
        assert (await entry.status(world.kernel))["stores"][0]["quota"] == 20


# --- reading
async def test_what_a_store_has_lost_is_served_from_a_copy_and_mended(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, file = await photo(world, alice)
        await work(world)
        await switch(world, "main").inner.delete(key)
        assert await read(world, alice, file) == DATA
        assert "lost" in caplog.text
        assert (key, "main", "main", "pending") in await copies(world)
        await work(world)
        assert await held(world, "main") == {key: DATA}
        assert await objects.read_bytes(world.kernel, key, "main") == DATA


async def test_nobody_has_it(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, file = await photo(world, alice)
        await switch(world, "main").inner.delete(key)
        assert await read(world, alice, file) == 404
        switch(world, "main").away = True
        assert await read(world, alice, file) == 503


# --- copying
async def test_copies_wait_for_a_store_and_for_nothing_else(opened: Opened) -> None:
    async with opened(store("main"), store("one", "copy"), store("two", "copy"), copies=3) as world:
        alice = await world.person("alice")
        key, _ = await photo(world, alice)
        switch(world, "one").away = True
        await work(world)
        assert await held(world, "one") == {} and await held(world, "two") == {key: DATA}
        switch(world, "one").away = False
        await work(world, 10)
        assert await held(world, "one") == {key: DATA}


async def test_uncommitted_objects_are_copied_once_they_are(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key = await uploaded(alice, DATA)
        await work(world, 2)
        assert await held(world, "nas") == {}
        await make_file(world, alice, key)
        await work(world, 30)
        assert await held(world, "nas") == {key: DATA}


@pytest.mark.parametrize("step", ["before put", "after put", "before publishing the row"])
async def test_a_copy_job_that_is_killed_is_taken_up_again(opened: Opened, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, _ = await photo(world, alice)

        class Killed(BaseException):
            pass

        def die(*_: object, **__: object) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            if step == "before publishing the row":
                patch.setattr(copying, "_stored", die)
            else:
                inner = switch(world, "nas").inner
                put_there = inner.put

                async def killed(*args: object, **kw: object) -> None:
                    if step == "after put":
                        await put_there(*args, **kw)  # type: ignore[arg-type]  # passed on
                    raise Killed

                patch.setattr(inner, "put", killed)
            with pytest.raises((Killed, BaseExceptionGroup)):
                await work(world)
        await work(world)  # somebody else's claim still holds
        assert (await copies(world))[0][3] == "pending"
        await work(world, 10)
        assert await held(world, "nas") == {key: DATA}
        assert await copies(world) == [(key, "main", "nas", "stored")]


async def test_what_cannot_be_copied_ends_in_a_list(opened: Opened) -> None:
    async with opened(store("main"), store("nas", "copy"), copies=2) as world:
        alice = await world.person("alice")
        key, _ = await photo(world, alice)
        fine, _ = await photo(world, alice, b"another")
        await switch(world, "main").inner.delete(key)
        for _ in range(copying.TRIES):
            await work(world, 24 * 60)
        shown = await entry.status(world.kernel)
        assert {(d["key"], d["store"]) for d in shown["dead"]} == {(key, "main"), (key, "nas")}
        assert await held(world, "nas") == {fine: b"another"}
        await switch(world, "main").inner.put(key, _once(DATA), length=None, md5=None)  # an operator finds it
        for name in ("main", "nas"):
            await entry.resync(world.kernel, name)
        await entry.work(world.kernel)
        await work(world, 30)
        assert (await entry.status(world.kernel))["dead"] == []
        assert (await held(world, "nas"))[key] == DATA


async def _once(data: bytes):  # type: ignore[no-untyped-def]  # a body
    yield data
