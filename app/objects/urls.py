"""Signed object URLs on our own origin: their one form, made and read here. Pure: no database, no store calls but presigning.

    {base}/objects/{key}?exp=…[&len=…&md5=…]&sig=…                 PUT; with length and MD5 (hex) bound, or neither (v1)
    {base}/objects/{key}?exp=…[&len=…[&md5=…]]&part=…&up=…[&st=…]&sig=…   PUT of one part of upload `up` in store `st` (default: the first)
    {base}/objects/{key}?exp=…[&len=…&n=…]&up=…[&st=…]&sig=…              POST that completes it; bound to n parts of len bytes in all, or not
    {base}/objects/{key}?exp=…&st=…&sig=…                          GET and HEAD from store `st`

The signature covers the purpose, the key and every value as it is spelled in the URL, so none can be changed, moved or left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from storage_backends import ObjectStore

from ..kernel.clock import SECOND
from ..kernel.crypto import Crypto
from ..kernel.parts import Kernel

PREFIX = "/objects/"
DAY_S = 86_400
VISIT_S = 5 * 60
"""Seconds after which the URLs of people without an account change; they live one to two of these, so nobody outlives a link by more.
Long enough that a page and its player share what a browser has kept, and that a slow phone begins what it asked for: a request that has
begun is finished. Apps keep thumbnails by the number of the file, not by this URL."""
FILM_S = 30 * 60
"""The same for previews of videos: a player reads one piece by piece under one URL for as long as somebody watches."""
PUT_LIFETIME = 7 * DAY_S
"""Seconds an upload URL lives (files.md §1): mobile resumes multipart uploads days later."""

_KEY = re.compile(
    r"[1-9][0-9]{0,18}/(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|file-data/[0-9]{1,19}/vid_preview/[0-9A-Za-z_]{1,64}|user-attachments/profile_picture/[0-9A-Za-z_-]{1,64})"  # adopted from museum
)
_BOUND = {"put": ("len", "md5"), "part": ("len", "md5", "part", "up", "st"), "complete": ("len", "n", "up", "st"), "get": ("st",)}


class BadSignature(Exception):
    """The URL was not made by us, or not for this method, key and values."""


class BadPath(Exception):
    """The path names no object key."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a verified URL allows. `expires` in seconds since 1970; absent values are None."""

    purpose: str  # put, part, complete, get
    key: str
    expires: int
    length: int | None = None
    md5: bytes | None = None
    part: int = 0
    upload_id: str = ""
    parts: int | None = None
    store: str = ""

    @property
    def owner_id(self) -> int:
        return int(self.key.partition("/")[0])


def read(crypto: Crypto, method: str, key: str, query: str) -> Ticket:
    """The ticket in a URL for PUT, POST, GET or HEAD. Raises BadPath, BadSignature. The expiry is the caller's to check."""
    if _KEY.fullmatch(key) is None:
        raise BadPath(key[:200])
    pairs = [p.partition("=")[::2] for p in query.split("&")] if query else []
    values = dict(pairs)
    if len(values) != len(pairs):
        raise BadSignature("a parameter twice")
    purpose = {"PUT": "part" if "part" in values else "put", "POST": "complete"}.get(method, "get")
    exp = values.get("exp", "")
    bound = [values.get(name, "") for name in _BOUND[purpose]]
    if not crypto.verify(values.get("sig", ""), purpose, key, exp, *bound):
        raise BadSignature(purpose)
    number = {name: int(values[name]) for name in ("len", "part", "n") if values.get(name)}
    return Ticket(
        purpose,
        key,
        int(exp),
        number.get("len"),
        bytes.fromhex(values["md5"]) if purpose in ("put", "part") and values.get("md5") else None,
        number.get("part", 0),
        unquote(values.get("up", "")),
        number.get("n"),
        values.get("st", ""),
    )


def _sign(crypto: Crypto, base_url: str, purpose: str, key: str, values: dict[str, str]) -> str:
    sig = crypto.sign(purpose, key, values["exp"], *(values.get(name, "") for name in _BOUND[purpose]))
    query = "&".join(f"{name}={value}" for name, value in values.items())
    return f"{base_url}{PREFIX}{key}?{query}&sig={sig}"


def _bound(length: int, md5: bytes | None) -> dict[str, str]:
    return {"len": str(length)} if md5 is None else {"len": str(length), "md5": md5.hex()}


