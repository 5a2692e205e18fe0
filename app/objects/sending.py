"""Bytes going out: GET and HEAD of an object, whole or one range, with validators (files.md §2.2, §5).

The database is not involved, unless the store that a URL names fails: a URL lives a day or two, a visitor's some minutes, and what it names
never changes.
"""

from __future__ import annotations

import re

from storage_backends import NotFound, ObjectInfo, ObjectStore

from ..http.answer import Answer, Headers, Stored
from ..http.request import Request
from ..kernel.parts import Kernel
from ..storage import service as storage
from .refusals import Refusal, refusing
from .urls import Ticket

_RANGE = re.compile(r"bytes=([0-9]{0,40})-([0-9]{0,40})")
_HEADERS: Headers = [
    (b"content-type", b"application/octet-stream"),
    (b"content-disposition", b"attachment"),
    (b"accept-ranges", b"bytes"),
    (b"cache-control", b"private, max-age=31536000, immutable"),
    (b"x-content-type-options", b"nosniff"),
]


async def send(request: Request, ticket: Ticket) -> Answer:
    """Answer GET or HEAD: 200, 206, 304 or 416."""
    with refusing():
        return await _send(request.kernel, ticket, request)


async def _send(kernel: Kernel, ticket: Ticket, request: Request) -> Answer:
    return await storage.from_any(kernel, ticket.key, ticket.store, lambda store: _from(store, ticket, request))


async def _from(store: ObjectStore, ticket: Ticket, request: Request) -> Answer:
    info = await store.head(ticket.key)
    if info is None:
        raise NotFound(f"{ticket.key}: no such object")
    etag = f'"{info.etag}"'
    headers = [*_HEADERS, (b"etag", etag.encode())]
    if _matches(request.headers.get(b"if-none-match"), etag.encode()):
        return Stored(304, headers, 0)
    found = _range(request, info.size, etag)
    if found is None:
        return await _whole(store, request, info, headers)
    start, end = found
    headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end, info.size)))
    return Stored(206, headers, end - start + 1, pieces=await store.open(info.key, start, end - start + 1))


async def _whole(store: ObjectStore, request: Request, info: ObjectInfo, headers: Headers) -> Answer:
    """The whole object: handed to the server as a file where both sides can, else piece by piece."""
    if request.method == "HEAD":
        return Stored(200, headers, info.size)
    path = store.path(info.key) if "http.response.pathsend" in (request.scope.get("extensions") or {}) else None
    if path is not None:
        return Stored(200, headers, info.size, path=path.absolute())
    return Stored(200, headers, info.size, pieces=await store.open(info.key, 0, info.size))


def _matches(header: bytes | None, etag: bytes) -> bool:
    """If-None-Match, compared weakly; `*` matches what exists."""
    if header is None:
        return False
    return header.strip() == b"*" or etag in {tag.strip().removeprefix(b"W/") for tag in header.split(b",")}


def _range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """(first, last) byte of one satisfiable range, None for the whole object: also for several ranges or a form unknown to us, and
    when If-Range names another version. Refusal 416 beyond the end."""
    if b"range" not in request.headers or request.method != "GET":
        return None
    header = request.header(b"range")
    condition = request.header(b"if-range") if b"if-range" in request.headers else None
    match = _RANGE.fullmatch(header.strip().replace(" ", ""))
    if match is None or match[0] == "bytes=-" or (condition is not None and condition.strip() != etag):
        return None
    first, last = match[1], match[2]
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start >= size:
        raise Refusal(416, "InvalidRange", "The requested range is not satisfiable.", [(b"content-range", b"bytes */%d" % size)])
    return start, end
