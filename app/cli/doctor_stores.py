"""What `darkroom doctor` finds of the object stores: each used as apps and this server use it, with an object that is removed again."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from storage_backends import ObjectStore, StoreError

from ..kernel.config import Config
from ..kernel.config_sources import ConfigError
from . import build
from .doctor_local import Finding

ORIGINS = ("https://web.ente.io", "ente://app", "https://albums.ente.io")
SECONDS = 30.0
MINUTES = 600
PROBE = bytes(range(256)) * 64
PART = b"\0" * (5 << 20)  # the smallest that S3 takes for a part that is not the last
Head = Mapping[str, str]


async def examine(config: Config) -> list[Finding]:
    found: list[Finding] = []
    for storage in config.storage:
        name = f"store {storage.name}"
        if storage.kind not in ("filesystem", "s3"):
            found.append(Finding(name, "skip", f"{storage.kind}: only its server may open it; ask /healthz"))
            continue
        try:
            store = build.store_of(config, storage)
        except ConfigError as e:
            found.append(Finding(name, "fail", str(e)))
            continue
        try:
            found += await _store(name, store)
        finally:
            await store.close()
    return found


async def _store(name: str, store: ObjectStore) -> list[Finding]:
    try:
        await store.check()
    except (StoreError, OSError) as e:
        return [Finding(name, "fail", f"cannot be used: {e}", "is it mounted, running, reachable, and are its keys right?")]
    found = [Finding(name, "ok", f"{store.kind}: writes and removes")]
    key = f"0/{uuid.uuid4()}"
    try:
        found += await _server_side(name, store, key)
        if store.presigner is not None:
            found += await _from_outside(name, store, key)
    except (StoreError, OSError, http.client.HTTPException) as e:
        found.append(Finding(name, "fail", f"{type(e).__name__}: {e}", "the store's own log may say more"))
    finally:
        try:
            await store.delete(key)
        except (StoreError, OSError) as e:
            found.append(Finding(name, "warn", f"the probe {key} could not be removed: {e}"))
    return found


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _server_side(name: str, store: ObjectStore, key: str) -> list[Finding]:
    md5 = hashlib.md5(PROBE, usedforsecurity=False).digest()
    await store.put(key, _pieces(PROBE), length=len(PROBE), md5=md5)
    reader = await store.open(key, 100, 50)
    got = b"".join([piece async for piece in reader])
    if got != PROBE[100:150]:
        return [Finding(f"{name}: range", "fail", "a range of an object is not what was stored", "videos will not play")]
    return [Finding(f"{name}: range", "ok")]


async def _from_outside(name: str, store: ObjectStore, key: str) -> list[Finding]:
    """With URLs as apps get them."""
    presign, now = store.presigner, datetime.now(UTC)
    assert presign is not None
    md5 = hashlib.md5(PROBE, usedforsecurity=False).digest()
    url = presign.put(key, now=now, expires=MINUTES, length=len(PROBE), md5=md5)
    heads = {"Content-MD5": base64.b64encode(md5).decode()}
    status, _, _ = await ask("PUT", url, heads, PROBE)
    found = [_judged(f"{name}: upload by URL", status in (200, 201), status, "the clock, the region and the keys of the store must be right")]
    wrong, _, _ = await ask("PUT", url, heads, PROBE[:-1] + b"x")
    found.append(_judged(f"{name}: refuses wrong bytes", wrong >= 400, wrong, "this store ignores Content-MD5: broken uploads would stay unseen"))
    get = presign.get(key, now=now, expires=MINUTES)
    status, _, got = await ask("GET", get, {"Range": "bytes=10-19"})
    found.append(_judged(f"{name}: range by URL", status == 206 and got == PROBE[10:20], status, "videos will not play"))
    for origin in ORIGINS:
        found.append(await _preflight(name, url, origin))
    found.append(await _multipart(name, store, key))
    return found


async def _preflight(name: str, url: str, origin: str) -> Finding:
    asked = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-md5,content-type"}
    status, heads, _ = await ask("OPTIONS", url, asked)
    headers = heads.get("access-control-allow-headers", "").lower()
    allowed = heads.get("access-control-allow-origin", "") in ("*", origin)
    missing = [
        rule
        for rule, there in (
            (f"AllowedOrigins {origin}", allowed),
            ("AllowedMethods PUT", "PUT" in heads.get("access-control-allow-methods", "").upper()),
            ("AllowedHeaders *", "content-md5" in headers or "*" in headers),
        )
        if not there
    ]
    what = f"{name}: browsers of {origin}"
    if status >= 300 or missing:
        return Finding(what, "fail", f"preflight {status}", f"add to the bucket's CORS rules: {', '.join(missing) or 'this origin'}")
    return Finding(what, "ok")


async def _multipart(name: str, store: ObjectStore, key: str) -> Finding:
    presign, now = store.presigner, datetime.now(UTC)
    assert presign is not None
    what = f"{name}: upload in parts"
    upload = await store.create_multipart(key)
    try:
        tags = []
        for number, part in ((1, PART), (2, PROBE)):
            url = presign.part(key, upload, number, now=now, expires=MINUTES, length=len(part), md5=None)
            status, heads, _ = await ask("PUT", url, {}, part)
            if status != 200 or "etag" not in heads:
                return Finding(what, "fail", f"part {number}: {status}", "large videos cannot be uploaded; browsers need ExposeHeaders ETag")
            tags.append((number, heads["etag"]))
        await store.complete_multipart(key, upload, tags, length=len(PART) + len(PROBE))
    except StoreError as e:
        return Finding(what, "fail", str(e), "large videos cannot be uploaded")
    return Finding(what, "ok")


def _judged(what: str, good: bool, status: int, do: str) -> Finding:
    return Finding(what, "ok") if good else Finding(what, "fail", f"answers {status}", do)


async def ask(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, Head, bytes]:
    """(status, headers in lower case, the first MiB of the body)."""
    return await asyncio.to_thread(request, method, url, headers, body)


def request(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, Head, bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=SECONDS)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body=body or None, headers={**headers, **({"Content-Length": str(len(body))} if body else {})})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read(1 << 20)
    finally:
        connection.close()
