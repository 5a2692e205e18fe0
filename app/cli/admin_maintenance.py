"""What the commands that check, clean and save do, given a kernel: as `admin`, but they take long and say how far they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ..closing import purge
from ..kernel.parts import Kernel
from ..kernel.progress import Tell
from ..maintenance import backup, fsck, gc


async def check(kernel: Kernel, tell: Tell, repair: bool) -> dict[str, Any]:
    """The report of `maintenance.fsck`."""
    return (await fsck.check(kernel, mend=repair, tell=tell)).plain()


async def clean(kernel: Kernel, tell: Tell, dry_run: bool) -> dict[str, Any]:
    """The report of `maintenance.gc`."""
    return (await gc.clean(kernel, accounts=purge.purge, dry_run=dry_run, tell=tell)).plain()


async def save(kernel: Kernel, tell: Tell, folder: str, secrets: bool) -> dict[str, Any]:
    """The report of `maintenance.backup`."""
    return (await backup.take(kernel, Path(folder), secrets=secrets, tell=tell)).plain()


COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {"fsck": check, "gc": clean, "backup": save}
