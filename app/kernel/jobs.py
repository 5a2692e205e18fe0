"""Background jobs: the same services that requests use, run on a schedule inside the process.

With several processes a job runs in one of them at a time: a lease in the database, taken in one statement, expires by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..db import Tx
from . import sessions
from .clock import DAY, SECOND
from .errors import AppError
from .parts import Kernel

LONGEST = 7 * DAY
"""No lease is taken for longer. One that ends later was taken under a clock that has been set right since, and holds nobody up."""
HOLD = "objects.hold"
"""Lease under which no bytes are removed anywhere: a backup has listed them and is not yet done (`maintenance.backup`)."""
log = logging.getLogger("darkroom.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """`run(kernel)` every `seconds`, unless it still runs. It must be safe to run again at any time, beside itself too. `everywhere`: in each
    process, because it looks after that process's own memory."""

    name: str
    seconds: int
    run: Callable[[Kernel], Awaitable[None]]
    everywhere: bool = False


def take_lease(tx: Tx, name: str, holder: str, now: int, until: int) -> bool:
    """Whether `holder` now has the lease (µs)."""
    got = tx.value(
        "INSERT INTO leases (name, holder, expires_at) VALUES (:name, :holder, :until) ON CONFLICT (name) DO UPDATE SET "
        "holder = excluded.holder, expires_at = excluded.expires_at "
        "WHERE leases.expires_at <= :now OR leases.holder = :holder OR leases.expires_at > :never RETURNING holder",
        name=name,
        holder=holder,
        now=now,
        until=until,
        never=now + LONGEST,
    )
    return bool(got == holder)


def is_leased(tx: Tx, name: str, now: int) -> bool:
    """Whether anybody has this lease."""
    sql = "SELECT 1 FROM leases WHERE name = :name AND expires_at > :now AND expires_at <= :never"
    return tx.value(sql, name=name, now=now, never=now + LONGEST) is not None


def end_lease(tx: Tx, name: str, holder: str) -> None:
    tx.run("DELETE FROM leases WHERE name = :name AND holder = :holder", name=name, holder=holder)


async def run_jobs(kernel: Kernel, jobs: list[Job]) -> None:
    """Run until cancelled; a failing job is logged and tried again at its next turn. A long one keeps no other waiting."""
    holder = kernel.ids.uuid()
    kernel.figures.schedule = {j.name: j.seconds for j in jobs}
    due = dict.fromkeys((j.name for j in jobs), 0)
    running: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            await asyncio.sleep(1)
            await _flush(kernel)
            now = kernel.clock.now()
            for job in jobs:
                if due[job.name] <= now and (job.name not in running or running[job.name].done()):
                    due[job.name] = now + job.seconds * SECOND
                    running[job.name] = asyncio.create_task(run_leased(kernel, job, holder), name=f"job {job.name}")
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
        await _flush(kernel)


async def run_leased(kernel: Kernel, job: Job, holder: str) -> None:
    """Run a job if its lease can be had."""
    now = kernel.clock.now()
    try:
        if job.everywhere or await kernel.db.write("jobs.lease", take_lease, job.name, holder, now, now + job.seconds * SECOND // 2):
            await _run_noted(kernel, job)
    except AppError as e:  # it knows what stood in its way
        log.error("job %s failed: %s", job.name, e.log)
    except Exception:
        log.exception("job %s failed", job.name)


async def _run_noted(kernel: Kernel, job: Job) -> None:
    began, problem = kernel.clock.now(), ""
    try:
        await job.run(kernel)
    except Exception as e:
        problem = type(e).__name__
        raise
    finally:
        with contextlib.suppress(AppError):  # a database that is away is what the job itself failed for
            await kernel.db.write("jobs.note", note_run, job.name, began, kernel.clock.now(), problem)


def note_run(tx: Tx, name: str, began: int, ended: int, problem: str) -> None:
    tx.run(
        "INSERT INTO job_runs (name, began_at, ended_at, succeeded_at, problem) VALUES (:name, :began, :ended, :succeeded, :problem) "
        "ON CONFLICT (name) DO UPDATE SET began_at = excluded.began_at, ended_at = excluded.ended_at, "
        "succeeded_at = COALESCE(excluded.succeeded_at, job_runs.succeeded_at), problem = excluded.problem",
        name=name,
        began=began,
        ended=ended,
        succeeded=None if problem else ended,
        problem=problem,
    )


@dataclass(frozen=True, slots=True)
class Run:
    """How a job's last run went; times in µs, `succeeded_at` None: it never has."""

    name: str
    began_at: int
    ended_at: int
    succeeded_at: int | None
    problem: str


def runs(tx: Tx) -> list[Run]:
    """The last run of every job that ever ran."""
    return [Run(*row) for row in tx.all("SELECT name, began_at, ended_at, succeeded_at, problem FROM job_runs ORDER BY name")]


async def _flush(kernel: Kernel) -> None:
    try:
        await kernel.texts.flush()
    except Exception:
        log.exception("could not write down what texts take up")
    if seen := kernel.last_used.take():
        try:
            await kernel.db.write("sessions.touch", sessions.touch, seen)
        except Exception:
            log.exception("could not record session use")
