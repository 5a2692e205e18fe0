"""What happens to the trash by itself: files go for good when their time is over, and later their encrypted metadata too."""

from __future__ import annotations

import logging
from itertools import groupby

from ..kernel.clock import DAY
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import queries, service

log = logging.getLogger("darkroom.trash")
BATCH = 2500


async def expire(kernel: Kernel) -> None:
    """Delete what is past its time, owner by owner. One that fails is logged, left for the next run, and holds up nobody else."""
    now = kernel.clock.now()
    after = (0, 0)
    while rows := await kernel.db.scan(queries.past_due, now, after, BATCH):
        after = rows[-1][:2]
        for owner_id, group in groupby(sorted(rows, key=lambda row: row[2]), key=lambda row: row[2]):
            try:
                await kernel.db.write("trash.expire", service.purge, kernel, owner_id, [f for _, f, _ in group], now, now)
            except Exception:
                log.exception("could not delete expired files of user %d", owner_id)


async def scrub(kernel: Kernel) -> None:
    """Blank the encrypted metadata of files that are gone for good, `scrub_days` after their bytes were due to go."""
    now = kernel.clock.now()
    before = now - (kernel.config.trash.deletion_grace_days + kernel.config.trash.scrub_days) * DAY
    while await kernel.db.write("trash.scrub", queries.scrub, before, now, BATCH) == BATCH:
        pass


JOBS = (
    Job("trash.expire", 600, expire),
    Job("trash.scrub", 3600, scrub),
)
