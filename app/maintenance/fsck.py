"""`darkroom fsck`: every invariant of design.md §4 looked at, in the database and between it and the stores; with `repair`, put right.

The report is JSON: `{"ok", "objects", "listed", "unread": {store: reason}, "problems": [Problem…], "foreign", "accounts"}`. `foreign` counts
objects in the stores whose keys this server did not make: nobody's business, and no problem. `accounts`: what each account holds, in bytes, by
what it is (`consistency.SUMS`): every byte belongs to one of these sums, and each has a bound (`[quota]`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..db.engine import Row
from ..kernel.parts import Kernel
from ..kernel.progress import Tell, silent
from . import queries, repair, stock
from .consistency import CHECKS, problems, sums

TOLD = 20
"""Rows of a problem that the report shows."""
MISSING = "every row has its bytes"
LOST = "every store has its copies"
STRAYS = "all bytes have a row"
HOW_TO_MEND = {
    MISSING: "put the bytes back from a backup or another copy; `darkroom restore` says how",
    "a file is live in an album, or in the trash, or gone": "a photo that is nowhere is put back by its owner's app only: tell them its id",
    "the last place of a file is its owner's": "the owner's app has to add it to an album of theirs; it can still be read where it is",
    "no file is live in a deleted album": "its owner's app has to move the photo to another album",
}


@dataclass(slots=True)
class Problem:
    """One broken statement: `rows` that break it (the first TOLD), how many, how many a repair has mended, what is left to do."""

    check: str
    count: int
    rows: list[list[Any]]
    repaired: int = 0
    left: int = 0
    advice: str = ""


@dataclass(slots=True)
class Report:
    objects: int = 0
    listed: int = 0
    foreign: int = 0
    unread: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    accounts: dict[int, dict[str, int]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.unread and all(p.left == 0 for p in self.problems)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ok": self.ok, **asdict(self)}


async def check(kernel: Kernel, *, mend: bool = False, tell: Tell = silent) -> Report:
    """Look at everything; with `mend`, repair what has one safe answer and look again at what was broken."""
    tell("checking the database", 0, None)
    broken = await kernel.db.scan(problems)
    await _measure(kernel, tell)
    found = await stock.compare(kernel, tell)
    report = Report(found.objects, found.listed, unread=found.unread)
    strays = [s for s in found.strays if s.owner_id is not None]
    report.foreign = len(found.strays) - len(strays)
    report.problems = [_problem(name, rows) for name, rows in broken.items()]
    if found.missing:
        rows = [[m.row.key, m.row.store, m.row.state, m.row.size, m.found] for m in found.missing]
        report.problems.append(Problem(MISSING, len(rows), rows[:TOLD], left=len(rows)))
    if found.lost:
        rows = [[lost.row.key, lost.store, lost.row.size, lost.found, lost.other] for lost in found.lost]
        report.problems.append(Problem(LOST, len(rows), rows[:TOLD], left=len(rows)))
    if strays:
        report.problems.append(Problem(STRAYS, len(strays), [[s.key, s.store, s.size] for s in strays[:TOLD]], left=len(strays)))
    if mend and report.problems:
        tell("repairing", 0, None)
        await _mend(kernel, report, broken, found)
    report.accounts = await kernel.db.scan(sums)
    for problem in report.problems:
        problem.advice = HOW_TO_MEND.get(problem.check, "`darkroom fsck --repair` mends it") if problem.left else ""
    return report


async def _measure(kernel: Kernel, tell: Tell) -> None:
    """Set the counts of texts, which what replaces older texts makes too high, to what is there."""
    for user_id in await kernel.db.scan(queries.accounts):
        tell("measuring texts", 0, None)
        await kernel.texts.recount(user_id)


def _problem(name: str, rows: Sequence[Row]) -> Problem:
    return Problem(name, len(rows), [list(row) for row in rows[:TOLD]], left=len(rows))


async def _mend(kernel: Kernel, report: Report, broken: dict[str, list[Row]], found: stock.Findings) -> None:
    for problem in report.problems:
        if problem.check == MISSING:
            problem.repaired = await repair.hollow(kernel, found.missing)
        elif problem.check == LOST:
            problem.repaired = await repair.lost(kernel, found.lost)
        elif problem.check == STRAYS:
            problem.repaired = await repair.strays(kernel, found.strays)
        elif problem.check in REPAIRS:
            problem.repaired = await REPAIRS[problem.check](kernel, broken[problem.check])
        problem.left = max(0, problem.count - problem.repaired)
    again = await kernel.db.scan(problems)  # a repair may have mended more than it was asked for, or less
    for problem in report.problems:
        if problem.check in CHECKS:
            problem.left = len(again.pop(problem.check, ()))
    report.problems += [_problem(name, rows) for name, rows in again.items()]


Repair = Callable[[Kernel, Sequence[Row]], Awaitable[int]]
REPAIRS: dict[str, Repair] = {
    "the ledger is the sum of the files": lambda kernel, _: repair.ledgers(kernel),
    "every owner of files has a ledger": lambda kernel, _: repair.ledgers(kernel),
    "a file is live in an album, or in the trash, or gone": repair.places,
    "no file is live in a deleted album": repair.dead_albums,
    "an album is at least as new as its entries": repair.albums,
    "a feed is at least as new as what its person sees": lambda kernel, _: repair.feeds(kernel),
    "objects of living files are stored": lambda kernel, _: repair.unstored(kernel),
    "stored objects are named or on their way out": repair.unnamed,
    "bytes that are to go are on an account until they are gone": repair.going,
    "no share is of an album's owner": lambda kernel, _: repair.shares(kernel),
}
