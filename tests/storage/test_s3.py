"""What only the S3 store does: servers without conditions, paging, errors, spooled bodies. Its URLs: test_presigned."""

from __future__ import annotations

import builtins
import errno
import importlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from storage_backends import (
    BadDigest,
    InvalidPart,
    KeyTaken,
    LongBody,
    NoSpace,
    NoSuchUpload,
    NotFound,
    S3Store,
    ShortBody,
    StoreConfig,
    StoreError,
    Unavailable,
    s3,
    s3_calls,
)
from storage_backends.s3_calls import NotImplementedThere, RangeBeyond, Refused, translated

from .bodies import ALICE, BOB, FILM, LATER, MIB, OTHER, PHOTO, body, filler, keys, md5, put, read, upload, urls_of

NOW = datetime(2026, 7, 1, tzinfo=UTC)

Answer = Callable[..., Any]


def intercept(monkeypatch: pytest.MonkeyPatch, store: S3Store, **answers: Answer) -> list[str]:
    """Answer some operations instead of the server; the list of all operations asked."""
    call, asked = store._call, []

    async def patched(operation: str, doing: str, **arguments: Any) -> Any:
        asked.append(operation)
        if operation in answers:
            async with translated(doing):
                answer = answers[operation](**arguments)
                if answer is not None:
                    return answer
        return await call(operation, doing, **arguments)

    monkeypatch.setattr(store, "_call", patched)
    return asked


