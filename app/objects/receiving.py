"""Bytes coming in: PUT of objects and parts, and the completion of multipart uploads (files.md §2.2).

A PUT answers when its bytes are durable and its row is committed. Bytes that were committed are never replaced.
"""

from __future__ import annotations

import base64
import binascii
from xml.sax.saxutils import escape

from storage_backends import KeyTaken, NoSpace, NoSuchUpload, ObjectStore, Stored, StoreError
from storage_backends.keys import parts_etag

from ..http.answer import Answer
from ..http.request import Request
from ..kernel.clock import HOUR, SECOND
from ..kernel.parts import Kernel
from . import bounds, completion, multiparts, queries, recording, room
from .refusals import XML, Refusal, refusing
from .urls import Ticket

IN_MEMORY = 2 << 20
"""Bytes of a body that is written on its way: a block that is gathered, and one that is being written."""
_SLOW = 12 * HOUR
"""After the expiry of its URL, a body must have come to its end."""


async def put(request: Request, ticket: Ticket) -> Answer:
    """PUT of an object or a part: 200, an empty body and its ETag."""
    with refusing():
        return await _put(request.kernel, ticket, request)


async def _put(kernel: Kernel, ticket: Ticket, request: Request) -> Answer:
    length, md5 = _promised(ticket, request)
    store = await _store(kernel, ticket, length)
    deadline = ticket.expires * SECOND + _SLOW

    def in_time() -> None:
        if kernel.clock.now() > deadline:
            raise Refusal(403, "AccessDenied", "Request has expired.", log="body took too long")

    request.body.must_go_on = in_time
    request.body.paid_by(f"user {ticket.owner_id}")
    request.body.hold(min(IN_MEMORY, request.body.announced or IN_MEMORY))
    with bounds.arriving(kernel, ticket.owner_id, request.body, await bounds.arrivals(kernel, ticket.owner_id, request.body.announced)):
        etag = await _write(kernel, ticket, request, store, length, md5)
    return Answer(headers=[(b"etag", _quoted(etag)), (b"accept-ranges", b"bytes")])


async def _write(kernel: Kernel, ticket: Ticket, request: Request, store: ObjectStore, length: int | None, md5: bytes | None) -> str:
    """Write the body where it belongs; its ETag."""
    limit = kernel.config.quota.max_file
    try:
        if ticket.purpose == "part":
            if ticket.length is None:  # what was promised was counted when the upload was begun
                await multiparts.admit(kernel, ticket.owner_id, ticket.upload_id, length or 0)
            part = await store.put_part(ticket.key, ticket.upload_id, ticket.part, request.body, length=length, md5=md5, max_length=limit)
            etag = part.etag
            if ticket.length is None:
                await multiparts.count(kernel, ticket.upload_id, part.size)
        else:
            if ticket.length is None:  # what was promised was held against the plan when its URL was asked for
                limit = await multiparts.most_of_one(kernel, ticket.owner_id, length or 0)
            etag = await _put_whole(kernel, ticket.key, store, request, length, md5, limit)
    except StoreError as e:
        kernel.tiers.failed(store.name, e)
        raise
    return etag


async def _store(kernel: Kernel, ticket: Ticket, length: int | None) -> ObjectStore:
    """Where these bytes go: parts to the store that has the others, a key that was put before to where it lies, what is new to the first
    store with room. NoSpace when there is none."""
    if kernel.tiers.single or ticket.purpose == "part":
        store = _begun_in(kernel, ticket)
        await room.check(kernel, length or 0, store.name)
        return store
    before = await kernel.db.read(queries.facts, ticket.key)
    if before is not None and before[3] in kernel.stores:
        return kernel.stores[before[3]]
    tried: list[str] = []
    while True:
        store = kernel.tiers.choose(length, tried)
        try:
            await room.check(kernel, length or 0, store.name)
        except NoSpace as e:
            kernel.tiers.failed(store.name, e)
            if store.name in tried:
                raise
            tried.append(store.name)
        else:
            return store


def _begun_in(kernel: Kernel, ticket: Ticket) -> ObjectStore:
    """The store that has the parts of an upload; 404 when it is not configured any more, which phones take as a word to begin again."""
    if not ticket.store:
        return kernel.store
    if ticket.store not in kernel.stores:
        raise NoSuchUpload(f"{ticket.key}: store {ticket.store} is not configured")
    return kernel.stores[ticket.store]


async def _put_whole(kernel: Kernel, key: str, store: ObjectStore, request: Request, length: int | None, md5: bytes | None, limit: int) -> str:
    try:
        stored = await store.put(key, request.body, length=length, md5=md5, max_length=limit)
    except KeyTaken as e:
        return (await recording.replace(kernel, key, e.staged, store)).etag
    await recording.record(kernel, key, stored.size, _hex(stored), store)
    return stored.etag


