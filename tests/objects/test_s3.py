"""Uploads, commits and deletions with S3 behind: clients reach it themselves (direct) or through our origin (proxy).

On moto in this process, and on the real server that `DARKROOM_TEST_S3_URL` names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.kernel.clock import DAY, HOUR, SystemClock
from app.objects import deletion, strays
from storage_backends import S3Store
from tests import buckets
from tests.buckets import moto_url
from tests.collections.scenes import album, diff
from tests.files.photos import changed, trash
from tests.inprocess import Person, Response, World
from tests.objects.parcels import ORIGIN, document, md5, row, send, stored_bytes

__all__ = ["moto_url"]

KINDS = ["moto-direct", "moto-proxy", *(["real-direct", "real-proxy"] if buckets.REAL else [])]
FILE, THUMB = b"file" * 700, b"thumbnail"
PARTS = [b"p" * (5 << 20), b"rest"]
Json = dict[str, Any]


@pytest.fixture(params=KINDS)
async def s3(request: pytest.FixtureRequest, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[S3Store]:
    """Takes the place of the world's store. The clock is right, because a real server looks at its own."""
    real = request.param.startswith("real")
    spool = tmp_path / "spool"
    config = buckets.on_real(spool) if real else buckets.on_moto(request.getfixturevalue("moto_url"), spool)
    config = replace(config, name=world.kernel.store.name, proxy=request.param.endswith("proxy"))
    store = S3Store(config)
    monkeypatch.setitem(world.kernel.stores, config.name, store)
    world.clock.advance(SystemClock().now() - world.clock.now())
    yield store
    await store.close()
    if real:
        await buckets.empty(config)


