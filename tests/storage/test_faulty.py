"""The store that fails on purpose: only the planned calls, the same ones for the same seed."""

from __future__ import annotations

import inspect
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from storage_backends import BadDigest, KeyTaken, MemoryStore, NoSpace, ObjectStore, S3Store, ShortBody, StoreConfig, Unavailable
from storage_backends.faulty import Fault, FaultyStore, scripted, seeded
from storage_backends.wrapping import WrappedStore

from .bodies import ALICE, BOB, body, filler, keys, md5, put, read, taken, upload, urls_of

PHOTO = filler(3000, 1)
DOWN = Unavailable("planned")


async def story(store: FaultyStore) -> None:
    """Every method once."""
    await put(store, ALICE, PHOTO)
    with pytest.raises(KeyTaken) as taken:
        await put(store, ALICE, b"other")
    await store.publish(taken.value.staged, BOB)
    await store.discard(taken.value.staged)
    assert (await store.head(ALICE)) is not None
    assert await read(store, ALICE) == PHOTO
    assert await keys(store) == [ALICE, BOB]
    upload_id, parts = await upload(store, "7/x", PHOTO)
    await store.complete_multipart("7/x", upload_id, parts, length=None)
    await store.abort_multipart("7/x", upload_id)
    await store.delete(ALICE)
    assert await store.sweep(0) == 0
    await store.check()
    assert await store.free_bytes() is None
    assert store.path(ALICE) is None


METHODS = "put publish discard head open list create_multipart put_part complete_multipart abort_multipart delete sweep check free_bytes"


async def test_without_a_plan_nothing_fails() -> None:
    store = FaultyStore(MemoryStore(), scripted({}))
    await story(store)
    assert sorted(store.calls) == sorted(METHODS.split())
    await store.close()


@pytest.mark.parametrize("method", METHODS.split())
@pytest.mark.parametrize("fault", [Fault(before=DOWN), Fault(after=DOWN)])
async def test_each_method_fails_as_planned(method: str, fault: Fault) -> None:
    with pytest.raises(Unavailable, match="planned"):
        await story(FaultyStore(MemoryStore(), scripted({(method, 0): fault})))


async def test_before_and_after() -> None:
    inner = MemoryStore()
    store = FaultyStore(inner, scripted({("put", 0): Fault(before=NoSpace("full")), ("put", 1): Fault(after=DOWN)}))
    with pytest.raises(NoSpace):
        await put(store, ALICE, PHOTO)
    assert await inner.head(ALICE) is None
    with pytest.raises(Unavailable):
        await put(store, ALICE, PHOTO)
    assert await read(inner, ALICE) == PHOTO


@pytest.mark.parametrize("cut", [0, 1, 1000, 2999])
async def test_truncated_bodies(cut: int) -> None:
    fault = Fault(truncate=cut)
    store = FaultyStore(MemoryStore(), scripted({(method, 0): fault for method in ("put", "put_part", "open")} | {("put", 1): fault}))
    with pytest.raises(ShortBody):
        await put(store, ALICE, PHOTO)
    with pytest.raises(BadDigest):
        await store.put(ALICE, body(PHOTO, 100), length=None, md5=md5(PHOTO))
    upload_id = await store.create_multipart(ALICE)
    assert (await store.put_part(ALICE, upload_id, 1, body(PHOTO, 100), length=None, md5=None)).size == cut
    await put(store, ALICE, PHOTO)
    assert await read(store, ALICE) == PHOTO[:cut]
    assert await read(store, ALICE) == PHOTO


def test_a_seed_replays() -> None:
    def run(seed: int) -> list[str]:
        plan = seeded(seed, 0.3)
        return [repr(plan("put", nth)) for nth in range(200)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    faults = [seeded(3, 1.0)("put", nth) for nth in range(5)]
    assert all(fault is not None and (fault.before or fault.after) for fault in faults)
    assert seeded(3, 0.0)("put", 0) is None
    state = random.getstate()
    run(4)
    assert random.getstate() == state


def test_urls_pass_through() -> None:
    config = StoreConfig("s3", "s3", endpoint="http://127.0.0.1:1", bucket="b", access_key="a", secret_key="s")
    inner = S3Store(config)
    store = FaultyStore(inner, seeded(1, 1.0))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert (store.name, store.kind, store.presigner) == ("s3", "s3", inner.presigner)
    assert urls_of(store).put(ALICE, now=now, expires=9, length=1, md5=bytes(16)) == urls_of(inner).put(
        ALICE, now=now, expires=9, length=1, md5=bytes(16)
    )
    assert "partNumber=2" in urls_of(store).part(ALICE, "u", 2, now=now, expires=9, length=None, md5=None)
    assert "uploadId=u" in urls_of(store).complete(ALICE, "u", now=now, expires=9)
    assert "attachment" in urls_of(store).get(ALICE, now=now, expires=9)


async def test_a_wrapper_passes_every_call_on() -> None:
    """One that changes nothing is the store it wraps: a method that the contract gains and the wrapper lacks is found here."""
    methods = {name for name in dir(ObjectStore) if not name.startswith("_")}
    asked: list[str] = []
    inner = MemoryStore("inner")

    class Watched(WrappedStore):
        async def _call(self, method: Any, *args: Any, **kwargs: Any) -> Any:
            asked.append(method.__name__)
            return await super()._call(method, *args, **kwargs)

    store: ObjectStore = Watched(inner)
    assert methods <= set(dir(store))
    await put(store, ALICE, PHOTO)
    assert await read(store, ALICE) == PHOTO
    assert [info.key async for info in store.list()] == [ALICE]
    upload_id = await store.create_multipart(BOB)
    part = await store.put_part(BOB, upload_id, 1, body(PHOTO), length=None, md5=None)
    await store.complete_multipart(BOB, upload_id, [(1, part.etag)], length=len(PHOTO))
    assert await store.head(BOB) == await inner.head(BOB)
    await store.publish(await taken(store, ALICE, b"other"), ALICE, replace=True)
    await store.discard(await taken(store, ALICE, PHOTO))
    await store.abort_multipart(BOB, upload_id)
    await store.delete(BOB)
    assert (await store.sweep(0), await store.free_bytes(), store.path(ALICE)) == (0, await inner.free_bytes(), inner.path(ALICE))
    await store.check()
    await store.mark("ours")
    assert (await store.marker(), await store.sweep_temporary()) == ("ours", 0)
    assert set(asked) == {m for m in methods if inspect.iscoroutinefunction(getattr(MemoryStore, m))} - {"close"}
    await store.close()