def refusal(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation")


def raising(error: Exception) -> Answer:
    def answer(**_: Any) -> Any:
        raise error

    return answer


def test_proxy_is_a_word_to_callers_and_nothing_else(moto_config: StoreConfig) -> None:
    """So the contract is tried once for S3, and not again with `proxy`."""
    assert S3Store(moto_config).presigner is not None
    assert S3Store(replace(moto_config, proxy=True)).presigner is None


def test_clients_get_the_public_endpoint(moto_config: StoreConfig) -> None:
    store = S3Store(replace(moto_config, public_endpoint="https://photos.example.org", path_style=False))
    url = urls_of(store).get(ALICE, now=NOW, expires=60)
    assert url.startswith(f"https://{moto_config.bucket}.photos.example.org/{ALICE}?")
    assert moto_config.endpoint not in url


# servers that do not know If-None-Match


@pytest.mark.parametrize("way", ["501", "ignores it"])
async def test_servers_without_conditional_writes(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    client = await moto_store._calls.client()

    async def put_object(**arguments: Any) -> Any:
        if arguments.pop("IfNoneMatch", None) and way == "501":
            raise refusal("NotImplemented", 501)
        return await real(**arguments)

    real = client.put_object
    monkeypatch.setattr(client, "put_object", put_object)
    await put(moto_store, ALICE, PHOTO)
    assert await moto_store._refuses_to_replace() is False
    assert (await put(moto_store, ALICE, PHOTO)).md5 == md5(PHOTO)
    with pytest.raises(KeyTaken):
        await put(moto_store, ALICE, OTHER)
    assert await read(moto_store, ALICE) == PHOTO
    assert await keys(moto_store) == [ALICE]


async def test_the_server_is_asked_once_whether_it_refuses(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = intercept(monkeypatch, moto_store)
    for _ in range(3):
        await put(moto_store, ALICE, PHOTO)
    assert asked == ["put_object", "put_object", "delete_object", "put_object", "put_object", "head_object", "put_object", "head_object"]
    assert await keys(moto_store) == [ALICE]


async def test_a_writer_that_lost_and_finds_nothing_may_try_again(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(moto_store, BOB, PHOTO)
    intercept(monkeypatch, moto_store, put_object=raising(refusal("ConditionalRequestConflict", 409)))
    with pytest.raises(Unavailable, match="same moment"):
        await put(moto_store, ALICE, PHOTO)


async def test_a_race_of_large_bodies(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch, moto_config: StoreConfig) -> None:
    """Both looked before either wrote: the server's condition decides, and the loser's parts go."""
    await put(moto_store, ALICE, FILM)
    first = True

    def nothing_yet(**_: Any) -> Any:
        nonlocal first
        if first:
            first = False
            raise refusal("404", 404)

    intercept(monkeypatch, moto_store, head_object=nothing_yet)
    with pytest.raises(KeyTaken):
        await put(moto_store, ALICE, filler(17 * MIB, 9))
    assert not first
    assert await read(moto_store, ALICE) == FILM
    assert len(list(spool(moto_config).iterdir())) == 1
    assert await moto_store.sweep(LATER) == 1


# comparing with what is there


async def test_etags_that_are_no_digest(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in encrypted buckets: then the object itself is read."""
    await put(moto_store, ALICE, PHOTO)

    def encrypted(**_: Any) -> Any:
        return {"ContentLength": len(PHOTO), "ETag": '"f00d"', "Metadata": {}, "LastModified": NOW}

    intercept(monkeypatch, moto_store, head_object=encrypted)
    assert (await put(moto_store, ALICE, PHOTO)).etag == "f00d"
    with pytest.raises(KeyTaken):
        await put(moto_store, ALICE, OTHER)


async def test_parts_whose_etags_are_no_digest(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(moto_store, ALICE, PHOTO)
    upload_id = await moto_store.create_multipart(ALICE)
    page = {"Parts": [{"PartNumber": 1, "ETag": '"f00d-encrypted"', "Size": len(PHOTO)}], "IsTruncated": False}
    intercept(monkeypatch, moto_store, list_parts=lambda **_: page)
    with pytest.raises(KeyTaken):
        await moto_store.complete_multipart(ALICE, upload_id, [(1, "f00d-encrypted")], length=None)


# paging


async def test_long_listings(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [f"7/{number:02}" for number in range(7)]
    for key in wanted:
        await put(moto_store, key, PHOTO)
    client = await moto_store._calls.client()
    real = client.list_objects_v2
    monkeypatch.setattr(client, "list_objects_v2", lambda **arguments: real(MaxKeys=3, **arguments))
    assert await keys(moto_store) == wanted
    assert await keys(moto_store, after="7/01") == wanted[2:]


async def test_uploads_of_many_parts(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id, listed = await upload(moto_store, ALICE, filler(5 * MIB, 1), filler(5 * MIB, 2), PHOTO)
    client = await moto_store._calls.client()
    real = client.list_parts
    monkeypatch.setattr(client, "list_parts", lambda **arguments: real(MaxParts=2, **arguments))
    assert (await moto_store.complete_multipart(ALICE, upload_id, listed, length=None)).size == 10 * MIB + len(PHOTO)


async def test_sweeping_many_uploads(moto_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [
        {"Uploads": [{"Key": "a", "UploadId": "1", "Initiated": NOW}], "IsTruncated": True, "NextKeyMarker": "a", "NextUploadIdMarker": "1"},
        {"Uploads": [{"Key": "b", "UploadId": "2", "Initiated": NOW}, {"Key": "c", "UploadId": "3", "Initiated": datetime.now(UTC)}]},
    ]
    aborted = []

    def abort(Key: str, UploadId: str) -> Any:
        aborted.append((Key, UploadId))
        if Key == "b":
            raise refusal("NoSuchUpload", 404)
        return {}

    intercept(monkeypatch, moto_store, list_multipart_uploads=lambda **_: pages.pop(0), abort_multipart_upload=abort)
    assert await moto_store.sweep(int(NOW.timestamp() * 1e6) + 1) == 2
    assert aborted == [("a", "1"), ("b", "2")]


# the spool


def spool(config: StoreConfig) -> Path:
    assert config.tmp is not None
    return config.tmp


async def test_refused_large_bodies_leave_no_file(moto_store: S3Store, moto_config: StoreConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadDigest):
        await moto_store.put(ALICE, body(FILM), length=None, md5=bytes(16))
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", raising_os(errno.ENOSPC))
        with pytest.raises(NoSpace):
            await put(moto_store, ALICE, FILM)
    with monkeypatch.context() as broken:
        intercept(broken, moto_store, upload_part=raising(refusal("InternalError", 500)))
        with pytest.raises(Unavailable):
            await put(moto_store, ALICE, FILM)
    assert list(spool(moto_config).iterdir()) == []
    assert await keys(moto_store) == []
    assert (await moto_store._call("list_multipart_uploads", "look")).get("Uploads", []) == []


def raising_os(number: int) -> Answer:
    def call(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return call


async def test_the_folder_is_made_and_made_again(moto_config: StoreConfig) -> None:
    """A fresh data folder has no `tmp`; and somebody may clear it away while the server runs."""
    folder = spool(moto_config) / "data" / "tmp"
    store = S3Store(replace(moto_config, tmp=folder))
    assert await store.sweep(LATER) == 0
    for key in (ALICE, BOB):
        await put(store, key, filler(2 * MIB))
        assert folder.stat().st_mode & 0o777 == 0o700
        folder.rmdir()
    await store.close()


async def test_leftover_files_are_swept(moto_store: S3Store, moto_config: StoreConfig) -> None:
    left = spool(moto_config) / "darkroom-left"
    left.write_bytes(b"left")
    (spool(moto_config) / "darkroom-folder").mkdir()
    (spool(moto_config) / "stranger").write_bytes(b"not ours")
    os.utime(left, (100, 100))
    assert await moto_store.sweep(100_000_000) == 0
    assert await moto_store.sweep(100_000_001) == 1
    assert {path.name for path in spool(moto_config).iterdir()} == {"darkroom-folder", "stranger"}


async def test_a_staged_file_that_was_swept(moto_store: S3Store) -> None:
    await put(moto_store, ALICE, PHOTO)
    for data in (filler(2 * MIB), FILM):
        with pytest.raises(KeyTaken) as taken:
            await put(moto_store, ALICE, data)
        assert await moto_store.sweep(LATER) == 1
        with pytest.raises(NotFound):
            await moto_store.publish(taken.value.staged, ALICE, replace=True)
        with pytest.raises(NotFound):
            await moto_store.publish(taken.value.staged, BOB)
    assert await keys(moto_store) == [ALICE]


# errors


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NoSuchKey", 404, NotFound),
        ("404", 404, NotFound),
        ("NoSuchUpload", 404, NoSuchUpload),
        ("InvalidPart", 400, InvalidPart),
        ("InvalidPartOrder", 400, InvalidPart),
        ("EntityTooSmall", 400, InvalidPart),
        ("InvalidRange", 416, RangeBeyond),
        ("BadDigest", 400, BadDigest),
        ("IncompleteBody", 400, ShortBody),
        ("EntityTooLarge", 400, LongBody),
        ("QuotaExceeded", 403, NoSpace),
        ("Anything", 507, NoSpace),
        ("PreconditionFailed", 412, Refused),
        ("PreconditionFailed", 500, Refused),  # the error came inside a 200, and botocore makes it a 500
        ("ConditionalRequestConflict", 500, Refused),
        ("NoSuchUpload", 500, NoSuchUpload),
        ("NotImplemented", 501, NotImplementedThere),
        ("AccessDenied", 403, Unavailable),
        ("NoSuchBucket", 404, Unavailable),
        ("", 500, Unavailable),
    ],
)
async def test_what_the_servers_errors_mean(code: str, status: int, expected: type[StoreError]) -> None:
    with pytest.raises(expected, match="test") as seen:
        async with translated("test"):
            raise refusal(code, status)
    assert type(seen.value) is expected


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
        aiohttp.ClientPayloadError(),
        TimeoutError(),
        ConnectionResetError(),
    ],
)
async def test_connection_trouble(error: Exception) -> None:
    with pytest.raises(Unavailable):
        async with translated("test"):
            raise error


async def test_mistakes_of_ours_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        async with translated("test"):
            raise ZeroDivisionError


async def test_nobody_listens(moto_config: StoreConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_calls, "ATTEMPTS", 1)
    store = S3Store(replace(moto_config, endpoint="http://127.0.0.1:1"))
    for call in (store.check(), store.head(ALICE), put(store, ALICE, PHOTO)):
        with pytest.raises(Unavailable) as refused:
            await call
        assert moto_config.secret_key not in str(refused.value)
    await store.close()


async def test_a_missing_bucket_is_unhealthy(moto_config: StoreConfig) -> None:
    store = S3Store(replace(moto_config, bucket="darkroom-elsewhere"))
    with pytest.raises(Unavailable, match="darkroom-elsewhere"):
        await store.check()
    await store.close()


async def test_without_the_extra(moto_config: StoreConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    store = S3Store(moto_config)
    assert urls_of(store).get(ALICE, now=NOW, expires=60)
    real = importlib.import_module

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("aiobotocore"):
            raise builtins.ImportError(f"No module named {name}")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(Unavailable, match=r"darkroom\[s3\]"):
        await store.check()
    await store.close()


async def test_an_answer_cut_off_is_an_error(moto_store: S3Store) -> None:
    class Cut:
        async def read(self, _: int) -> bytes:
            raise aiohttp.ClientPayloadError("connection closed")

        def close(self) -> None:
            """Nothing to close."""

    reader = s3.BodyReader(Cut(), "read")
    with pytest.raises(Unavailable):
        await anext(reader)
    await reader.aclose()
    await reader.aclose()


async def test_a_part_of_a_bucket(moto_config: StoreConfig) -> None:
    with pytest.raises(ValueError, match="no prefix"):
        S3Store(replace(moto_config, prefix="a/"))
    stores = [S3Store(replace(moto_config, prefix=prefix, proxy=True)) for prefix in ("a/", "b/", "")]
    try:
        first, second, whole = stores
        await first.put("1/x", body(b"one"), length=3, md5=None)
        await first.put("1/y", body(b"more"), length=4, md5=None)
        await second.put("1/x", body(b"two"), length=3, md5=None)
        await first.mark("ours")
        assert [info.key async for info in first.list("1/")] == ["1/x", "1/y"]
        assert [info.key async for info in first.list(after="1/x")] == ["1/y"]
        assert {info.key async for info in whole.list()} == {"a/1/x", "a/1/y", "b/1/x", "a/darkroom-instance"}
        assert (await first.marker(), await second.marker()) == ("ours", None)
        assert [block async for block in await second.open("1/x")] == [b"two"]
        theirs = await second.create_multipart("1/z")
        await first.create_multipart("1/z")
        assert await first.sweep(1 << 62) == 1
        await second.put_part("1/z", theirs, 1, body(b"part"), length=4, md5=None)
        assert await second.sweep(1 << 62) == 1
        await first.delete("1/x")
        assert [await store.head("1/x") is None for store in (first, second)] == [True, False]
    finally:
        for store in stores:
            await store.close()