async def go(who: Person, method: str, url: str, data: bytes = b"", **headers: str) -> Response:
    """A request to an object URL, wherever that is."""
    if url.startswith(ORIGIN):
        return await send(who, method, url, data, **headers)
    async with httpx.AsyncClient(timeout=20) as client:
        answer = await client.request(method, url, content=data, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return Response(answer.status_code, dict(answer.headers), answer.content)


async def sized(who: Person, data: bytes) -> Json:
    return (await who.post("/files/upload-url", {"contentLength": len(data), "contentMD5": md5(data)})).json()  # type: ignore[no-any-return]  # JSON


async def free(who: Person) -> Json:
    """A v1 URL, which binds no content."""
    return (await who.get("/files/upload-urls?count=1")).json()["urls"][0]  # type: ignore[no-any-return]  # JSON


async def uploaded(who: Person, data: bytes) -> str:
    made = await sized(who, data)
    assert (await go(who, "PUT", made["url"], data, Content_MD5=md5(data))).status == 200
    return str(made["objectKey"])


async def parts_begun(who: Person) -> Json:
    ask = {"contentLength": sum(map(len, PARTS)), "partLength": len(PARTS[0]), "partMd5s": [md5(data) for data in PARTS]}
    return (await who.post("/files/multipart-upload-url", ask)).json()  # type: ignore[no-any-return]  # JSON


async def parts_sent(who: Person, made: Json) -> list[str]:
    answers = [await go(who, "PUT", url, data, Content_MD5=md5(data)) for url, data in zip(made["partURLs"], PARTS, strict=True)]
    assert [answer.status for answer in answers] == [200, 200]
    return [answer.headers["etag"] for answer in answers]


def body(collection: int, file_key: str, size: int, thumb_key: str) -> Json:
    return {
        "collectionID": collection, "encryptedKey": "key", "keyDecryptionNonce": "nonce",
        "file": {"objectKey": file_key, "decryptionHeader": "fh", "size": size},
        "thumbnail": {"objectKey": thumb_key, "decryptionHeader": "th", "size": len(THUMB)},
        "metadata": {"encryptedData": "meta", "decryptionHeader": "mh"},
    }  # fmt: skip


async def read(who: Person, file_id: int, kind: str = "download", **headers: str) -> Response:
    found = await who.get(f"/files/{kind}/{file_id}", expect=307)
    return await go(who, "GET", found.headers["location"], **headers)


async def test_it_works(s3: S3Store, alice: Person) -> None:
    home = await album(alice)
    key, thumb = await uploaded(alice, FILE), await uploaded(alice, THUMB)
    made = (await alice.post("/files", body(home, key, len(FILE), thumb))).json()
    assert (await read(alice, made["id"])).content == FILE
    assert (await read(alice, made["id"], "preview")).content == THUMB
    part = await read(alice, made["id"], Range="bytes=4-11")
    assert (part.status, part.content, part.headers["content-range"]) == (206, FILE[4:12], f"bytes 4-11/{len(FILE)}")
    assert (await read(alice, made["id"], Range=f"bytes={len(FILE)}-")).status == 416
    again = (await alice.post("/files", body(home, key, len(FILE), thumb))).json()
    assert again["id"] == made["id"]


async def test_a_file_in_parts(s3: S3Store, alice: Person) -> None:
    made = await parts_begun(alice)
    tags = await parts_sent(alice, made)
    answer = await go(alice, "POST", made["completeURL"], document(tags), Content_Type="text/xml")
    assert (answer.status, b"<Error" in answer.content) == (200, False)
    ask = body(await album(alice), made["objectKey"], sum(map(len, PARTS)), await uploaded(alice, THUMB))
    file_id = (await alice.post("/files", ask)).json()["id"]
    assert (await read(alice, file_id)).content == b"".join(PARTS)


async def test_what_never_came_is_no_file(s3: S3Store, alice: Person) -> None:
    """Neither an object without its PUT nor parts without their completion; and the same commit works once the bytes are there."""
    home, made, thumb = await album(alice), await sized(alice, FILE), await uploaded(alice, THUMB)
    ask = body(home, made["objectKey"], len(FILE), thumb)
    assert (await alice.post("/files", ask, expect=503)).json()["code"] == "OBJECT_SIZE_FETCH_FAILED"
    parts = await parts_begun(alice)
    await parts_sent(alice, parts)
    in_parts = body(home, parts["objectKey"], sum(map(len, PARTS)), thumb)
    assert (await alice.post("/files", in_parts, expect=503)).json()["code"] == "OBJECT_SIZE_FETCH_FAILED"
    assert await diff(alice, home) == []
    await go(alice, "PUT", made["url"], FILE, Content_MD5=md5(FILE))
    assert (await alice.post("/files", ask)).json()["id"]


async def test_the_size_is_what_the_store_has(s3: S3Store, alice: Person) -> None:
    home = await album(alice)
    ask = body(home, await uploaded(alice, FILE), len(FILE), await uploaded(alice, THUMB))
    await alice.post("/files", changed(ask, file__size=len(FILE) - 1), expect=400)
    assert await diff(alice, home) == []


async def test_an_upload_given_up(request: pytest.FixtureRequest, world: World, s3: S3Store, alice: Person) -> None:
    """Its parts are dropped after the life of every URL, and its key leads nowhere then."""
    made = await parts_begun(alice)
    tags = await parts_sent(alice, made)
    world.clock.advance(deletion.KEY_LIFE - HOUR)
    if request.node.callspec.params["s3"].startswith("real"):  # to moto every upload was begun in 2010
        await deletion.sweep(world.kernel)
        assert len(await s3._held_parts(made["objectKey"], _upload_id(made))) == len(PARTS)
    world.clock.advance(2 * HOUR)
    await deletion.sweep(world.kernel)
    answer = await go(alice, "POST", made["completeURL"], document(tags))
    assert answer.status >= 400 or b"NoSuchUpload" in answer.content
    assert await stored_bytes(world, made["objectKey"]) is None
    assert [info async for info in s3.list()] == []


def _upload_id(made: Json) -> str:
    name = "uploadId" if "uploadId" in made["completeURL"] else "up"
    return httpx.URL(made["completeURL"]).params[name]


async def test_committed_bytes_are_not_replaced(world: World, s3: S3Store, alice: Person) -> None:
    """A v1 URL may be used again until somebody commits. It is on our own origin, because no S3 would refuse it afterwards."""
    home, made, thumb = await album(alice), await free(alice), await uploaded(alice, THUMB)
    assert made["url"].startswith(f"{ORIGIN}/objects/")
    for data in (THUMB, FILE):
        assert (await go(alice, "PUT", made["url"], data)).status == 200
    assert await row(world, made["objectKey"]) is not None
    file_id = (await alice.post("/files", body(home, made["objectKey"], len(FILE), thumb))).json()["id"]
    assert (await go(alice, "PUT", made["url"], b"other" * 1000)).status == 409
    assert (await read(alice, file_id)).content == FILE


async def test_the_same_bytes_again_do_no_harm(s3: S3Store, alice: Person) -> None:
    """A client whose first answer was lost sends them once more, perhaps after its commit."""
    made = await sized(alice, FILE)
    for _ in range(2):
        assert (await go(alice, "PUT", made["url"], FILE, Content_MD5=md5(FILE))).status == 200
    ask = body(await album(alice), made["objectKey"], len(FILE), await uploaded(alice, THUMB))
    file_id = (await alice.post("/files", ask)).json()["id"]
    assert (await go(alice, "PUT", made["url"], FILE, Content_MD5=md5(FILE))).status == 200
    assert (await read(alice, file_id)).content == FILE


async def test_deleted_for_good(world: World, s3: S3Store, alice: Person) -> None:
    home = await album(alice)
    made, thumb = await sized(alice, FILE), await uploaded(alice, THUMB)
    await go(alice, "PUT", made["url"], FILE, Content_MD5=md5(FILE))
    file_id = (await alice.post("/files", body(home, made["objectKey"], len(FILE), thumb))).json()["id"]
    await trash(alice, (file_id, home))
    assert await stored_bytes(world, made["objectKey"]) == FILE
    await alice.post("/trash/delete", {"fileIDs": [file_id]})
    await deletion.run_deletions(world.kernel)
    world.clock.advance(world.kernel.config.trash.deletion_grace_days * DAY + HOUR)
    await deletion.run_deletions(world.kernel)
    assert [info async for info in s3.list()] == []


# what clients put into a direct store and never commit; over our own origin it has a row at once

direct_only = pytest.mark.parametrize("s3", [kind for kind in KINDS if kind.endswith("direct")], indirect=True)


async def stray(world: World, who: Person) -> str:
    key = await uploaded(who, FILE)
    assert await row(world, key) is None
    return key


@direct_only
async def test_strays_get_a_row_and_expire(world: World, s3: S3Store, alice: Person) -> None:
    key = await stray(world, alice)
    foreign = "9/not-ours"
    await s3.put(foreign, _once(b"x"), length=1, md5=None)
    await strays.adopt(world.kernel)
    assert await row(world, key) is None  # somebody may be about to commit it
    world.clock.advance(strays.AGE + HOUR)
    await strays.adopt(world.kernel)
    await strays.adopt(world.kernel)
    assert await row(world, key) == ("pending", len(FILE), None)
    world.clock.advance(deletion.PENDING_AGE - HOUR)
    await deletion.sweep(world.kernel)
    assert await stored_bytes(world, key) == FILE
    world.clock.advance(2 * HOUR)
    await deletion.sweep(world.kernel)
    assert [info.key async for info in s3.list()] == [foreign]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


@direct_only
async def test_a_stray_may_still_be_committed(world: World, s3: S3Store, alice: Person) -> None:
    key = await stray(world, alice)
    world.clock.advance(strays.AGE + HOUR)
    await strays.adopt(world.kernel)
    file_id = (await alice.post("/files", body(await album(alice), key, len(FILE), await _staged_thumb(alice)))).json()["id"]
    await strays.adopt(world.kernel)
    assert await row(world, key) == ("stored", len(FILE), None)
    assert file_id


async def _staged_thumb(who: Person) -> str:
    """Over our origin: its URL is signed by the test's clock, which a real server does not follow."""
    made = await free(who)
    await go(who, "PUT", made["url"], THUMB)
    return str(made["objectKey"])


@direct_only
async def test_strays_of_people_this_database_does_not_know(world: World, s3: S3Store, alice: Person) -> None:
    """It is an older one, put back: their bytes are not touched."""
    await stray(world, alice)
    key = world.kernel.crypto.mint_key(alice.user_id + 1000)
    await s3.put(key, _once(b"x"), length=1, md5=None)
    world.clock.advance(strays.AGE + HOUR)
    await strays.adopt(world.kernel)
    assert await row(world, key) is None
    assert await stored_bytes(world, key) == b"x"


@direct_only
async def test_a_listing_may_be_old(world: World, s3: S3Store, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row for bytes that went meanwhile could be committed without them."""
    key = await stray(world, alice)
    infos = [info async for info in s3.list()]
    await s3.delete(key)

    async def old() -> AsyncIterator[Any]:
        for info in infos:
            yield info

    monkeypatch.setattr(s3, "list", old)
    world.clock.advance(strays.AGE + HOUR)
    await strays.adopt(world.kernel)
    assert await row(world, key) is None
