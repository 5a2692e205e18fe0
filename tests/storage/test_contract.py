"""What every object store does, whatever it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from storage_backends import (
    BadDigest,
    BadKey,
    KeyTaken,
    LongBody,
    MemoryStore,
    NoSuchUpload,
    NotFound,
    ObjectStore,
    ShortBody,
    Staged,
    Stored,
)

from .bodies import ALICE, BOB, FILM, LATER, MIB, OTHER, PHOTO, VIDEO, body, drain, filler, keys, md5, put, read, taken, upload, urls_of


class Disconnected(Exception):
    """The client went away."""


async def broken(data: bytes) -> AsyncIterator[bytes]:
    async for chunk in body(data):
        yield chunk
    raise Disconnected


# put and open


@pytest.mark.parametrize("data", [b"", b"x", PHOTO, filler(MIB), filler(MIB + 1), VIDEO, FILM])
async def test_bytes_come_back_as_they_went_in(store: ObjectStore, data: bytes) -> None:
    before = datetime.now(UTC).timestamp()
    stored = await put(store, ALICE, data)
    assert (stored.size, stored.md5) == (len(data), md5(data))
    assert stored.etag
    assert '"' not in stored.etag
    info = await store.head(ALICE)
    assert info is not None
    assert (info.key, info.size, info.etag) == (ALICE, len(data), stored.etag)
    assert abs(info.modified_us / 1e6 - before) < 60
    chunks = [chunk async for chunk in await store.open(ALICE)]
    assert b"".join(chunks) == data
    assert all(len(chunk) == MIB for chunk in chunks[:-1])


async def test_a_small_object_has_its_md5_as_etag(store: ObjectStore) -> None:
    assert (await put(store, ALICE, PHOTO)).etag == md5(PHOTO).hex()


async def test_length_and_digest_may_be_unknown(store: ObjectStore) -> None:
    stored = await store.put(ALICE, body(VIDEO), length=None, md5=None)
    assert stored.md5 == md5(VIDEO)
    assert await read(store, ALICE) == VIDEO


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, 10, VIDEO[:10]),
        (5, None, VIDEO[5:]),
        (MIB - 1, 2, VIDEO[MIB - 1 : MIB + 1]),
        (7, 2 * MIB, VIDEO[7 : 7 + 2 * MIB]),
        (len(VIDEO) - 1, None, VIDEO[-1:]),
        (len(VIDEO) - 1, 100, VIDEO[-1:]),
        (len(VIDEO), None, b""),
        (len(VIDEO) + 10, 5, b""),
        (3, 0, b""),
    ],
)
async def test_ranges(store: ObjectStore, start: int, length: int | None, expected: bytes) -> None:
    await put(store, ALICE, VIDEO)
    assert await read(store, ALICE, start, length) == expected


async def test_a_range_below_zero_is_a_mistake_of_the_caller(store: ObjectStore) -> None:
    await put(store, ALICE, PHOTO)
    with pytest.raises(ValueError, match="below zero"):
        await store.open(ALICE, -1)
    with pytest.raises(ValueError, match="below zero"):
        await store.open(ALICE, 0, -1)


async def test_a_reader_may_stop_early(store: ObjectStore) -> None:
    await put(store, ALICE, VIDEO)
    reader = await store.open(ALICE)
    assert await anext(reader) == VIDEO[:MIB]
    await reader.aclose()
    assert await drain(reader) == b""


@pytest.mark.parametrize("length", [None, 0, 10])
async def test_what_is_not_there(store: ObjectStore, length: int | None) -> None:
    assert await store.head(ALICE) is None
    with pytest.raises(NotFound):
        await store.open(ALICE, 0, length)


@pytest.mark.parametrize("data", [PHOTO, VIDEO])
async def test_refused_bodies_leave_nothing(store: ObjectStore, data: bytes) -> None:
    size = len(data)
    with pytest.raises(BadDigest):
        await store.put(ALICE, body(data), length=size, md5=md5(OTHER))
    with pytest.raises(ShortBody):
        await store.put(ALICE, body(data), length=size + 1, md5=md5(data))
    with pytest.raises(LongBody):
        await store.put(ALICE, body(data), length=size - 1, md5=md5(data))
    with pytest.raises(LongBody):
        await store.put(ALICE, body(data), length=None, md5=None, max_length=size - 1)
    with pytest.raises(LongBody):
        await store.put(ALICE, body(data), length=size, md5=None, max_length=size - 1)
    with pytest.raises(Disconnected):
        await store.put(ALICE, broken(data), length=None, md5=None)
    assert await store.head(ALICE) is None
    assert await keys(store) == []
    assert await store.sweep(LATER) == 0
    assert (await store.put(ALICE, body(data), length=size, md5=md5(data), max_length=size)).size == size


async def test_one_byte_too_many_ends_the_body_at_once(store: ObjectStore) -> None:
    taken_in = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken_in
        while True:
            taken_in += 1000
            yield bytes(1000)

    with pytest.raises(LongBody):
        await store.put(ALICE, endless(), length=None, md5=None, max_length=5000)
    assert taken_in == 6000


# keys are written once


@pytest.mark.parametrize("data", [PHOTO, VIDEO, FILM])
async def test_a_repeated_put_is_a_success(store: ObjectStore, data: bytes) -> None:
    first = await put(store, ALICE, data)
    second = await put(store, ALICE, data)
    assert second == first
    assert await store.sweep(LATER) == 0


@pytest.mark.parametrize(("old", "new"), [(PHOTO, OTHER), (PHOTO, VIDEO), (FILM, filler(17 * MIB, 9))])
async def test_other_content_waits_for_the_caller(store: ObjectStore, old: bytes, new: bytes) -> None:
    await put(store, ALICE, old)
    staged = await taken(store, ALICE, new)
    assert (staged.size, staged.md5) == (len(new), md5(new))
    assert await read(store, ALICE) == old
    with pytest.raises(KeyTaken):
        await store.publish(staged, ALICE)
    stored = await store.publish(staged, ALICE, replace=True)
    assert (stored.size, stored.md5) == (len(new), md5(new))
    assert await read(store, ALICE) == new
    assert await store.sweep(LATER) == 0
    with pytest.raises(NotFound):
        await store.publish(staged, ALICE, replace=True)


async def test_staged_bytes_may_go_to_a_free_key(store: ObjectStore) -> None:
    await put(store, ALICE, PHOTO)
    await store.publish(await taken(store, ALICE, OTHER), BOB)
    assert await read(store, BOB) == OTHER
    assert await read(store, ALICE) == PHOTO


@pytest.mark.parametrize("new", [OTHER, VIDEO])
async def test_discarded_bytes_are_gone(store: ObjectStore, new: bytes) -> None:
    await put(store, ALICE, PHOTO)
    staged = await taken(store, ALICE, new)
    await store.discard(staged)
    await store.discard(staged)
    with pytest.raises(NotFound):
        await store.publish(staged, BOB)
    assert await store.sweep(LATER) == 0
    assert await read(store, ALICE) == PHOTO


async def test_staged_bytes_of_another_store_are_refused(store: ObjectStore) -> None:
    foreign = Staged(1, md5(b"x"), md5(b"x").hex(), "elsewhere")
    with pytest.raises(BadKey):
        await store.publish(foreign, ALICE)
    with pytest.raises(BadKey):
        await store.discard(foreign)


async def test_of_many_writers_at_once_one_wins(store: ObjectStore) -> None:
    bodies = [filler(2000, seed) for seed in range(8)]
    results = await asyncio.gather(*(put(store, ALICE, data) for data in bodies), return_exceptions=True)
    winners = [data for data, result in zip(bodies, results, strict=True) if isinstance(result, Stored)]
    assert len(winners) == 1
    assert all(isinstance(result, Stored | KeyTaken) for result in results)
    assert await read(store, ALICE) == winners[0]


async def test_the_same_content_from_many_at_once(store: ObjectStore) -> None:
    results = await asyncio.gather(*(put(store, ALICE, PHOTO) for _ in range(8)))
    assert {(result.size, result.etag) for result in results} == {(len(PHOTO), md5(PHOTO).hex())}
    assert await store.sweep(LATER) == 0


# delete, list


async def test_delete_is_idempotent(store: ObjectStore) -> None:
    await put(store, ALICE, PHOTO)
    await put(store, BOB, OTHER)
    await store.delete(ALICE)
    await store.delete(ALICE)
    assert await store.head(ALICE) is None
    assert await keys(store) == [BOB]
    await put(store, ALICE, OTHER)
    assert await read(store, ALICE) == OTHER


async def test_listing_names_each_key_once_and_can_go_on(store: ObjectStore) -> None:
    wanted = {f"{user}/{number}" for user in (7, 71) for number in range(12)}
    for key in wanted:
        await put(store, key, key.encode())
    everything = await keys(store)
    assert len(everything) == 24
    assert set(everything) == wanted
    assert set(await keys(store, "7/")) == {key for key in wanted if key.startswith("7/")}
    assert await keys(store, "8/") == []
    for place, key in enumerate(everything):
        assert await keys(store, after=key) == everything[place + 1 :]
    await store.delete(everything[3])
    assert await keys(store, after=everything[3]) == everything[4:]
    infos = [info async for info in store.list("71/")]
    assert all(info.size == len(info.key) and info.etag == md5(info.key.encode()).hex() for info in infos)
    assert infos == [await store.head(info.key) for info in infos]


async def test_sweeping_takes_what_is_old_enough(store: ObjectStore) -> None:
    await put(store, ALICE, PHOTO)
    upload_id, listed = await upload(store, BOB, PHOTO)
    assert await store.sweep(1_000_000) == 0
    assert await store.sweep(LATER) == 1
    with pytest.raises(NoSuchUpload):
        await store.complete_multipart(BOB, upload_id, listed, length=None)
    assert await read(store, ALICE) == PHOTO


# the rest


@pytest.mark.parametrize("key", ["", "/", "../x", "a/../b", "a//b", "/a", "a/", ".", "a/.", "a b", "a\n", "ä", "a\0", "a" * 201, "a/" * 16 + "a"])
async def test_keys_no_store_accepts(store: ObjectStore, key: str) -> None:
    now = datetime.now(UTC)
    upload_id = "a" * 32
    with pytest.raises(BadKey):
        await store.put(key, body(PHOTO), length=None, md5=None)
    with pytest.raises(BadKey):
        await store.publish(await taken_anywhere(store), key)
    with pytest.raises(BadKey):
        await store.head(key)
    with pytest.raises(BadKey):
        store.path(key)
    with pytest.raises(BadKey):
        await store.open(key)
    with pytest.raises(BadKey):
        await store.delete(key)
    with pytest.raises(BadKey):
        await store.create_multipart(key)
    with pytest.raises((BadKey, NoSuchUpload)):
        await store.put_part(key, upload_id, 1, body(PHOTO), length=None, md5=None)
    with pytest.raises((BadKey, NoSuchUpload)):
        await store.complete_multipart(key, upload_id, [(1, "0" * 32)], length=None)
    if store.presigner is not None:
        with pytest.raises(BadKey):
            store.presigner.get(key, now=now, expires=60)


async def taken_anywhere(store: ObjectStore) -> Staged:
    await put(store, ALICE, PHOTO)
    return await taken(store, ALICE, OTHER)


async def test_health_and_room(store: ObjectStore) -> None:
    await store.check()
    room = await store.free_bytes()
    assert room is None or room > 0


async def test_only_a_bucket_has_a_presigner(store: ObjectStore) -> None:
    """One that clients reach themselves: see test_s3."""
    if store.kind != "s3":
        assert store.presigner is None
        return
    assert urls_of(store).get(ALICE, now=datetime.now(UTC), expires=60).startswith("http")


async def test_only_local_files_have_a_path(store: ObjectStore) -> None:
    await put(store, ALICE, PHOTO)
    path = store.path(ALICE)
    assert (path is not None) == (store.kind == "filesystem")
    assert path is None or path.read_bytes() == PHOTO


async def test_closing_twice(store: ObjectStore) -> None:
    await store.close()
    await store.close()


async def test_memory_skips_what_goes_while_it_lists() -> None:
    store = MemoryStore()
    await put(store, ALICE, PHOTO)
    await put(store, BOB, PHOTO)
    listing = store.list()
    assert (await anext(listing)).key == ALICE
    await store.delete(BOB)
    assert [info async for info in listing] == []


async def test_the_mark(store: ObjectStore) -> None:
    assert await store.marker() is None
    await store.mark("one")
    await store.mark("two")
    assert await store.marker() == "two"
    assert [info.key async for info in store.list()] == []
    await store.check()
    assert await store.sweep_temporary() == 0
