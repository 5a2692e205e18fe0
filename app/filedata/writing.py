"""Writing derived data: mldata, and registering uploaded video previews (files.md §8.1–8.3).

The order is always: look, store a fresh object, then one transaction that looks again, compares, sets and lets go of the old object.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ..db import Tx
from ..kernel import family, quota, sync
from ..kernel.access import Session
from ..kernel.clock import DAY
from ..kernel.errors import AppError, BadRequest, CodedBadRequest, Conflict, Forbidden, NotFound, StorageFull
from ..kernel.parts import Kernel
from ..objects import service as objects
from . import names, queries
from .client import Client
from .queries import DataRow, Target
from .wire import Content, NewData, NewVideo, PreviewUpload

MLDATA, VIDEO = "mldata", "vid_preview"


@dataclass(frozen=True, slots=True)
class _Write:
    """What a transaction needs to know: who writes what, where its JSON is, what must be there now."""

    owner_id: int
    file_id: int
    kind: str
    key: str
    now: int
    expected: int | None = None  # last_updated_at


def _own(found: Target | None, actor: int, file_id: int) -> Target:
    """Unknown 404, another's 403, gone for good 404."""
    if found is None:
        raise NotFound(log=f"no file {file_id}")
    if found.owner_id != actor:
        raise Forbidden(log=f"user {actor} does not own file {file_id}")
    if found.is_deleted:
        raise NotFound(log=f"file {file_id} is deleted")
    return found


def _in_album(found: Target | None, actor: int, file_id: int) -> None:
    """As `_own`, but 400 for an unknown file, and 404 for one that is in no album."""
    if found is None:
        raise BadRequest(log=f"no file {file_id}")
    if not _own(found, actor, file_id).in_album:
        raise NotFound(log=f"file {file_id} is in no album")


# --- mldata
async def put(kernel: Kernel, actor: Session, ask: NewData, client: Client) -> None:
    """Write mldata. 409 INVALID_VERSION when `last_updated_at` is given and not that of what is there (0: nothing)."""
    if ask.kind != MLDATA:
        raise CodedBadRequest(f"invalid object type {ask.kind[:40]}")
    if not ask.encrypted_data or not ask.decryption_header:
        raise CodedBadRequest("encryptedData and decryptionHeader (only) are required for derived meta")
    await kernel.db.read(_may_put, actor.user_id, ask.file_id, ask.last_updated_at)
    content = _json(ask.version, ask.encrypted_data, ask.decryption_header, client.name)
    key = await objects.store_bytes(kernel, actor.user_id, content)
    write = _Write(actor.user_id, ask.file_id, MLDATA, key, kernel.clock.now(), ask.last_updated_at)
    try:
        replaced = await kernel.db.write("filedata.put", _put, kernel, write)
    except AppError:
        await objects.abandon(kernel, actor.user_id, key)
        raise
    await objects.remove(kernel, replaced)


def _json(version: int | None, data: str, header: str, client: str) -> bytes:
    return msgspec.json.encode(Content(1 if version is None else version, data, header, client))


def _may_put(tx: Tx, actor: int, file_id: int, expected: int | None) -> DataRow | None:
    """What is there now."""
    _own(queries.target(tx, file_id), actor, file_id)
    row = queries.row(tx, file_id, MLDATA)
    at = row.updated_at if row else 0
    if expected is not None and expected != at:
        text = "non zero version empty data" if row is None else f"version mismatch expected {at}, found {expected}"
        raise Conflict(text, code="INVALID_VERSION")
    return row


def _put(tx: Tx, kernel: Kernel, write: _Write) -> list[int]:
    """The objects that this replaces."""
    sync.lock_account(tx, write.owner_id)
    family.lock(tx, write.owner_id)
    old = _may_put(tx, write.owner_id, write.file_id, write.expected)
    (json,) = objects.claim(tx, write.owner_id, write.key)
    _check_room(tx, kernel, write.owner_id, json.size - (old.size if old else 0))
    objects.mark_stored(tx, [json.object_id])
    stamp = sync.stamp(tx, write.now, [write.owner_id])
    new = DataRow(write.file_id, json.object_id, None, "", None, None, json.size, False, stamp)
    queries.save(tx, write.owner_id, MLDATA, new)
    return _let_go(tx, write.owner_id, old, write.now)


def _let_go(tx: Tx, owner_id: int, old: DataRow | None, now: int, grace_us: int = 0) -> list[int]:
    """The objects of what is replaced that go at once, when this is committed: kept for a while, they would be storage that nobody counts. A
    reader who has just been sent to one looks again (`service._content`). A film that somebody may be watching stays for its grace, once a
    day for each file."""
    if old is None:
        return []
    film = grace_us if now - old.updated_at >= DAY else 0
    objects.release(tx, owner_id, [old.object_id], now, 0)
    objects.release(tx, owner_id, [old.preview_id], now, film)
    return [i for i in (old.object_id, None if film else old.preview_id) if i is not None]


