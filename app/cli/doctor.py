"""`darkroom doctor [--url URL] [--client …] [--report] [--json]`: what stands in the way of a healthy server, each with what to do.

Changes nothing of anybody's: what it puts into a store it removes again. Works beside a running server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict

from .. import __version__
from ..kernel.config import Config
from . import doctor_local, doctor_stores, doctor_url, reach
from .admin_client import Refused
from .doctor_local import Finding

FLAGS = reach.FLAGS
BROKEN = 3
"""Exit status when something fails."""
MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL", "skip": "skip"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.epilog = "Exit status: 0 nothing fails, 3 something does."
    parser.add_argument("--url", metavar="URL", help="the address that apps use; public_url without it")
    parser.add_argument("--client", choices=("ios", "android", "web", "desktop"), help="what this app needs beyond the others")
    parser.add_argument("--report", action="store_true", help="for a bug report: without addresses, folders and names")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(args: argparse.Namespace, config: Config) -> int:
    found = list(examine(config, args.url or config.public_url, args.client))
    if args.report:
        found = [Finding(f.what.partition(":")[0], f.verdict) for f in found]
    if args.json:
        print(json.dumps([asdict(f) for f in found]))
    else:
        if args.report:
            print(f"darkroom {__version__}, Python {platform.python_version()}, {platform.system()}, SQLite {sqlite3.sqlite_version}")
        for f in found:
            print(f"{MARKS[f.verdict]}  {f.what}" + (f": {f.say}" if f.say else "") + (f"\n      → {f.do}" if f.do else ""))
    return BROKEN if any(f.verdict == "fail" for f in found) else 0


def examine(config: Config, url: str | None, client: str | None) -> Iterator[Finding]:
    yield from doctor_local.examine(config)
    yield _jobs(config)
    yield from asyncio.run(doctor_stores.examine(config))
    yield from doctor_url.examine(config, url, client)


def _jobs(config: Config) -> Finding:
    """What the background jobs say of their last runs."""
    try:
        runs = reach.perform(config, "admin.jobs")
    except Exception as e:  # a server that cannot start is what others of these findings are about
        return Finding("jobs", "skip", f"cannot be asked: {e}" if isinstance(e, Refused) else type(e).__name__)
    failed = [f"{r['name']} ({r['problem']})" for r in runs if r["problem"]]
    if failed:
        return Finding("jobs", "warn", "failed at their last run: " + ", ".join(failed), "the log says why: look for “job … failed”")
    return Finding("jobs", "ok", f"{len(runs)} ran, all well") if runs else Finding("jobs", "skip", "none has run yet")
