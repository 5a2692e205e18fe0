"""What is left of the contacts of deleted accounts: kept while the deletion can be undone, then removed with the bytes of the pictures."""

from __future__ import annotations

from ..db import Tx
from ..kernel.clock import DAY
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import queries
from .service import let_go

KEPT = 8 * DAY  # a deletion can be undone for seven (accounts.md §5.14)
BATCH = 20


async def purge(kernel: Kernel) -> None:
    now = kernel.clock.now()
    while await kernel.db.write("contacts.purge", _purge, kernel, now) == BATCH:
        pass


def _purge(tx: Tx, kernel: Kernel, now: int) -> int:
    gone = queries.of_the_gone(tx, now - KEPT, BATCH)
    for user_id in gone:
        let_go(tx, kernel, user_id, queries.forget(tx, user_id), now)
    return len(gone)


JOBS = (Job("contacts.purge", 6 * 3600, purge),)
