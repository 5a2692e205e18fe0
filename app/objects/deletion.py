"""Removing bytes: uncommitted ones that are too old or too many, and those that no live row names any more (design.md §4).

Each deletion has its own due time, so one that fails waits by itself. A deleted key keeps its row, unusable, until every upload URL
for it has expired: an upload that was under way can then neither be acknowledged nor leave bytes behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence

from storage_backends import StoreError

from ..db import Tx
from ..kernel import jobs
from ..kernel.clock import DAY, HOUR, MINUTE
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from ..storage import service as storage
from . import queries

log = logging.getLogger("darkroom.objects")

BATCH = 200
AT_ONCE = 8
PENDING_AGE = 14 * DAY  # twice the life of an upload URL (files.md §1)
KEY_LIFE = 8 * DAY  # beyond every upload URL for a key (7 days), and a slow upload on its way
MAX_WAIT = DAY


async def run_deletions(kernel: Kernel) -> None:
    """Delete everything that is due."""
    while ids := await kernel.db.read(queries.due, kernel.clock.now(), BATCH):
        if not await delete(kernel, ids):
            return


async def delete(kernel: Kernel, object_ids: Sequence[int]) -> bool:
    """Delete those of these scheduled objects that no live row names; a failure is tried again later. False while deletions are held."""
    begun = await kernel.db.write("objects.begin_delete", _begin, list(object_ids), kernel.clock.now())
    if begun is None:
        return False
    going, others = begun
    gate = asyncio.Semaphore(AT_ONCE)
    removed = await asyncio.gather(*(_remove(kernel, gate, key, {store, *others.get(i, ())}) for i, key, store, _, _ in going))
    if going:
        await kernel.db.write("objects.end_delete", _end, list(zip(going, removed, strict=True)), kernel.clock.now())
    return True


def _begin(tx: Tx, object_ids: list[int], now: int) -> tuple[list[queries.Due], dict[int, list[str]]] | None:
    """Look once more who names them, and from this commit on nobody can: what goes, and where else its bytes may lie. None while deletions are
    held."""
    if jobs.is_leased(tx, jobs.HOLD, now):
        return None
    queries.lock(tx, object_ids)
    going = queries.unnamed(tx, object_ids)
    if named := set(object_ids) - {row[0] for row in going}:
        queries.unschedule(tx, named)
    ids = [row[0] for row in going]
    others, busy = storage.others(tx, ids, now) if ids else ({}, set[int]())
    if busy:
        queries.postpone(tx, [(i, now + MINUTE, attempts) for i, _, _, _, attempts in going if i in busy])
        going = [row for row in going if row[0] not in busy]
        ids = [row[0] for row in going]
    if ids:
        queries.forget_names(tx, ids)
        queries.mark_deleting(tx, ids)
    return going, others


async def _remove(kernel: Kernel, gate: asyncio.Semaphore, key: str, stores: Collection[str]) -> bool:
    """Whether its bytes are gone everywhere."""
    gone = True
    async with gate:
        for store in sorted(stores):
            try:
                await kernel.stores[store].delete(key)
            except KeyError:
                log.error("cannot delete %s: store %s is not configured", key, store)
                gone = False
            except StoreError as e:
                log.warning("cannot delete %s yet: %s", key, e.log)
                kernel.tiers.failed(store, e)
                gone = False
    return gone


def _end(tx: Tx, outcomes: list[tuple[queries.Due, bool]], now: int) -> None:
    done: list[int] = []
    later: list[tuple[int, int, int]] = []
    gone: list[int] = []
    for (object_id, _, _, created, attempts), removed in outcomes:
        if not removed:
            later.append((object_id, now + min(MINUTE << min(attempts, 20), MAX_WAIT), attempts + 1))
        elif created + KEY_LIFE > now:
            later.append((object_id, created + KEY_LIFE, 0))
            gone.append(object_id)
        else:
            done.append(object_id)
    _, busy = storage.others(tx, done, now) if done else ({}, set[int]())
    if busy:  # somebody began to copy at the same moment
        later += [(i, now + MINUTE, 0) for i in done if i in busy]
        done = [i for i in done if i not in busy]
    if done:
        storage.forget(tx, done)
        queries.drop(tx, done)
    if later:
        queries.postpone(tx, later, gone)


async def sweep(kernel: Kernel) -> None:
    """Uploads that nobody committed in time, and what interrupted uploads left in the stores."""
    now = kernel.clock.now()
    while ids := await kernel.db.write("objects.sweep", _expire, now):
        await delete(kernel, ids)
    for store in kernel.stores.values():
        try:
            await store.sweep(now - KEY_LIFE)
        except StoreError as e:
            log.warning("cannot sweep store %s: %s", store.name, e.log)


def _expire(tx: Tx, now: int) -> list[int]:
    return queries.condemn(tx, queries.expired_pending(tx, now - PENDING_AGE, BATCH), now)


JOBS = (
    Job("objects.delete", MINUTE // 1_000_000, run_deletions),
    Job("objects.sweep", HOUR // 1_000_000, sweep),
)
