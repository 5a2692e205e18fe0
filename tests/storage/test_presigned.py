"""Presigned URLs over real HTTP, as clients use them. moto verifies neither signatures nor digests, so the refusals are a real server's."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from storage_backends import S3Store, StoreConfig
from tests import buckets

from .bodies import ALICE, BOB, MIB, PHOTO, filler, md5, put, read, urls_of

PARTS = [filler(5 * MIB, 5), filler(1000, 6)]
WEEK = 604800
NOW = datetime.now(UTC)

NEEDED = "a real S3 server, which DARKROOM_TEST_S3_URL names (bench/README.md)"
on_a_real_server = pytest.mark.parametrize("bucket", [pytest.param("real", marks=pytest.mark.skipif(not buckets.REAL, reason=NEEDED))], indirect=True)


@pytest.fixture(params=["moto", *(["real"] if buckets.REAL else [])])
async def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[S3Store]:
    config: StoreConfig = buckets.on_real(tmp_path) if request.param == "real" else request.getfixturevalue("moto_config")
    store = S3Store(config)
    yield store
    await store.close()
    if request.param == "real":
        await buckets.empty(config)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


def bound(data: bytes) -> dict[str, str]:
    return {"Content-MD5": base64.b64encode(md5(data)).decode()}


def put_url(store: S3Store, data: bytes, *, now: datetime = NOW) -> str:
    return urls_of(store).put(ALICE, now=now, expires=WEEK, length=len(data), md5=md5(data))


def part_url(store: S3Store, upload_id: str, number: int, data: bytes) -> str:
    return urls_of(store).part(ALICE, upload_id, number, now=NOW, expires=WEEK, length=len(data), md5=md5(data))


def document(tags: list[str]) -> str:
    parts = "\n".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in enumerate(tags, 1))
    return f"<CompleteMultipartUpload>\n{parts}\n</CompleteMultipartUpload>"


async def send_parts(store: S3Store, http: httpx.AsyncClient, upload_id: str) -> list[str]:
    """The ETags as the server sends them."""
    tags = []
    for number, data in enumerate(PARTS, 1):
        answer = await http.put(part_url(store, upload_id, number, data), content=data, headers=bound(data))
        assert answer.status_code == 200
        tags.append(answer.headers["etag"])
    return tags


async def complete(store: S3Store, http: httpx.AsyncClient, upload_id: str, tags: list[str]) -> httpx.Response:
    url = urls_of(store).complete(ALICE, upload_id, now=NOW, expires=WEEK)
    return await http.post(url, content=document(tags), headers={"Content-Type": "text/xml"})


# what works


async def test_put_and_get(bucket: S3Store, http: httpx.AsyncClient) -> None:
    url = put_url(bucket, PHOTO)
    assert "content-length%3Bcontent-md5%3Bhost" in url
    for _ in range(2):
        answer = await http.put(url, content=PHOTO, headers={**bound(PHOTO), "X-Client-Package": "io.ente.photos.web"})
        assert answer.status_code == 200
        assert answer.headers["etag"] == f'"{md5(PHOTO).hex()}"'
    info = await bucket.head(ALICE)
    assert info is not None
    assert (info.size, info.etag) == (len(PHOTO), md5(PHOTO).hex())

    get = await http.get(urls_of(bucket).get(ALICE, now=NOW, expires=WEEK), headers={"X-Auth-Token": "sent along by some clients"})
    assert get.content == PHOTO
    assert get.headers["content-disposition"] == "attachment"
    assert get.headers["content-type"] == "application/octet-stream"
    part = await http.get(urls_of(bucket).get(ALICE, now=NOW, expires=WEEK), headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, PHOTO[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(PHOTO)}"
    plain = urls_of(bucket).get(ALICE, now=NOW, expires=WEEK, attachment=False)
    assert "response-content" not in plain
    assert (await http.get(plain)).content == PHOTO
    preview = urls_of(bucket).get(ALICE, now=NOW, expires=WEEK, octet_stream=False)
    assert "response-content-disposition=attachment" in preview
    assert "response-content-type" not in preview


@pytest.mark.parametrize("quotes", [True, False])
async def test_multipart(bucket: S3Store, http: httpx.AsyncClient, quotes: bool) -> None:
    upload_id = await bucket.create_multipart(ALICE)
    tags = await send_parts(bucket, http, upload_id)
    assert tags == [f'"{md5(data).hex()}"' for data in PARTS]
    answer = await complete(bucket, http, upload_id, tags if quotes else [tag.strip('"') for tag in tags])
    assert answer.status_code == 200
    assert "<Error" not in answer.text
    assert await read(bucket, ALICE) == b"".join(PARTS)


async def test_an_aborted_upload_takes_no_more_parts(bucket: S3Store, http: httpx.AsyncClient) -> None:
    upload_id = await bucket.create_multipart(ALICE)
    tags = await send_parts(bucket, http, upload_id)
    assert await bucket.sweep(1 << 62) == 1
    data = PARTS[1]  # a small one: servers answer without reading it
    assert (await http.put(part_url(bucket, upload_id, 2, data), content=data, headers=bound(data))).status_code == 404
    answer = await complete(bucket, http, upload_id, tags)
    assert answer.status_code >= 400 or "NoSuchUpload" in answer.text  # S3 may put an error of a completion into a 200
    assert await bucket.head(ALICE) is None


# what is refused


@on_a_real_server
async def test_other_bytes_than_promised(bucket: S3Store, http: httpx.AsyncClient) -> None:
    """`BadDigest` is the word that mobile looks for."""
    url, data = put_url(bucket, PHOTO), filler(len(PHOTO), 7)
    answer = await http.put(url, content=data, headers=bound(PHOTO))
    assert (answer.status_code, "BadDigest" in answer.text) == (400, True)
    for body, headers in [
        (data, bound(data)),
        (PHOTO[:-1], bound(PHOTO)),
        (PHOTO[:-1], bound(PHOTO[:-1])),
        (PHOTO + b"x", bound(PHOTO)),
        (PHOTO, {}),
    ]:
        assert (await http.put(url, content=body, headers=headers)).status_code == 403
    assert await bucket.head(ALICE) is None
    assert (await http.put(url, content=PHOTO, headers=bound(PHOTO))).status_code == 200


@on_a_real_server
async def test_other_parts_than_promised(bucket: S3Store, http: httpx.AsyncClient) -> None:
    upload_id, data = await bucket.create_multipart(ALICE), PARTS[1]
    url = part_url(bucket, upload_id, 1, data)
    answer = await http.put(url, content=bytes(len(data)), headers=bound(data))
    assert (answer.status_code, "BadDigest" in answer.text) == (400, True)
    assert (await http.put(url, content=data[:-1], headers=bound(data[:-1]))).status_code == 403
    answer = await complete(bucket, http, upload_id, [md5(data).hex()])
    assert answer.status_code == 400 or "InvalidPart" in answer.text
    assert await bucket.head(ALICE) is None


@on_a_real_server
async def test_an_upload_is_completed_once(bucket: S3Store, http: httpx.AsyncClient) -> None:
    """So nobody can change it once it was committed."""
    upload_id = await bucket.create_multipart(ALICE)
    tags = await send_parts(bucket, http, upload_id)
    await complete(bucket, http, upload_id, tags)
    before = await bucket.head(ALICE)
    other = filler(1000, 8)
    url = urls_of(bucket).part(ALICE, upload_id, 1, now=NOW, expires=WEEK, length=None, md5=None)
    assert (await http.put(url, content=other)).status_code == 404
    await complete(bucket, http, upload_id, tags[:1])
    assert await bucket.head(ALICE) == before
    assert await read(bucket, ALICE) == b"".join(PARTS)


@on_a_real_server
async def test_urls_are_good_for_nothing_else(bucket: S3Store, http: httpx.AsyncClient) -> None:
    await put(bucket, ALICE, PHOTO)
    await put(bucket, BOB, PHOTO)
    url = put_url(bucket, PHOTO)
    get = urls_of(bucket).get(ALICE, now=NOW, expires=WEEK)
    refused = [
        await http.get(url),
        await http.delete(url),
        await http.put(url.replace(ALICE, BOB), content=PHOTO, headers=bound(PHOTO)),
        await http.put(get, content=PHOTO),
        await http.get(get.replace(ALICE, BOB)),
        await http.get(get.partition("?")[0]),
        await http.put(put_url(bucket, PHOTO, now=NOW - timedelta(days=8)), content=PHOTO, headers=bound(PHOTO)),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    await bucket.delete(ALICE)
    assert (await http.get(get)).status_code == 404


# browsers


@on_a_real_server
async def test_what_browsers_ask_of_a_bucket(bucket: S3Store, http: httpx.AsyncClient) -> None:
    """With the rules of docs/object-store.md; `null` is the origin of a redirected request."""
    rule = {
        "AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD", "PUT", "POST"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"],
    }  # fmt: skip
    await bucket._call("put_bucket_cors", "allow", CORSConfiguration={"CORSRules": [rule]})
    try:
        for origin in ("https://photos.example.org", "null"):
            ask = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-md5,x-client-package"}
            answer = await http.options(put_url(bucket, PHOTO), headers=ask)
            assert answer.status_code in (200, 204)
            assert answer.headers["access-control-allow-origin"] in ("*", origin)
            assert {"content-md5", "x-client-package"} <= {n.strip().lower() for n in answer.headers["access-control-allow-headers"].split(",")}
            answer = await http.put(put_url(bucket, PHOTO), content=PHOTO, headers={**bound(PHOTO), "Origin": origin})
            assert answer.headers["access-control-allow-origin"] in ("*", origin)
            assert "etag" in answer.headers["access-control-expose-headers"].lower()
    finally:
        await bucket._call("delete_bucket_cors", "forbid")
