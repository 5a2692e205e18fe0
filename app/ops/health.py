"""Whether the parts this server stands on can be used now. Tries each as requests do, at most every few seconds; decides nothing else."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from storage_backends import StoreError

from ..kernel import identity
from ..kernel.clock import SECOND
from ..kernel.errors import AppError
from ..kernel.parts import Kernel

FRESH = 3 * SECOND  # for so long an answer is good: many may ask, and each try writes
log = logging.getLogger("darkroom.health")


@dataclass(frozen=True, slots=True)
class Health:
    """`database`, `objects`: "ok" or "failing" (never why: that is the log's), `objects` also "degraded": a store is away and others serve.
    `free`: bytes left where objects go, if known."""

    database: str
    objects: str
    free: int | None

    @property
    def ok(self) -> bool:
        return self.database == "ok" and self.objects in ("ok", "degraded")


async def examine(kernel: Kernel) -> Health:
    """Try the database and every store."""
    return Health(await database(kernel), await objects(kernel), await _free(kernel))


async def database(kernel: Kernel) -> str:
    """A transaction that writes."""
    return await _fresh(kernel, "database", _database)


async def objects(kernel: Kernel) -> str:
    """A small object in every store."""
    return await _fresh(kernel, "objects", _objects)


async def _fresh(kernel: Kernel, part: str, look: Callable[[Kernel], Awaitable[str]]) -> str:
    now = kernel.clock.now()
    tried, state = kernel.health.get(part, (0, ""))
    if not state or not 0 <= now - tried < FRESH:
        state = await look(kernel)
        kernel.health[part] = (now, state)
    return state


async def _database(kernel: Kernel) -> str:
    try:
        await kernel.db.check()
        await kernel.db.write("health.probe", identity.probe, kernel.clock.now())
    except AppError as e:
        log.error("database: %s", e.log)
        return "failing"
    except Exception:
        log.exception("database")
        return "failing"
    return "ok"


async def _objects(kernel: Kernel) -> str:
    down = set()
    for store in kernel.stores.values():
        try:
            await store.check()
            kernel.tiers.worked(store.name)
        except StoreError as e:
            log.error("store %s: %s", store.name, e)
            kernel.tiers.failed(store.name, e)
            down.add(store.name)
    primaries = {t.name for t in kernel.tiers.all.values() if t.settings.role == "primary"}
    return "ok" if not down else "degraded" if primaries - down else "failing"


async def _free(kernel: Kernel) -> int | None:
    """Room of the store of new objects; for one that cannot say, that of the data folder."""
    try:
        free = await kernel.store.free_bytes()
        return shutil.disk_usage(kernel.config.data_dir).free if free is None else free
    except (StoreError, OSError) as e:
        log.error("free space: %s", e)
        return None
