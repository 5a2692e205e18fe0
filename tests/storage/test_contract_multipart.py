"""What every object store does with uploads in parts, whatever it is made of."""

from __future__ import annotations

import asyncio

import pytest

from storage_backends import (
    BadDigest,
    BadLength,
    InvalidPart,
    KeyTaken,
    LongBody,
    NoSuchUpload,
    ObjectStore,
    ShortBody,
    Stored,
)

from .bodies import ALICE, BOB, LATER, MIB, OTHER, PHOTO, VIDEO, body, filler, md5, put, read, upload

PART = filler(5 * MIB, 5)
LAST = filler(1000, 6)


async def test_parts_become_one_object(store: ObjectStore) -> None:
    upload_id, listed = await upload(store, ALICE, PART, LAST)
    assert await store.head(ALICE) is None
    stored = await store.complete_multipart(ALICE, upload_id, listed, length=len(PART) + len(LAST))
    etag = f"{md5(md5(PART) + md5(LAST)).hex()}-2"
    assert stored == Stored(len(PART) + len(LAST), None, etag)
    assert await read(store, ALICE) == PART + LAST
    info = await store.head(ALICE)
    assert info is not None
    assert (info.size, info.etag) == (stored.size, etag)
    assert await store.sweep(LATER) == 0


async def test_a_single_part(store: ObjectStore) -> None:
    upload_id, listed = await upload(store, ALICE, PHOTO)
    stored = await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert stored.etag == f"{md5(md5(PHOTO)).hex()}-1"
    assert await read(store, ALICE) == PHOTO
    assert await store.sweep(LATER) == 0


async def test_a_part_sent_again_replaces_the_first(store: ObjectStore) -> None:
    upload_id, listed = await upload(store, ALICE, PART, LAST)
    part = await store.put_part(ALICE, upload_id, 2, body(PHOTO), length=len(PHOTO), md5=None)
    assert (part.number, part.size, part.etag) == (2, len(PHOTO), md5(PHOTO).hex())
    with pytest.raises(InvalidPart):
        await store.complete_multipart(ALICE, upload_id, listed, length=None)
    await store.complete_multipart(ALICE, upload_id, [listed[0], (2, part.etag)], length=None)
    assert await read(store, ALICE) == PART + PHOTO


async def test_a_subset_of_the_parts_and_any_numbers(store: ObjectStore) -> None:
    upload_id, listed = await upload(store, ALICE, PART, PHOTO, LAST)
    await store.complete_multipart(ALICE, upload_id, [listed[0], listed[2]], length=None)
    assert await read(store, ALICE) == PART + LAST


async def test_a_refused_completion_can_be_corrected(store: ObjectStore) -> None:
    upload_id, listed = await upload(store, ALICE, PART, LAST)
    wrong = [
        [],
        [listed[1], listed[0]],
        [listed[0], listed[0]],
        [(1, listed[1][1]), listed[1]],
        [(1, "not an etag/../.."), listed[1]],
        [(1, "0" * 31)],
        [*listed, (3, listed[0][1])],
        [(0, listed[0][1])],
        [(10_001, listed[0][1])],
    ]
    for parts in wrong:
        with pytest.raises(InvalidPart):
            await store.complete_multipart(ALICE, upload_id, parts, length=None)
    with pytest.raises(BadLength):
        await store.complete_multipart(ALICE, upload_id, listed, length=len(PART) + len(LAST) + 1)
    with pytest.raises(BadLength):
        await store.complete_multipart(ALICE, upload_id, listed[:1], length=len(PART) + len(LAST))
    assert await store.head(ALICE) is None
    quoted = [(number, f'"{etag}"') for number, etag in listed]
    await store.complete_multipart(ALICE, upload_id, quoted, length=len(PART) + len(LAST))
    assert await read(store, ALICE) == PART + LAST


