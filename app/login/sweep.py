"""What time removes: expired codes, abandoned password exchanges, forgotten sessions, old counters."""

from __future__ import annotations

from ..db import Tx
from ..kernel import limits as ratelimit
from ..kernel import sessions
from ..kernel.clock import DAY, HOUR
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import queries, srp_queries

EXCHANGE_LIFETIME = HOUR
SESSION_IDLE = 427 * DAY  # refused after 365 days, kept a little longer for the list
COUNTER_LIFETIME = 2 * DAY  # longer than every window


async def sweep(kernel: Kernel) -> None:
    await kernel.db.write("login.sweep", _sweep, kernel.clock.now())


def _sweep(tx: Tx, now: int) -> None:
    queries.sweep_codes(tx, now)
    srp_queries.sweep_exchanges(tx, now - EXCHANGE_LIFETIME)
    sessions.sweep(tx, now - SESSION_IDLE)
    ratelimit.forget(tx, now - COUNTER_LIFETIME)


JOBS = [Job("login.sweep", 300, sweep)]
