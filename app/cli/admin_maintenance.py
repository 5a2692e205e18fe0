"""What the commands that check, clean and save do, given a kernel: as `admin`, but they take long and say how far they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..admin import service as administration
from ..closing import purge
from ..kernel.parts import Kernel
from ..kernel.progress import Tell
from ..maintenance import backup, fsck, gc
from .admin_acts import BY


async def check(kernel: Kernel, tell: Tell, repair: bool) -> dict[str, Any]:
    """The report of `maintenance.fsck`."""
    report = (await fsck.check(kernel, mend=repair, tell=tell)).plain()
    if repair:
        await _noted(kernel, "fsck.repair")
    return report


async def clean(kernel: Kernel, tell: Tell, dry_run: bool) -> dict[str, Any]:
    """The report of `maintenance.gc`."""
    report = (await gc.clean(kernel, accounts=purge.purge, dry_run=dry_run, tell=tell)).plain()
    if not dry_run:
        await _noted(kernel, "gc")
    return report


async def save(kernel: Kernel, tell: Tell, folder: str, secrets: bool) -> dict[str, Any]:
    """The report of `maintenance.backup`."""
    report = (await backup.take(kernel, folder, secrets=secrets, tell=tell)).plain()
    await _noted(kernel, "backup")
    return report


async def _noted(kernel: Kernel, act: str) -> None:
    await kernel.db.write("admin.maintenance", administration.note, kernel, BY, act, None)


COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {"fsck": check, "gc": clean, "backup": save}
