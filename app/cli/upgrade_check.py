"""`darkroom upgrade-check`: before a newer version is started, what it will do to the database, and whether there is a way back."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sqlite3
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from ..db import upgrade
from ..db.copying.tables import Refused as DatabaseRefused
from ..db.migrate import SchemaTooNew
from ..kernel.config import Config, format_size
from ..kernel.config_sources import ConfigError
from ..kernel.errors import AppError
from ..maintenance import places, vault
from . import folder, reach
from .admin_client import Refused

FLAGS = reach.FLAGS
NOT_YET = 3
"""Exit status when something is in the way."""
HOURS = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.epilog = (
        "Run it with the new version, before that is started; also while the old one runs. Exit status: 0 go ahead, 1 it could not be looked at, "
        "2 the configuration is wrong or the database is newer than this program, 3 not yet: it says why."
    )
    parser.add_argument("--backup", metavar="DIR", help="the folder or bucket of backups; backup.dir of the configuration without it")
    parser.add_argument("--hours", type=int, default=HOURS, metavar="N", help=f"how old the newest backup may be (default {HOURS})")
    parser.add_argument("--rehearse", action="store_true", help="bring a copy of the database up to date and say how long that takes (SQLite)")
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON object")


def run(args: argparse.Namespace, config: Config) -> int:
    found = look(config, args.backup or config.backup.dir, args.hours, rehearse=args.rehearse)
    print(json.dumps(found) if args.json else "\n".join(said(found)))
    return 0 if not found["problems"] else NOT_YET


def look(config: Config, backups: str | None, hours: int, *, rehearse: bool) -> dict[str, Any]:
    """`{"version", "schema", "latest", "steps", "backup", "seconds", "problems"}`."""
    file = config.data_dir.expanduser().absolute() / folder.DATABASE
    if config.database.url is None and not file.exists():
        raise ConfigError(f"data_dir: no database in {file.parent}; name the server's folder with --data-dir")
    url = config.database.url.get_secret_value() if config.database.url else f"sqlite:///{file}"
    try:
        plan = upgrade.plan(url)
        problems: list[str] = []
        newest = _newest(config, backups, plan.current, hours, problems if plan.steps else [])
        seconds = _rehearsal(file, problems) if rehearse and config.database.url is None else None
    except SchemaTooNew as e:
        raise ConfigError(f"{'database.url' if config.database.url else 'data_dir'}: {e}") from None
    except DatabaseRefused as e:
        raise Refused(str(e)) from None
    return {
        "version": __version__,
        "schema": plan.current,
        "latest": plan.latest,
        "steps": [asdict(step) for step in plan.steps],
        "backup": newest,
        "seconds": seconds,
        "problems": problems,
    }


def _newest(config: Config, backups: str | None, schema: int, hours: int, problems: list[str]) -> dict[str, Any] | None:
    """The newest backup; what is wrong with it, or with there being none, goes into `problems`."""
    if backups is None:
        problems.append("no folder of backups is known: give --backup DIR, or set backup.dir")
        return None
    try:
        name, facts = _said_of_newest(str(backups), config)
    except (AppError, OSError) as e:
        problems.append(f"{e.log if isinstance(e, AppError) else e}: run `darkroom backup {backups}` with the version that you have")
        return None
    age = max(0.0, time.time() - facts.taken_at / 1e6) / 3600
    if age > hours:
        problems.append(f"the newest backup is {age:.0f} hours old: run `darkroom backup {backups}` with the version that you have")
    if facts.schema > schema:
        problems.append(f"the newest backup has schema {facts.schema}, newer than this database: it is of after an upgrade, or another's")
    if not facts.secrets:
        problems.append("the newest backup is without secrets.toml: be sure that you have a copy of that file")
    return {"name": name, "hours": round(age, 1), "schema": facts.schema, "version": facts.version}


def _said_of_newest(where: str, config: Config) -> tuple[str, vault.Facts]:
    if places.is_bucket(where):
        return asyncio.run(_in_bucket(where, config))
    place = vault.Vault(Path(places.named(where)))
    snapshot = place.snapshot(None)
    return snapshot.name, place.facts(snapshot)


async def _in_bucket(where: str, config: Config) -> tuple[str, vault.Facts]:
    async with places.looked_at(where, config.backup) as place:
        name = await places.chosen(place, None)
        return name, await place.facts(name)


def _rehearsal(file: Path, problems: list[str]) -> float | None:
    """Seconds that the migrations took on a copy beside the database."""
    if shutil.disk_usage(file.parent).free < 2 * file.stat().st_size + (64 << 20):
        problems.append(f"no rehearsal: a copy of the database needs {format_size(2 * file.stat().st_size, exact=False)} of free disk")
        return None
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".upgrade-") as scratch:
        os.chmod(scratch, 0o700)
        try:
            return round(upgrade.rehearse(file, Path(scratch) / file.name), 2)
        except (DatabaseRefused, sqlite3.Error) as e:
            problems.append(f"the rehearsal failed, nothing was changed: {e}")
            return None


def said(found: dict[str, Any]) -> list[str]:
    """The findings as lines."""
    if not found["steps"]:
        lines = [f"darkroom {found['version']} takes the database as it is (schema {found['schema']})"]
    else:
        lines = [f"darkroom {found['version']} will bring the database from schema {found['schema']} to {found['latest']} at its first start:"]
    for step in found["steps"]:
        what = [f"makes {', '.join(step['makes'])}"] if step["makes"] else []
        what += [f"changes {name} ({rows:,} rows)" for name, rows in step["changes"]]
        lines.append(f"  {step['number']:04} {step['name']}: {'; '.join(what) or 'indexes'}")
    if found["seconds"] is not None:
        lines.append(f"tried on a copy: {found['seconds']} s, and the copy is whole")
    if found["backup"]:
        lines.append(f"the newest backup is {found['backup']['name']}, {found['backup']['hours']:.0f} hours old")
    lines += [f"NOT YET: {problem}" for problem in found["problems"]]
    return [*lines, *(["Older versions will not open the database after that; the way back is `darkroom restore`."] if found["steps"] else [])]
