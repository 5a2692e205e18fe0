"""The room that objects must leave on their disk: the database is mostly on the same one, and without room nobody could log in or delete."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from storage_backends import NoSpace

from ..kernel.clock import SECOND
from ..kernel.parts import Kernel

LEAST = 512 << 20
SHARE = 100  # of a disk: one in so many bytes
FRESH = SECOND // 4  # for so long one look is good


async def check(kernel: Kernel, size: int, store: str) -> None:
    """NoSpace unless `size` more bytes leave the reserve of a store's disk free. Stores that are no folder of this machine have none to fill."""
    storage = kernel.tiers.all[store].settings
    if storage.kind not in ("filesystem", "sqlite"):
        return
    left = await _left(kernel, (storage.path or kernel.config.data_dir).expanduser())
    if size >= left:
        raise NoSpace(f"{size} bytes to come, {max(0, left)} free above the reserve")


async def _left(kernel: Kernel, folder: Path) -> int:
    now = kernel.clock.now()
    seen, left = kernel.room.get(str(folder), (0, 0))
    if not seen or not 0 <= now - seen < FRESH:
        left = await asyncio.to_thread(_look, folder, kernel.config.quota.reserve)
        kernel.room[str(folder)] = (now, left)
    return left


def _look(folder: Path, reserve: int | None) -> int:
    """Bytes above the reserve; plenty when nobody can say, for the store itself will."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return 1 << 62
    return disk.free - (max(LEAST, disk.total // SHARE) if reserve is None else reserve)
