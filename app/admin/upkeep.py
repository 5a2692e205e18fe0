"""Stores and backups as administrators see them, and what they have done to stores. The work itself is `storage`'s and `maintenance`'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kernel.clock import HOUR
from ..kernel.errors import AppError, CodedBadRequest
from ..kernel.jobs import Run
from ..kernel.parts import Kernel
from ..maintenance import entry as maintenance
from ..maintenance.entry import Facts
from ..storage import entry as storage
from . import queries, service
from .queries import Act

ACTS = {"add": storage.add, "drain": storage.drain, "resync": storage.resync, "retire": storage.retire, "verify": storage.verify}
MOST = 60  # backups of a list


async def stores(kernel: Kernel) -> dict[str, Any]:
    """`storage.status`."""
    return await storage.status(kernel)


async def work_on(kernel: Kernel, by: str, act: str, name: str) -> str:
    """One of `ACTS`; what it says. 400 for what cannot be done."""
    if act not in ACTS:
        raise CodedBadRequest("there is no such act")
    said = await ACTS[act](kernel, name)
    await kernel.db.write("admin.storage", service.note, kernel, by, f"storage.{act}", None, name)
    return said


@dataclass(frozen=True, slots=True)
class Backups:
    """`folder` "": the server makes none by itself. `late`: the newest is older than it may be. `run`: how its job did last.
    `by_hand`: the last backup by command, wherever it went."""

    folder: str
    every_hours: int
    keep: int
    found: list[tuple[str, Facts]]  # the newest first
    late: bool
    problem: str
    run: Run | None
    by_hand: Act | None


async def backups(kernel: Kernel) -> Backups:
    wanted = kernel.config.backup
    runs = {run.name: run for run in await service.job_runs(kernel)}
    by_hand = await kernel.db.read(queries.last_act, "backup")
    if wanted.dir is None:
        return Backups("", wanted.every_hours, wanted.keep, [], False, "", None, by_hand)
    try:
        found, problem = await maintenance.backups(kernel.config, wanted.dir, MOST), ""
    except (OSError, AppError) as e:
        found, problem = [], e.log if isinstance(e, AppError) else str(e)
    newest = found[0][1].taken_at if found else 0
    late = newest + (wanted.every_hours + 1) * HOUR < kernel.clock.now()
    return Backups(wanted.dir, wanted.every_hours, wanted.keep, found, late, problem, runs.get("backup.scheduled"), by_hand)
