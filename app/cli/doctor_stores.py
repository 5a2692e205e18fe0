"""What `darkroom doctor` finds of the object stores: each used as apps and this server use it, with objects that are removed again."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from storage_backends import ObjectStore, StoreError
from storage_backends.contract import Presigner

from ..kernel.config import APPS, Config
from ..kernel.config_sources import ConfigError
from . import build
from .doctor_local import Finding, Verdict

PUBLIC = {"web": ("https://web.ente.io", "https://albums.ente.io", "null"), "desktop": ("ente://app",), "ios": (), "android": ()}
"""Pages of others that read what is here; `null` is a download that was redirected. Apps of phones ask for no permission of this kind."""
SECONDS = 30.0
MINUTES = 600
SKEW = 60.0  # seconds between two clocks; signed URLs are refused from some minutes on
PROBE = bytes(range(256)) * 64
PART = b"\0" * (5 << 20)  # the smallest that S3 takes for a part that is not the last
Head = Mapping[str, str]


def origins(config: Config, client: str | None) -> dict[str, str]:
    """Origin → what a report calls it: of the pages that this client is, or all are, and of this installation's own web apps."""
    found = {origin: origin for name in ([client] if client else PUBLIC) for origin in PUBLIC[name]}
    if client in (None, "web"):
        for app in APPS:
            parts = urlsplit(config.app_address(app) or "")
            if parts.netloc and f"{parts.scheme}://{parts.netloc}" not in found:
                found[f"{parts.scheme}://{parts.netloc}"] = "an own app"
    return found


async def examine(config: Config, client: str | None = None) -> list[Finding]:
    found: list[Finding] = []
    for number, storage in enumerate(config.storage, 1):
        look = Look(storage.name, number, origins(config, client))
        if storage.kind not in ("filesystem", "s3"):
            look.say("", "skip", f"{storage.kind}: only its server may open it; ask /healthz")
        else:
            try:
                store = build.store_of(config, storage)
            except ConfigError as e:
                look.say("", "fail", str(e))
            else:
                try:
                    await look.at(store)
                finally:
                    await store.close()
        found += look.found
    return found


