"""Whether the parts this server stands on can be used now. Asks each part; decides nothing else."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass

from storage_backends import StoreError

from ..kernel.errors import AppError
from ..kernel.parts import Kernel

log = logging.getLogger("darkroom.health")


@dataclass(frozen=True, slots=True)
class Health:
    """`database`, `objects`: "ok" or "failing" (never why: that is the log's). `free`: bytes left where objects go, if known."""

    database: str
    objects: str
    free: int | None

    @property
    def ok(self) -> bool:
        return self.database == self.objects == "ok"


async def examine(kernel: Kernel) -> Health:
    """Ask the database and every store."""
    return Health(await database(kernel), await _objects(kernel), await _free(kernel))


async def database(kernel: Kernel) -> str:
    try:
        await kernel.db.check()
    except AppError as e:
        log.error("database: %s", e.log)
        return "failing"
    return "ok"


async def _objects(kernel: Kernel) -> str:
    state = "ok"
    for store in kernel.stores.values():
        try:
            await store.check()
        except StoreError as e:
            log.error("store %s: %s", store.name, e)
            state = "failing"
    return state


async def _free(kernel: Kernel) -> int | None:
    """Room of the store of new objects; for one that cannot say, that of the data folder."""
    try:
        free = await kernel.store.free_bytes()
        return shutil.disk_usage(kernel.config.data_dir).free if free is None else free
    except (StoreError, OSError) as e:
        log.error("free space: %s", e)
        return None
