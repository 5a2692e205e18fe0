"""What `darkroom doctor` finds of the background jobs: whether they run, in time and well."""

from __future__ import annotations

import time

from ..kernel.config import Config
from . import admin_client, reach
from .admin_client import Refused
from .doctor_local import Finding

GRACE = 600  # seconds beside three turns


def examine(config: Config) -> Finding:
    try:
        runs = reach.perform(config, "admin.jobs")
    except Exception as e:  # a server that cannot start is what others of these findings are about
        return Finding("jobs", "skip", f"cannot be asked: {e}" if isinstance(e, Refused) else type(e).__name__)
    if not runs:
        return Finding("jobs", "skip", "none has run yet")
    failed = [f"{r['name']} ({r['problem']})" for r in runs if r["problem"]]
    if failed:
        return Finding("jobs", "warn", "failed at their last run: " + ", ".join(failed), "the log says why: look for “job … failed”")
    if _runs(config) and (late := _late(runs)):
        return Finding("jobs", "warn", f"late: {', '.join(late)}", "is the server overloaded, or its clock wrong? A restart begins them anew")
    return Finding("jobs", "ok", f"{len(runs)} ran, all well")


def _runs(config: Config) -> bool:
    """Whether a server is there that would have run them; on PostgreSQL it may be elsewhere."""
    if config.database.url is not None:
        return False
    try:
        admin_client.ask(config.data_dir.expanduser().absolute(), "admin.jobs", {})
    except (admin_client.NoServer, Refused, OSError):
        return False
    return True


def _late(runs: list[dict[str, object]]) -> list[str]:
    from ..main import all_jobs  # slow to import

    turns = {job.name: job.seconds for job in all_jobs()}
    now = time.time()
    return [str(r["name"]) for r in runs if r["name"] in turns and now - int(str(r["ended_at"])) / 1e6 > 3 * turns[str(r["name"])] + GRACE]
