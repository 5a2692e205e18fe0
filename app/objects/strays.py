"""Bytes that clients put into a store themselves and never committed: no row knows them, so nothing would ever remove them.

Once a day the store is listed. What is a day old and has no row gets one; from then on it is bounded and expires as every upload does
(`recording`, `deletion.sweep`). That leaves two weeks to whoever has put back an older database by mistake.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

from storage_backends import ObjectInfo, ObjectStore, StoreError

from ..db import Tx
from ..kernel.clock import DAY
from ..kernel.errors import AppError
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import queries, recording

log = logging.getLogger("darkroom.objects")

AGE = DAY
BATCH = 1000


async def adopt(kernel: Kernel) -> None:
    """Give every stray object of a store that clients reach its row. Keys that we did not make are nobody's business here."""
    for store in kernel.direct:
        try:
            await _adopt_all(kernel, store)
        except StoreError as e:
            log.warning("cannot look for strays in store %s: %s", store.name, e.log)


async def _adopt_all(kernel: Kernel, store: ObjectStore) -> None:
    before, batch = kernel.clock.now() - AGE, list[ObjectInfo]()
    async for info in store.list():
        if info.modified_us < before:
            batch.append(info)
        if len(batch) >= BATCH:
            await _adopt(kernel, store, batch)
            batch = []
    await _adopt(kernel, store, batch)


async def _adopt(kernel: Kernel, store: ObjectStore, infos: Sequence[ObjectInfo]) -> None:
    owners: dict[int, list[str]] = defaultdict(list)
    for info in infos:
        owner = _owner(kernel, info.key)
        if owner is not None:
            owners[owner].append(info.key)
    for owner, keys in owners.items():
        for key in await kernel.db.scan(_strays, owner, keys):
            await _record(kernel, store, key)


def _strays(tx: Tx, owner: int, keys: list[str]) -> list[str]:
    """Those without a row; none of an owner whom this database does not know (it is older than the store)."""
    known = queries.known(tx, owner, keys)
    strays = [key for key in keys if key not in known]
    return strays if strays and queries.is_account(tx, owner) else []


def _owner(kernel: Kernel, key: str) -> int | None:
    """Whose key this is; None when it was not made here."""
    text = key.partition("/")[0]
    owner = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return owner if owner and kernel.crypto.minted(owner, key) else None


async def _record(kernel: Kernel, store: ObjectStore, key: str) -> None:
    """Looks once more: a listing is old when it is read, and a row without bytes could be committed."""
    head = await store.head(key)
    if head is None:
        return
    try:
        await recording.record(kernel, key, head.size, None, store)
    except AppError as e:
        log.info("%s is no stray: %s", key, e.log)


JOBS = (Job("objects.strays", DAY // 1_000_000, adopt),)
