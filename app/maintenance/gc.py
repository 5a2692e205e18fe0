"""`darkroom gc`: removes now what the jobs would remove in time, and names each object with its reason.

The naming is a look ahead. Whether an object may go is asked once more in the transaction that takes it away (`objects.deletion`), so what
gets a name meanwhile stays, and the report says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..accounts import service as account_rows
from ..db import Tx
from ..kernel.clock import DAY
from ..kernel.errors import Conflict
from ..kernel.jobs import HOLD, is_leased
from ..kernel.parts import Kernel
from ..kernel.progress import Tell, silent
from ..objects import service as objects
from . import queries
from .queries import Doomed

BATCH = 1000
TOLD = 10_000
"""Objects that the report names; beyond that it counts."""
ABANDONED = f"uploaded and not committed within {objects.PENDING_AGE // DAY} days"
UNREFERENCED = "nothing names it any more, and its grace is over"
UPLOAD = "given up; its upload URLs have expired"
DELETED = "its account is deleted, and cannot be restored any more"
CLOSED = "its account is deleted: given up now, and gone after the grace"
PARTS = f"an upload in parts that nobody has touched for {objects.KEY_LIFE // DAY} days"
PURGED_AFTER = 8 * DAY  # closing.purge.KEPT: what its job takes

Purge = Callable[[Kernel], Awaitable[None]]


class Held(Conflict):
    """A backup is running; nothing is removed until it is done."""


@dataclass(slots=True)
class Report:
    """`objects`: (key, store, bytes, reason); `reasons`: reason → (how many, bytes); `kept`: keys that got a name meanwhile or whose store
    did not take them away; they are tried again."""

    dry_run: bool
    count: int = 0
    bytes: int = 0
    reasons: dict[str, tuple[int, int]] = field(default_factory=dict)
    objects: list[tuple[str, str, int, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def add(self, key: str, store: str, size: int, reason: str) -> None:
        count, total = self.reasons.get(reason, (0, 0))
        self.reasons[reason] = (count + 1, total + size)
        self.count += 1
        self.bytes += size
        if len(self.objects) < TOLD:
            self.objects.append((key, store, size, reason))

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


async def clean(kernel: Kernel, *, accounts: Purge, dry_run: bool = False, tell: Tell = silent) -> Report:
    """Remove, or with `dry_run` only name, what nothing needs. `accounts` removes the files of deleted accounts. Held during a backup."""
    if not dry_run and await kernel.db.read(is_leased, HOLD, kernel.clock.now()):
        raise Held(log="a backup is running, and nothing is removed meanwhile: try again when it is done")
    report = Report(dry_run)
    tell("looking", 0, None)
    planned = await _plan(kernel, report, tell)
    if dry_run:
        return report
    tell("removing", 0, len(planned))
    await accounts(kernel)
    await objects.sweep(kernel)
    await objects.run_deletions(kernel)
    await _look_again(kernel, planned, report)
    return report


async def _plan(kernel: Kernel, report: Report, tell: Tell) -> dict[int, str]:
    """Object id → key of everything that is to go now."""
    now = kernel.clock.now()
    gone = await kernel.db.scan(account_rows.to_purge, now - PURGED_AFTER, 1 << 30)
    found: dict[int, str] = {}

    async def collect(reason: Callable[[Doomed], str], page: Callable[[Tx, int, int], list[Doomed]], *, now: bool = True) -> None:
        after = 0
        while rows := await kernel.db.scan(page, after, BATCH):
            after = rows[-1].object_id
            for row in rows:
                if row.object_id not in found:
                    report.add(row.key, row.store, row.size, reason(row))
                    if now:
                        found[row.object_id] = row.key
            tell("looking", report.count, None)

    await collect(lambda _: ABANDONED, lambda tx, after, limit: queries.too_old(tx, now - objects.PENDING_AGE, after, limit))
    await collect(_why, lambda tx, after, limit: queries.due(tx, now, after, limit))
    if gone:  # these are scheduled now and go after the grace
        await collect(lambda _: CLOSED, lambda tx, after, limit: queries.of_accounts(tx, gone, after, limit), now=False)
    for key, store, size, _ in await kernel.db.scan(queries.stale_multiparts, now - objects.KEY_LIFE):
        report.add(key, store, size, PARTS)
    return found


def _why(row: Doomed) -> str:
    if row.of_deleted:
        return DELETED
    return UPLOAD if row.state == "deleting" else UNREFERENCED


async def _look_again(kernel: Kernel, planned: dict[int, str], report: Report) -> None:
    ids = list(planned)
    for at in range(0, len(ids), BATCH):
        report.kept += [planned[i] for i in sorted(await kernel.db.scan(queries.still_there, ids[at : at + BATCH]))]