async def test_refused_parts_leave_the_others(store: ObjectStore) -> None:
    upload_id, listed = await upload(store, ALICE, PART)
    with pytest.raises(BadDigest):
        await store.put_part(ALICE, upload_id, 1, body(VIDEO), length=len(VIDEO), md5=md5(OTHER))
    with pytest.raises(ShortBody):
        await store.put_part(ALICE, upload_id, 1, body(VIDEO), length=len(VIDEO) + 1, md5=None)
    with pytest.raises(LongBody):
        await store.put_part(ALICE, upload_id, 1, body(PHOTO), length=None, md5=None, max_length=10)
    for number in (0, -1, 10_001):
        with pytest.raises(InvalidPart):
            await store.put_part(ALICE, upload_id, number, body(PHOTO), length=None, md5=None)
    await store.complete_multipart(ALICE, upload_id, listed, length=len(PART))
    assert await read(store, ALICE) == PART


@pytest.mark.parametrize("ending", ["completed", "aborted", "never made", "path"])
async def test_uploads_that_do_not_exist(store: ObjectStore, ending: str) -> None:
    upload_id, listed = await upload(store, ALICE, PHOTO)
    if ending == "completed":
        await store.complete_multipart(ALICE, upload_id, listed, length=None)
    if ending == "aborted":
        await store.abort_multipart(ALICE, upload_id)
    if ending == "never made":
        upload_id = "f" * 32
    if ending == "path":
        upload_id = "../../objects"
    with pytest.raises(NoSuchUpload):
        await store.put_part(ALICE, upload_id, 1, body(PHOTO), length=None, md5=None)
    with pytest.raises(NoSuchUpload):
        await store.complete_multipart(ALICE, upload_id, listed, length=None)
    await store.abort_multipart(ALICE, upload_id)
    assert (await store.head(ALICE) is not None) == (ending == "completed")


async def test_an_upload_opens_no_other_key(store: ObjectStore, request: pytest.FixtureRequest) -> None:
    if "[s3]" in request.node.name:
        pytest.skip("moto does not bind an upload to its key; S3 does")
    upload_id, listed = await upload(store, ALICE, PHOTO)
    with pytest.raises(NoSuchUpload):
        await store.put_part(BOB, upload_id, 1, body(OTHER), length=None, md5=None)
    with pytest.raises(NoSuchUpload):
        await store.complete_multipart(BOB, upload_id, listed, length=None)
    await store.abort_multipart(BOB, upload_id)
    assert await store.head(BOB) is None
    await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert await read(store, ALICE) == PHOTO


async def test_completing_over_the_same_bytes_is_a_success(store: ObjectStore) -> None:
    for _ in range(2):
        upload_id, listed = await upload(store, ALICE, PART, LAST)
        stored = await store.complete_multipart(ALICE, upload_id, listed, length=None)
        assert stored.etag == f"{md5(md5(PART) + md5(LAST)).hex()}-2"
        with pytest.raises(NoSuchUpload):
            await store.complete_multipart(ALICE, upload_id, listed, length=None)


async def test_completing_over_other_content_waits_for_the_caller(store: ObjectStore) -> None:
    await put(store, ALICE, OTHER)
    upload_id, listed = await upload(store, ALICE, PHOTO)
    for _ in range(2):
        with pytest.raises(KeyTaken) as refusal:
            await store.complete_multipart(ALICE, upload_id, listed, length=None)
        await store.discard(refusal.value.staged)
    assert await read(store, ALICE) == OTHER
    with pytest.raises(KeyTaken) as refusal:
        await store.complete_multipart(ALICE, upload_id, listed, length=None)
    await store.publish(refusal.value.staged, ALICE, replace=True)
    assert await read(store, ALICE) == PHOTO
    with pytest.raises(NoSuchUpload):
        await store.complete_multipart(ALICE, upload_id, listed, length=None)


async def test_two_completions_at_once(store: ObjectStore) -> None:
    upload_id, listed = await upload(store, ALICE, PART, LAST)
    calls = (store.complete_multipart(ALICE, upload_id, listed, length=None) for _ in range(4))
    results = await asyncio.gather(*calls, return_exceptions=True)
    done = [result for result in results if isinstance(result, Stored)]
    assert len(set(done)) == 1
    assert all(isinstance(result, Stored | NoSuchUpload) for result in results)
    assert await read(store, ALICE) == PART + LAST
    assert await store.sweep(LATER) == 0