@dataclass(slots=True)
class Look:
    """At one store; what was found so far."""

    name: str
    number: int
    pages: Mapping[str, str]
    found: list[Finding] = field(default_factory=list)

    def say(self, what: str, verdict: Verdict, say: str = "", do: str = "", *, kind: str = "") -> None:
        end, plain = (f": {what}" if what else ""), (f": {kind or what}" if what else "")
        self.found.append(Finding(f"store {self.name}{end}", verdict, say, do, f"store {self.number}{plain}"))

    def judge(self, what: str, good: bool, status: int, do: str) -> None:
        if good:
            self.say(what, "ok")
        else:
            self.say(what, "fail", f"answers {status}", do)

    async def at(self, store: ObjectStore) -> None:
        try:
            await store.check()
        except (StoreError, OSError) as e:
            self.say("", "fail", f"cannot be used: {e}", "is it mounted, running, reachable, and are its keys right?")
            return
        self.say("", "ok", f"{store.kind}: writes and removes")
        keys = [f"0/{uuid.uuid4()}" for _ in range(3)]
        try:
            await self._server_side(store, keys[0])
            await self._in_parts(store, keys[1])
            if store.presigner is not None:
                await self._from_outside(store.presigner, keys[2])
        except (StoreError, OSError, http.client.HTTPException) as e:
            self.say("", "fail", f"{type(e).__name__}: {e}", "the store's own log may say more")
        for key in keys:
            try:
                await store.delete(key)
            except (StoreError, OSError) as e:
                self.say("", "warn", f"the probe {key} could not be removed: {e}")

    async def _server_side(self, store: ObjectStore, key: str) -> None:
        md5 = hashlib.md5(PROBE, usedforsecurity=False).digest()
        await store.put(key, _pieces(PROBE), length=len(PROBE), md5=md5)
        reader = await store.open(key, 100, 50)
        got = b"".join([piece async for piece in reader])
        if got == PROBE[100:150]:
            self.say("range", "ok")
        else:
            self.say("range", "fail", "a range of an object is not what was stored", "videos will not play")

    async def _in_parts(self, store: ObjectStore, key: str) -> None:
        """A first part as the server takes it, a second one by a URL where the store has such."""
        what, lost, now = "upload in parts", "large videos cannot be uploaded", datetime.now(UTC)
        upload = await store.create_multipart(key)
        try:
            tags = [(1, (await store.put_part(key, upload, 1, _pieces(PART), length=len(PART), md5=None)).etag)]
            if store.presigner is None:
                tags.append((2, (await store.put_part(key, upload, 2, _pieces(PROBE), length=len(PROBE), md5=None)).etag))
            else:
                url = store.presigner.part(key, upload, 2, now=now, expires=MINUTES, length=len(PROBE), md5=None)
                status, heads, _ = await ask("PUT", url, {}, PROBE)
                if status != 200 or "etag" not in heads:
                    self.say(what, "fail", f"part 2: {status}", lost)
                    return
                tags.append((2, heads["etag"].strip('"')))
            await store.complete_multipart(key, upload, tags, length=len(PART) + len(PROBE))
        except StoreError as e:
            self.say(what, "fail", str(e), lost)
        else:
            self.say(what, "ok")

    async def _from_outside(self, sign: Presigner, key: str) -> None:
        """With URLs as apps get them."""
        now = datetime.now(UTC)
        md5 = hashlib.md5(PROBE, usedforsecurity=False).digest()
        url = sign.put(key, now=now, expires=MINUTES, length=len(PROBE), md5=md5)
        heads = {"Content-MD5": base64.b64encode(md5).decode()}
        status, said, _ = await ask("PUT", url, heads, PROBE)
        self._clock(said)
        self.judge("upload by URL", status in (200, 201), status, "the clock, the region and the keys of the store must be right")
        get = sign.get(key, now=now, expires=MINUTES)
        status, _, got = await ask("GET", get, {"Range": "bytes=10-19"})
        self.judge("range by URL", status == 206 and got == PROBE[10:20], status, "videos will not play")
        status, _, _ = await ask("PUT", url, heads, PROBE[:-1] + b"x")
        self.judge("refuses wrong bytes", status >= 400, status, "this store ignores Content-MD5: broken uploads would stay unseen")
        status, _, _ = await ask("PUT", url, heads, PROBE + b"x")
        self.judge("refuses more bytes", status >= 400, status, "this store ignores the signed length: an upload may be larger than it was counted")
        for origin, kind in self.pages.items():
            await self._page(url, get, origin, kind)

    def _clock(self, said: Head) -> None:
        try:
            skew = (datetime.now(UTC) - parsedate_to_datetime(said.get("date", ""))).total_seconds()
        except (TypeError, ValueError):
            return
        if abs(skew) > SKEW:
            self.say("clock", "fail", f"{abs(skew):.0f} s apart from this one", "let NTP keep both: signed URLs are refused")
        else:
            self.say("clock", "ok")

    async def _page(self, put: str, get: str, origin: str, kind: str) -> None:
        """What a browser on a page of this origin asks before an upload, and needs to see of a download."""
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-md5,content-type"}
        status, before, _ = await ask("OPTIONS", put, asked)
        _, after, _ = await ask("GET", get, {"Origin": origin, "Range": "bytes=0-0"})
        missing = _rules(origin, before, after)
        what, named = f"browsers of {origin}", f"browsers of {kind}"
        if status >= 300 or missing:
            do = f"add to the bucket's CORS rules: {', '.join(missing) or f'AllowedOrigins {origin}'} (docs/object-store.md)"
            self.say(what, "fail", f"preflight {status}", do, kind=named)
        else:
            self.say(what, "ok", kind=named)


def _rules(origin: str, before: Head, after: Head) -> list[str]:
    """Which rules of S3's CORS are missing, by the preflight of an upload and the answer of a download."""
    headers = before.get("access-control-allow-headers", "").lower()
    shown = after.get("access-control-expose-headers", "").lower()
    there = (
        (f"AllowedOrigins {origin}", before.get("access-control-allow-origin", "") in ("*", origin)),
        ("AllowedMethods PUT", "PUT" in before.get("access-control-allow-methods", "").upper()),
        ("AllowedHeaders *", "content-md5" in headers or "*" in headers),
        ("AllowedMethods GET", after.get("access-control-allow-origin", "") in ("*", origin)),
        ("ExposeHeaders ETag", "etag" in shown or "*" in shown),
    )
    return [rule for rule, good in there if not good]


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


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
