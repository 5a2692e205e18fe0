"""The backup that the server makes by itself, when `backup.dir` is set: one when the newest is old enough, and the oldest go."""

from __future__ import annotations

import asyncio
import logging

from ..kernel.clock import HOUR
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import backup, vault

log = logging.getLogger("darkroom.backup")


async def run(kernel: Kernel) -> None:
    """Once per `backup.every_hours`. What goes wrong is the job's problem, and tried again at the next look."""
    wanted = kernel.config.backup
    if wanted.dir is None:
        return
    folder = wanted.dir.expanduser().absolute()
    place = vault.Vault(folder)
    try:
        names = place.names()
        newest = place.facts(place.snapshot(None)).taken_at if names else 0
        if kernel.clock.now() - newest < wanted.every_hours * HOUR:
            return
        report = await backup.take(kernel, folder)
        if report.missing or report.damaged:
            log.error("backup %s: %d objects are missing and %d damaged; see `darkroom fsck`", report.name, len(report.missing), len(report.damaged))
        with vault.opened(folder) as place:
            await asyncio.to_thread(place.prune, wanted.keep)
        log.info("backup %s: %d objects, %d bytes", report.name, report.objects, report.bytes)
    except OSError as e:
        raise vault.Unfit(log=f"no backup: {e}") from e


JOBS = (Job("backup.scheduled", 600, run),)
