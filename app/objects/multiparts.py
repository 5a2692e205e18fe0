"""Multipart uploads that were begun and are not completed: how many, and how many bytes, one account may have of them.

An upload with a promised length counts whole from its beginning; of one without, each part counts when it has come (one that is sent again
counts again). Beyond the bound those give way that were left alone longest, as unfinished uploads do anyhow after some days.
"""

from __future__ import annotations

import logging

from storage_backends import StoreError

from ..db import Tx
from ..kernel import quota
from ..kernel.clock import HOUR
from ..kernel.config import Config
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import deletion, queries, recording
from .refusals import Refusal
from .urls import Begun

AT_ONCE = 200
"""Of one account: some devices with a dozen each, and as many that were interrupted."""
log = logging.getLogger("darkroom.objects")


async def begin(kernel: Kernel, upload: Begun, length: int | None) -> None:
    """Note an upload that a store has just begun; those that give way to it end."""
    now, key, store = kernel.clock.now(), upload.key, upload.store.name
    owner_id = int(key.partition("/")[0])
    gone = await kernel.db.write("objects.begin_parts", _begin, kernel.config, owner_id, key, upload.upload_id, store, length or 0, now)
    await _abort(kernel, gone)


def _begin(tx: Tx, config: Config, owner_id: int, key: str, upload_id: str, store: str, size: int, now: int) -> list[queries.Begun]:
    there = queries.begun(tx, owner_id)
    limit = recording.pending_limit(tx, config, owner_id)
    queries.begin_parts(tx, owner_id, key, upload_id, store, size, now)
    over, many = sum(row[3] for row in there) + size - limit, len(there) + 1 - AT_ONCE
    gone: list[queries.Begun] = []
    for other, other_key, other_store, held in there:
        if many <= 0 and (over <= 0 or limit >= quota.UNLIMITED):
            break
        gone.append((other, other_key, other_store))
        over, many = over - held, many - 1
    if gone:
        queries.end_parts(tx, [row[0] for row in gone])
    return gone


async def admit(kernel: Kernel, owner_id: int, upload_id: str, size: int) -> None:
    """Refusal 403 when a part of this size, of an upload without a promise, would take more than the account may leave uncommitted. Where all its
    uploads together would, those give way that were left alone longest."""
    held, others, limit = await kernel.db.read(_held, kernel.config, owner_id, upload_id)
    if held + size > limit:
        raise Refusal(403, "QuotaExceeded", "The parts are more than this account may store.", log=f"user {owner_id}: {held} + {size} of {limit}")
    if held + others + size > limit < quota.UNLIMITED:
        await _abort(kernel, await kernel.db.write("objects.crowd_out", _crowd_out, owner_id, upload_id, held + others + size - limit))


def _crowd_out(tx: Tx, owner_id: int, upload_id: str, over: int) -> list[queries.Begun]:
    gone: list[queries.Begun] = []
    for other, key, store, held in queries.begun(tx, owner_id):
        if over <= 0:
            break
        if other != upload_id and held:
            gone.append((other, key, store))
            over -= held
    queries.end_parts(tx, [row[0] for row in gone])
    return gone


async def most_of_one(kernel: Kernel, owner_id: int, size: int) -> int:
    """How large an object without a promise may be: what the account may leave uncommitted, which the newest object alone could pass.
    Refusal 403 for one that says it is larger."""
    limit = await kernel.db.read(recording.pending_limit, kernel.config, owner_id)
    if size > limit:
        raise Refusal(403, "QuotaExceeded", "The object is more than this account may store.", log=f"user {owner_id}: {size} of {limit}")
    return min(limit, kernel.config.quota.max_file)


def _held(tx: Tx, config: Config, owner_id: int, upload_id: str) -> tuple[int, int, int]:
    """(bytes of this upload, of the account's others, what it may leave uncommitted)."""
    there = {row[0]: row[3] for row in queries.begun(tx, owner_id)}
    own = there.pop(upload_id, 0)
    return own, sum(there.values()), recording.pending_limit(tx, config, owner_id)


async def count(kernel: Kernel, upload_id: str, size: int) -> None:
    """A part has come."""
    await kernel.db.write("objects.add_part", queries.add_part, upload_id, size, kernel.clock.now())


async def end(kernel: Kernel, upload_id: str) -> None:
    """The upload is completed."""
    await kernel.db.write("objects.end_parts", queries.end_parts, [upload_id])


async def sweep(kernel: Kernel) -> None:
    """End what was left alone for longer than its URLs live."""
    while gone := await kernel.db.write("objects.old_parts", _sweep, kernel.clock.now() - deletion.KEY_LIFE, deletion.BATCH):
        await _abort(kernel, gone)


def _sweep(tx: Tx, before: int, batch: int) -> list[queries.Begun]:
    gone = queries.old_parts(tx, before, batch)
    if gone:
        queries.end_parts(tx, [row[0] for row in gone])
    return gone


async def _abort(kernel: Kernel, gone: list[queries.Begun]) -> None:
    """What cannot be ended now is found by the store's own sweep."""
    for upload_id, key, store in gone:
        try:
            await kernel.stores[store].abort_multipart(key, upload_id)
        except (KeyError, StoreError) as e:
            log.warning("cannot end the upload of %s yet: %s", key, e)


JOBS = (Job("objects.parts", HOUR // 1_000_000, sweep),)
