"""Rules of derived data (files.md §8): only a file's owner writes it, for files that are not gone; whoever may read the file reads it.

Every write goes to a fresh object and is compared and set in one transaction; the object it replaces is let go of after that (§19 W5, W7,
O3). Writes are in `writing`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence

import msgspec

from ..db import Tx
from ..kernel import access, sync
from ..kernel.access import Session
from ..kernel.errors import BadRequest, CodedBadRequest, Forbidden, NotFound, Unavailable
from ..kernel.parts import Kernel
from ..objects import service as objects
from . import queries
from .names import PREFIXES
from .queries import DataRow
from .wire import Content, Data, Fetched, Since, Status, StatusDiff, Wanted

log = logging.getLogger("darkroom.filedata")

FETCHABLE = ("mldata", "vid_preview")
MAX_IDS = 200
PAGE = 5000  # rows of a status diff
_AT_ONCE = 32  # objects read at the same time for one request
BUDGET = 16 << 20
"""Bytes of one reply of `fetch`, which is made in memory: some 200 photos' worth takes a few MiB, and nobody has to write so little."""


async def fetch(kernel: Kernel, actor: Session, ask: Wanted) -> Fetched:
    """Data of up to 200 files the actor may read; 403 when one exists and may not be read. Deleted data appears nowhere.

    What is beyond BUDGET bytes is among those that could not be read just now, which clients ask for again.
    """
    ids = ask.file_ids or []
    if ask.kind not in FETCHABLE or not 0 < len(ids) <= MAX_IDS:
        raise CodedBadRequest(f"mldata or vid_preview of 1 to {MAX_IDS} files can be fetched")
    if len(set(ids)) != len(ids):
        raise BadRequest(log="duplicate file ids")
    found = await kernel.db.read(_allowed_rows, actor.user_id, ids, ask.kind)
    gate = asyncio.Semaphore(_AT_ONCE)
    now, later = _within([row for row in found if not row.is_deleted], BUDGET)
    read = await asyncio.gather(*(_read(kernel, gate, ask.kind, row) for row in now))
    known = {row.file_id for row in found}
    return Fetched(
        data=[data for _, data in read if data is not None],
        pending=[file_id for file_id in ids if file_id not in known],
        errors=[file_id for file_id, data in read if data is None] + [row.file_id for row in later],
    )


def _within(rows: Sequence[DataRow], budget: int) -> tuple[list[DataRow], list[DataRow]]:
    """(those of the rows, in their order, whose sizes keep within the budget and at least one; the others)"""
    now: list[DataRow] = []
    later: list[DataRow] = []
    for row in rows:
        budget -= row.size
        (now if budget >= 0 or not now else later).append(row)
    return now, later


def _allowed_rows(tx: Tx, actor: int, file_ids: Sequence[int], kind: str) -> list[DataRow]:
    _check_readable(tx, actor, file_ids)
    return queries.rows(tx, file_ids, kind)


def _check_readable(tx: Tx, actor: int, file_ids: Sequence[int]) -> None:
    """Forbidden when one of these exists and the actor may not read it; unknown ones pass."""
    if not all(access.readable(tx, actor, file_ids).values()):
        raise Forbidden(log=f"user {actor} may not read all of {len(file_ids)} files")


async def _read(kernel: Kernel, gate: asyncio.Semaphore, kind: str, row: DataRow) -> tuple[int, Data | None]:
    """(file id, its data or None when the store does not give it)."""
    async with gate:
        try:
            return row.file_id, await _content(kernel, kind, row)
        except (Unavailable, msgspec.DecodeError) as e:
            log.warning("derived data %s of file %d cannot be read: %s", kind, row.file_id, e)
            return row.file_id, None


async def _content(kernel: Kernel, kind: str, row: DataRow) -> Data:
    if row.key is None:
        raise Unavailable(log=f"{kind} of file {row.file_id} has no object")
    try:
        data = await objects.read_bytes(kernel, row.key, row.store)
    except Unavailable:  # written anew since this row was read: what it replaced is gone
        now = await kernel.db.read(queries.row, row.file_id, kind)
        if now is None or now.key is None or now.is_deleted or now.key == row.key:
            raise
        row, data = now, await objects.read_bytes(kernel, now.key, now.store)
    content = msgspec.json.decode(data, type=Content)
    return Data(
        file_id=row.file_id,
        type=kind,
        encrypted_data=content.encrypted_data,
        decryption_header=content.header,
        updated_at=row.updated_at,
    )


async def fetch_one(kernel: Kernel, actor: Session, file_id: int, kind: str) -> Data | None:
    """Data of one file, None when there is none; 403 for a file that may not be read."""
    if kind not in FETCHABLE:
        raise CodedBadRequest(f"unsupported object type {kind[:40]}")
    await kernel.db.read(_check_readable, actor.user_id, [file_id])
    return await data_of(kernel, file_id, kind)


async def data_of(kernel: Kernel, file_id: int, kind: str) -> Data | None:
    """Data of one file for a caller that has checked access (link holders); None when there is none, Unavailable when it cannot be read."""
    row = await kernel.db.read(queries.row, file_id, kind)
    if row is None or row.is_deleted:
        return None
    return await _content(kernel, kind, row)


async def preview_url(kernel: Kernel, actor: Session, base_url: str, file_id: int, kind: str) -> str:
    """Where the preview blob of a file can be read; 404 NOT_FOUND without one, 403 for a file that may not be read."""
    if kind not in PREFIXES:
        raise CodedBadRequest(f"unsupported object type {kind[:40]}")
    await kernel.db.read(_check_readable, actor.user_id, [file_id])
    return await preview_of(kernel, base_url, file_id, kind)


async def preview_of(kernel: Kernel, base_url: str, file_id: int, kind: str, *, visit: bool = False) -> str:
    """The same for a caller that has checked access (`visit`: for link holders)."""
    place = await kernel.db.read(queries.blob, file_id, kind)
    if place is None:
        raise NotFound(code="NOT_FOUND")
    return objects.url(kernel, base_url, *place, visit=visit, film=kind == "vid_preview")


async def status(kernel: Kernel, actor: Session, ask: Since) -> StatusDiff:
    """What changed in the actor's own derived data since a stamp, deletions included; a page never splits a stamp (§19 W16)."""
    since = ask.last_updated_at
    if since is None or since < 0:
        raise CodedBadRequest("lastUpdated is required and should be greater than or equal to 0")
    if since >= await kernel.db.read(sync.feed, actor.user_id):
        return StatusDiff(diff=None)
    return StatusDiff(diff=await kernel.db.scan(_status, actor.user_id, since) or None)


def _status(tx: Tx, user_id: int, since: int) -> list[Status]:
    page, _ = sync.page(lambda after, n, _: queries.changed(tx, user_id, after, n), since, lambda row: row.updated_at, PAGE)
    return page


def forget(tx: Tx, file_ids: Collection[int], now: int, grace_us: int) -> None:
    """Derived data of files that are being deleted for good: tombstones with a new stamp, and their objects are let go of.

    Request it in the transaction that deletes the files.
    """
    live = queries.live(tx, file_ids)
    for user_id in sorted({user for user, _, _ in live}):
        queries.bury(tx, user_id, file_ids, sync.stamp(tx, now, [user_id]))
        objects.release(tx, user_id, [i for user, *ids in live for i in ids if user == user_id], now, grace_us)
