"""The backup that the server makes by itself, when `backup.dir` is set: one when the newest is old enough, and the oldest go."""

from __future__ import annotations

import logging

from ..kernel.clock import HOUR
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import backup, places
from .vault import Unfit

log = logging.getLogger("darkroom.backup")


async def run(kernel: Kernel) -> None:
    """Once per `backup.every_hours`. What goes wrong is the job's problem, and tried again at the next look."""
    wanted = kernel.config.backup
    if wanted.dir is None:
        return
    where = places.named(wanted.dir)
    try:
        found = await newest(kernel, where)
        if found is not None and kernel.clock.now() - found < wanted.every_hours * HOUR:
            return
        report = await backup.take(kernel, where)
        if report.missing or report.damaged:
            log.error("backup %s: %d objects are missing and %d damaged; see `darkroom fsck`", report.name, len(report.missing), len(report.damaged))
        if not report.secrets:
            log.warning("backup %s is WITHOUT secrets.toml, and cannot be restored without a copy of it: set backup.passphrase", report.name)
        async with places.opened(where, wanted, scratch=kernel.config.data_dir.expanduser(), clock=kernel.clock) as place:
            await place.prune(wanted.keep)
        log.info("backup %s: %d objects, %d bytes", report.name, report.objects, report.bytes)
    except OSError as e:
        raise Unfit(log=f"no backup: {e}") from e


async def newest(kernel: Kernel, where: str) -> int | None:
    """When the newest backup was taken (µs); None when there is none. Takes no lock: somebody may be at it just now."""
    async with places.looked_at(where, kernel.config.backup) as place:
        names = await place.names()
        return (await place.facts(names[-1])).taken_at if names else None


JOBS = (Job("backup.scheduled", 600, run),)
