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
from typing import Literal, get_origin

from pydantic import BaseModel

from .. import __version__
from ..kernel.config import Config
from . import doctor_jobs, doctor_local, doctor_mail, doctor_stores, doctor_url, reach
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
    parser.add_argument("--report", action="store_true", help="for a bug report: verdicts, versions, options; no addresses, folders, names, secrets")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(args: argparse.Namespace, config: Config) -> int:
    found = list(examine(config, args.url or config.public_url, args.client))
    if args.report:
        found = [Finding(f.kind or f.what, f.verdict) for f in found]
    if args.json:
        report = {"versions": versions(), "options": changed(config), "findings": [asdict(f) for f in found]} if args.report else None
        print(json.dumps(report or [asdict(f) for f in found]))
    else:
        if args.report:
            print(", ".join(f"{name} {version}" for name, version in versions().items()))
            print("options: " + ", ".join(f"{name} = {value}" for name, value in changed(config).items()))
        for f in found:
            print(f"{MARKS[f.verdict]}  {f.what}" + (f": {f.say}" if f.say else "") + (f"\n      → {f.do}" if f.do else ""))
    return BROKEN if any(f.verdict == "fail" for f in found) else 0


def examine(config: Config, url: str | None, client: str | None) -> Iterator[Finding]:
    yield from doctor_local.examine(config)
    yield doctor_mail.examine(config)
    yield doctor_jobs.examine(config)
    yield from asyncio.run(doctor_stores.examine(config, client))
    yield from doctor_url.examine(config, url, client)


def versions() -> dict[str, str]:
    return {"darkroom": __version__, "Python": platform.python_version(), platform.system(): platform.machine(), "SQLite": sqlite3.sqlite_version}


def changed(config: Config) -> dict[str, str]:
    """The options that are not as by default, for a report: switches, numbers and words of a fixed set as they are, of others that they are set."""
    found: dict[str, str] = {}
    _changed(config, "", found)
    return found


def _changed(section: BaseModel, prefix: str, found: dict[str, str]) -> None:
    for name, option in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            _changed(value, f"{prefix}{name}.", found)
        elif value != option.get_default(call_default_factory=True):
            plain = isinstance(value, bool | int | float) or get_origin(option.annotation) is Literal
            found[prefix + name] = str(value) if plain else f"set ({len(value)})" if isinstance(value, tuple | dict) else "set"
