"""Bytes going out: GET and HEAD of an object, whole or one range, with validators (files.md §2.2, §5).

The database is not involved: a URL lives a day or two, and what it names never changes.
"""

from __future__ import annotations

import re

from storage_backends import NotFound, ObjectInfo, ObjectStore

from ..http.call import Headers
from ..kernel import Kernel
from .request import Refusal, Request
from .urls import Ticket

_RANGE = re.compile(r"bytes=([0-9]{0,40})-([0-9]{0,40})")
_HEADERS: Headers = [
    (b"content-type", b"application/octet-stream"),
    (b"content-disposition", b"attachment"),
    (b"accept-ranges", b"bytes"),
    (b"cache-control", b"private, max-age=31536000, immutable"),
    (b"x-content-type-options", b"nosniff"),
]


async def send(kernel: Kernel, ticket: Ticket, request: Request) -> None:
    """Answer GET or HEAD: 200, 206, 304 or 416."""
    store = kernel.stores.get(ticket.store, kernel.store)
    info = await store.head(ticket.key)
    if info is None:
        raise NotFound(f"{ticket.key}: no such object")
    etag = f'"{info.etag}"'
    headers = [*_HEADERS, (b"etag", etag.encode())]
    if _matches(request.header(b"if-none-match"), etag):
        await request.start(304, headers)
        await request.send({"type": "http.response.body", "body": b""})
        return
    found = _range(request, info.size, etag)
    if found is None:
        await _whole(store, request, info, headers)
        return
    start, end = found
    headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end, info.size)))
    await _stream(store, request, 206, headers, info.key, start, end - start + 1)


async def _whole(store: ObjectStore, request: Request, info: ObjectInfo, headers: Headers) -> None:
    """The whole object: handed to the server as a file where both sides can, else piece by piece."""
    path = store.path(info.key) if request.can_send_path else None
    if request.method == "GET" and path is None:
        await _stream(store, request, 200, headers, info.key, 0, info.size)
        return
    await request.start(200, [*headers, (b"content-length", b"%d" % info.size)])
    if request.method == "GET" and path is not None:
        await request.send({"type": "http.response.pathsend", "path": str(path.absolute())})
    else:
        await request.send({"type": "http.response.body", "body": b""})


async def _stream(store: ObjectStore, request: Request, status: int, headers: Headers, key: str, start: int, length: int) -> None:
    reader = await store.open(key, start, length)
    left = length
    try:
        await request.start(status, [*headers, (b"content-length", b"%d" % length)])
        async for chunk in reader:
            left -= len(chunk)
            await request.send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
    finally:
        await reader.aclose()
    if left > 0:
        raise NotFound(f"{key}: ended {left} bytes early")
    if length == 0:
        await request.send({"type": "http.response.body", "body": b""})


def _matches(header: str | None, etag: str) -> bool:
    """If-None-Match, compared weakly; `*` matches what exists."""
    if header is None:
        return False
    return header.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """(first, last) byte of one satisfiable range, None for the whole object: also for several ranges or a form unknown to us, and
    when If-Range names another version. Refusal 416 beyond the end."""
    header = request.header(b"range")
    if header is None or request.method != "GET":
        return None
    condition = request.header(b"if-range")
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