# --- previews
async def preview_upload(kernel: Kernel, actor: Session, base_url: str, file_id: int, kind: str, parts: int | None) -> PreviewUpload:
    """Where to put a preview of an own file that is in an album: one URL, or `parts` of them. Nothing is written."""
    await kernel.db.read(lambda tx: _in_album(queries.target(tx, file_id), actor.user_id, file_id))
    key = kernel.crypto.mint_key(actor.user_id)
    name = names.name_of(kernel.crypto, file_id, kind, key)
    if parts is None:
        return PreviewUpload(object_id=name, url=objects.free_url(kernel, base_url, key))
    made = await objects.free_parts(kernel, base_url, key, parts)
    return PreviewUpload(object_id=name, part_urls=made.part_urls, complete_url=made.complete_url)


async def register_video(kernel: Kernel, actor: Session, ask: NewVideo, client: Client) -> None:
    """Make an uploaded blob the file's video preview. Unknown name or another size 400, bytes that never came 404; the same again is fine."""
    user_id = actor.user_id
    if await kernel.db.read(_is_registered, user_id, ask):
        return
    blob = names.key_of(kernel.crypto, user_id, ask.file_id, VIDEO, ask.object_id)
    if blob is None:
        raise BadRequest(log=f"{ask.object_id[:40]} was not issued for file {ask.file_id}")
    await kernel.db.scan(_check_room, kernel, user_id, ask.object_size)
    try:
        await objects.present(kernel, user_id, [blob])
    except AppError as e:
        if e.code == "OBJECT_SIZE_FETCH_FAILED":
            raise NotFound(log=e.log) from None
        raise
    key = await objects.store_bytes(kernel, user_id, _json(ask.version, ask.playlist, ask.playlist_header, client.name))
    write = _Write(user_id, ask.file_id, VIDEO, key, kernel.clock.now())
    try:
        replaced = await kernel.db.write("filedata.register", _register, kernel, write, ask, blob)
    except AppError:
        await objects.abandon(kernel, user_id, key)
        raise
    if replaced is None:
        await objects.abandon(kernel, user_id, key)
    else:
        await objects.remove(kernel, replaced)


def _is_registered(tx: Tx, actor: int, ask: NewVideo) -> bool:
    """Whether this very preview is there already; it never changes once it is."""
    _in_album(queries.target(tx, ask.file_id), actor, ask.file_id)
    row = queries.row(tx, ask.file_id, VIDEO)
    return row is not None and row.preview_name == ask.object_id and _blob_size(tx, row) == ask.object_size


def _blob_size(tx: Tx, row: DataRow) -> int | None:
    return None if row.preview_id is None else objects.size(tx, row.preview_id)


def _check_room(tx: Tx, kernel: Kernel, user_id: int, more: int) -> None:
    """Derived data is free of the quota, but not without bound: in all it may take up as much as the plan's limit (§19 D5), that of all who
    store on one plan together. Call it under `family.lock`."""
    limit = quota.plan(tx, kernel.config, user_id).limit
    if more <= 0 or limit >= quota.UNLIMITED:
        return
    if queries.derived_bytes(tx, family.sharers(tx, user_id)) + more > limit + kernel.config.quota.tolerance:
        raise StorageFull(log=f"derived data of user {user_id}")


def _register(tx: Tx, kernel: Kernel, write: _Write, ask: NewVideo, blob_key: str) -> list[int] | None:
    """The objects that this replaces; None when the same request, sent twice at once, has done it already."""
    sync.lock_account(tx, write.owner_id)
    family.lock(tx, write.owner_id)
    if _is_registered(tx, write.owner_id, ask):
        return None
    old = queries.row(tx, write.file_id, VIDEO)
    blob, json = objects.claim(tx, write.owner_id, blob_key, write.key)
    if blob.state != "pending" or blob.size != ask.object_size:
        raise BadRequest(log=f"{ask.object_id} is {blob.state} and has {blob.size} bytes, not {ask.object_size}")
    _check_room(tx, kernel, write.owner_id, blob.size + json.size - (old.size if old else 0))
    objects.mark_stored(tx, [blob.object_id, json.object_id])
    stamp = sync.stamp(tx, write.now, [write.owner_id])
    new = DataRow(write.file_id, json.object_id, None, "", ask.object_id, blob.object_id, json.size + blob.size, False, stamp)
    queries.save(tx, write.owner_id, VIDEO, new)
    return _let_go(tx, write.owner_id, old, write.now, kernel.config.trash.deletion_grace_days * DAY)
