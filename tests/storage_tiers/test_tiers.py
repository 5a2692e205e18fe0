"""Where new objects go, where they are read from, how they are copied, moved, mended and removed, with stores that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.kernel.clock import DAY, HOUR, MINUTE
from app.kernel.jobs import HOLD, take_lease
from app.maintenance import backup, fsck
from app.objects import deletion
from app.objects import service as objects
from app.storage import copying, entry, sweeps, watch
from app.storage.pace import Pace
from storage_backends import NoSpace
from storage_backends.faulty import Fault
from tests.files import photos
from tests.inprocess import Person, World
from tests.objects.parcels import delete_for_good, make_file, put, send, sized_url, uploaded
from tests.storage_tiers.conftest import Opened, copies, held, homes, rot, store, switch, work

DATA = b"what alice saw"


async def photo(world: World, who: Person, data: bytes = DATA) -> tuple[str, int]:
    """(key, file) of a committed object."""
    key = await uploaded(who, data)
    return key, await make_file(world, who, key)


async def read(world: World, who: Person, file_id: int) -> bytes | int:
    """The bytes of a file over the door, or the status."""
    url = (await who.get(f"/files/download/v2/{file_id}")).json()["url"]
    answer = await send(who, "GET", url)
    return answer.content if answer.status == 200 else answer.status


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


# --- the operator's acts
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
        await world.kernel.db.write("test.release", objects.release, ids, world.clock.now(), 0)
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
        await world.kernel.db.write("test.release", objects.release, ids, world.clock.now(), 0)
        await deletion.run_deletions(world.kernel)
        assert len(await held(world, "main")) == 1
        world.clock.advance(10 * DAY)
        await deletion.run_deletions(world.kernel)
        await deletion.run_deletions(world.kernel)
        assert await held(world, "main") == {} and await copies(world) == []


# --- checking and saving what lies in several stores
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