def _now(kernel: Kernel) -> datetime:
    return datetime.fromtimestamp(kernel.clock.now() / SECOND, UTC)


def _upload_expiry(kernel: Kernel) -> str:
    return str(kernel.clock.now() // SECOND + PUT_LIFETIME)


def put_urls(kernel: Kernel, base_url: str, keys: list[str], length: int | None = None, md5: bytes | None = None) -> list[str]:
    """One PUT URL for each key; bound to length (bytes) and MD5 when both are given.

    Unbound ones are on our own origin even where clients reach the store: there, whoever holds one could put other bytes, of any length, in
    the place of those that were committed and counted. Parts need no such care, because an upload is completed once.
    """
    if length is not None and md5 is not None and (presigner := kernel.tiers.choose(length).presigner):
        now = _now(kernel)
        return [presigner.put(key, now=now, expires=PUT_LIFETIME, length=length, md5=md5) for key in keys]
    exp, sign = _upload_expiry(kernel), kernel.crypto.sign
    bound = ("", "") if length is None or md5 is None else (str(length), md5.hex())
    query = f"exp={exp}&len={bound[0]}&md5={bound[1]}" if bound[0] else f"exp={exp}"
    return [f"{base_url}{PREFIX}{key}?{query}&sig={sign('put', key, exp, *bound)}" for key in keys]


def probe(kernel: Kernel, length: int, md5: bytes) -> str:
    """The path of a PUT of so many bytes that nobody has asked for: whoever tries the way here sends other bytes than this MD5's, so that all of
    them arrive, are read, and nothing is kept."""
    exp, key, bound = str(kernel.clock.now() // SECOND + VISIT_S), f"1/{kernel.ids.uuid()}", _bound(length, md5)
    return _sign(kernel.crypto, "", "put", key, {"exp": exp, **bound})


@dataclass(frozen=True, slots=True)
class Begun:
    """A multipart upload under way, and the store that has its parts."""

    key: str
    upload_id: str
    store: ObjectStore


def part_urls(kernel: Kernel, base_url: str, upload: Begun, promises: Sequence[tuple[int, bytes | None] | None]) -> list[str]:
    """URLs for parts 1…n; each promise is (bytes, MD5 or None) or None."""
    key, upload_id = upload.key, upload.upload_id
    if presigner := upload.store.presigner:
        now = _now(kernel)
        return [
            presigner.part(key, upload_id, i, now=now, expires=PUT_LIFETIME, length=p[0] if p else None, md5=p[1] if p else None)
            for i, p in enumerate(promises, 1)
        ]
    exp, up, where = _upload_expiry(kernel), quote(upload_id, safe=""), _where(kernel, upload)
    return [
        _sign(kernel.crypto, base_url, "part", key, {"exp": exp, **(_bound(*p) if p else {}), "part": str(i), "up": up, **where})
        for i, p in enumerate(promises, 1)
    ]


def _where(kernel: Kernel, upload: Begun) -> dict[str, str]:
    return {} if upload.store.name == kernel.tiers.first else {"st": upload.store.name}


def complete_url(kernel: Kernel, base_url: str, upload: Begun, parts: int | None, length: int | None) -> str:
    """URL of the completing POST; bound to all parts and their total length when these are given."""
    if presigner := upload.store.presigner:
        return presigner.complete(upload.key, upload.upload_id, now=_now(kernel), expires=PUT_LIFETIME)
    bound = {} if parts is None or length is None else {"len": str(length), "n": str(parts)}
    values = {"exp": _upload_expiry(kernel), **bound, "up": quote(upload.upload_id, safe=""), **_where(kernel, upload)}
    return _sign(kernel.crypto, base_url, "complete", upload.key, values)


def get_url(kernel: Kernel, base_url: str, key: str, store_name: str, period: int = DAY_S) -> str:
    """URL for GET. It changes once a period (seconds) and then lives one to two of them, so that clients' caches work.

    Of a store that clients reach themselves it leads there, and to us while that store is down: here the others are asked.
    """
    store = kernel.stores.get(store_name, kernel.store)
    begin = kernel.clock.now() // (period * SECOND) * period
    if (presigner := store.presigner) and (kernel.tiers.single or not kernel.tiers.is_down(store_name)):
        return presigner.get(key, now=datetime.fromtimestamp(begin, UTC), expires=2 * period)
    return _sign(kernel.crypto, base_url, "get", key, {"exp": str(begin + 2 * period), "st": store_name})
