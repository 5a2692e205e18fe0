"""How the server grows: what it holds is noted once an hour, and the last note of a day stays."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from ..kernel.clock import DAY
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import queries

KEPT = 2 * 366  # days
SHOWN = 90


@dataclass(frozen=True, slots=True)
class Day:
    """`day`: since 1970-01-01, UTC."""

    day: int
    accounts: int
    bytes: int
    files: int


async def note(kernel: Kernel) -> None:
    totals = await kernel.db.scan(queries.totals)
    await kernel.db.write("admin.growth", _note, kernel.clock.now() // DAY, totals)


def _note(tx: Tx, day: int, totals: tuple[int, int, int]) -> None:
    queries.put_growth(tx, day, *totals)
    queries.drop_growth(tx, day - KEPT)


async def last(kernel: Kernel) -> list[Day]:
    """The last ninety days that were noted, the oldest first."""
    return [Day(*row) for row in await kernel.db.scan(queries.growth, kernel.clock.now() // DAY - SHOWN)]


JOBS = (Job("admin.growth", 3600, note),)