def _promised(ticket: Ticket, request: Request) -> tuple[int | None, bytes | None]:
    """(length, MD5) that the body must have. A bound URL wants exactly its own in the headers, as a real S3 does."""
    sent = _content_md5(request)
    if ticket.md5 is None:
        if sent == b"":
            raise Refusal(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")
        if ticket.length is not None and request.body.announced not in (ticket.length, None):
            raise Refusal(403, "SignatureDoesNotMatch", "Content-Length is not that the URL was issued for.")
        return (request.body.announced if ticket.length is None else ticket.length), sent
    if sent is None:
        raise Refusal(400, "AccessDenied", "There were headers present in the request which were not signed.")
    if sent != ticket.md5 or request.body.announced not in (ticket.length, None):
        raise Refusal(403, "SignatureDoesNotMatch", "Content-MD5 or Content-Length are not those the URL was issued for.")
    return ticket.length, ticket.md5


def _content_md5(request: Request) -> bytes | None:
    """The header's 16 bytes; None without one, empty when it is no MD5."""
    if b"content-md5" not in request.headers:
        return None
    text = request.header(b"content-md5")
    try:
        md5 = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return md5 if len(md5) == 16 else b""


async def complete(request: Request, ticket: Ticket) -> Answer:
    """POST that completes an upload: 200 and S3's result document. A refused one leaves the upload as it was."""
    with refusing():
        return await _complete(request.kernel, ticket, request)


async def _complete(kernel: Kernel, ticket: Ticket, request: Request) -> Answer:
    parts = completion.parse(await request.body.read(completion.MAX_BYTES))
    stored = await join(kernel, ticket, parts)
    await multiparts.end(kernel, ticket.upload_id)
    etag = _quoted(stored.etag)
    return Answer(_result(ticket.key, etag.decode()).encode(), media=XML, headers=[(b"etag", etag)])


async def join(kernel: Kernel, ticket: Ticket, parts: list[tuple[int, str]]) -> Stored:
    """Make one object of parts (number, bare etag; ascending) and record it. Raises `Refusal` and what stores raise."""
    if ticket.parts is not None and [number for number, _ in parts] != list(range(1, ticket.parts + 1)):
        raise Refusal(400, "InvalidPart", f"The upload consists of the parts 1 to {ticket.parts}.")
    store = _begun_in(kernel, ticket)
    await room.check(kernel, 0, store.name)
    try:
        stored = await store.complete_multipart(ticket.key, ticket.upload_id, parts, length=ticket.length)
    except KeyTaken as e:
        stored = await recording.replace(kernel, ticket.key, e.staged, store)
    except NoSuchUpload:
        stored = await _completed_before(kernel, ticket, store, parts)
    else:
        await _record_joined(kernel, ticket, store, stored)
    return stored


async def _record_joined(kernel: Kernel, ticket: Ticket, store: ObjectStore, stored: Stored) -> None:
    if stored.size > kernel.config.quota.max_file:  # only without a promised length; nobody can have claimed it yet
        await store.delete(ticket.key)
        raise Refusal(400, "EntityTooLarge", "The parts add up to more than a file may have.")
    await recording.record(kernel, ticket.key, stored.size, None, store)


async def _completed_before(kernel: Kernel, ticket: Ticket, store: ObjectStore, parts: list[tuple[int, str]]) -> Stored:
    """The object that this very completion made before: its answer was lost, or it was cut short between the bytes and their row.

    A 404 would make phones begin a file of any size again. For every other object, and one that was deleted, it is that 404.
    """
    head = await store.head(ticket.key)
    if head is None or head.etag != parts_etag([etag.strip('"') for _, etag in parts]) or ticket.length not in (None, head.size):
        raise NoSuchUpload(f"{ticket.key}: no such upload")
    found = await kernel.db.read(queries.facts, ticket.key)
    if found is None:
        await recording.record(kernel, ticket.key, head.size, None, store)
    elif found[0] not in ("pending", "stored"):
        raise NoSuchUpload(f"{ticket.key}: {found[0]}")
    return Stored(head.size, None, head.etag)


def _result(key: str, etag: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Key>{escape(key)}</Key><ETag>{escape(etag, {chr(34): '&#34;'})}</ETag></CompleteMultipartUploadResult>"
    )


def _hex(stored: Stored) -> str | None:
    return stored.md5.hex() if stored.md5 else None


def _quoted(etag: str) -> bytes:
    return b'"%s"' % etag.encode()
