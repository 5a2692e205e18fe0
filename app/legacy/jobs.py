"""What happens to recoveries by themselves: who has waited long enough is ready, owners are reminded, what is over is forgotten (misc.md §15)."""

from __future__ import annotations

from ..db import Tx
from ..kernel.clock import DAY
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import kit_queries as kits
from . import queries, waiting
from .notices import Notice, Occasion, tell

BATCH = 200
KEPT = 30 * DAY  # deleted kits and ended recoveries: a finder who asks is told how it ended
RESTORABLE = 8 * DAY  # a deletion of an account can be undone for seven


async def remind(kernel: Kernel) -> None:
    """Look at every recovery whose time has come."""
    for name, step in (("legacy.remind", _remind), ("legacy.remind_kits", _remind_kits)):
        seen = BATCH
        while seen == BATCH:
            seen, notices = await kernel.db.write(name, step, kernel.clock.now())
            await tell(kernel, *notices)


def _remind(tx: Tx, now: int) -> tuple[int, list[Notice]]:
    """(recoveries seen, who is to be told)."""
    due, notices = queries.due(tx, now, BATCH), []
    for r in due:
        if r.wait_till <= now:
            queries.set_status(tx, r.id, "READY", now)
            notices += [Notice(Occasion.READY, r.user_id, r.contact_id), Notice(Occasion.READY, r.contact_id, r.user_id)]
            continue
        at, remind_now = waiting.next_look(r.remind_at, r.wait_till, now)
        queries.look_later(tx, r.id, at)
        if remind_now:
            notices.append(Notice(Occasion.DUE, r.user_id, r.contact_id, waiting.days_left(r.wait_till, now)))
    return len(due), notices


def _remind_kits(tx: Tx, now: int) -> tuple[int, list[Notice]]:
    due, notices = kits.due(tx, now, BATCH), []
    for s, owner in due:
        if s.wait_till <= now:
            kits.set_status(tx, s.id, "READY", now)
            notices.append(Notice(Occasion.KIT_READY, owner, owner))
            continue
        at, remind_now = waiting.next_look(s.remind_at, s.wait_till, now)
        kits.look_later(tx, s.id, at)
        if remind_now:
            notices.append(Notice(Occasion.KIT_DUE, owner, owner, waiting.days_left(s.wait_till, now)))
    return len(due), notices


async def sweep(kernel: Kernel) -> None:
    """Forget kits of accounts that cannot come back, recoveries that ended a while ago, kits that were deleted a while ago."""
    now = kernel.clock.now()
    while await kernel.db.write("legacy.sweep", _sweep, now) == BATCH:
        pass
    await kernel.db.write("legacy.drop_kits", kits.drop_kits, now - KEPT)


def _sweep(tx: Tx, now: int) -> int:
    gone = kits.of_the_gone(tx, now - RESTORABLE, BATCH)
    for kit_id, user_id in gone:
        kits.bury(tx, user_id, kit_id, now)
    over = kits.over(tx, now - KEPT, BATCH)
    kits.drop_openings(tx, over)
    kits.drop_sessions(tx, over)
    return max(len(gone), len(over))


JOBS = (
    Job("legacy.remind", 3600, remind),
    Job("legacy.sweep", 24 * 3600, sweep),
)
