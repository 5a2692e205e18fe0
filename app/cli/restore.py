"""`darkroom restore DIR|s3://…`: an installation from a backup, into an empty data folder (and an empty PostgreSQL database)."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from ..kernel.config import Config, format_size
from ..kernel.errors import AppError
from ..maintenance import places, restore
from . import build, folder, reach
from .admin_client import Refused
from .progress_bar import Bar

FLAGS = reach.FLAGS
FOUND = 3
"""Exit status when some objects were damaged in the backup."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.epilog = (
        "Never writes over data: move a broken installation away first. A restore that was interrupted goes on when it is run again. "
        "Exit status: 0 done, 1 it could not be done, 3 done, but objects were damaged in the backup."
    )
    parser.add_argument("dir", metavar="DIR", help="the folder of backups, or s3://BUCKET/PREFIX ([backup] has endpoint and keys)")
    parser.add_argument("--snapshot", metavar="NAME", help="this backup instead of the newest")
    parser.add_argument("--secrets", metavar="FILE", type=Path, help="secrets.toml, when the backup was made without")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def run(args: argparse.Namespace, config: Config) -> int:
    data = folder.prepare(config.data_dir)
    try:
        with folder.locked(data), Bar(wanted=not args.json) as tell:
            report = asyncio.run(_restore(args, config, data, tell))
    except AppError as e:
        raise Refused(e.log) from e
    if args.json:
        print(json.dumps(report))
    else:
        size = format_size(report["bytes"], exact=False)
        print(f"{report['snapshot']}: {report['users']} accounts, {report['files']:,} files, {report['objects']:,} objects ({size}) are in {data}")
        print("\n".join(f"DAMAGED in the backup, not restored: {key}" for key in report["damaged"]) or "Now: darkroom serve")
    return 0 if report["ok"] else FOUND


async def _restore(args: argparse.Namespace, config: Config, data: Path, tell: Bar) -> dict[str, Any]:
    stores = build.open_stores(config, data)
    url = config.database.url.get_secret_value() if config.database.url else None
    passphrase = config.backup.passphrase.get_secret_value() if config.backup.passphrase else None
    try:
        target = restore.Target(data, stores, url)
        async with places.opened(places.named(args.dir), config.backup, scratch=data, writing=False) as place:
            report = await restore.restore(place, args.snapshot, target, secrets=args.secrets, passphrase=passphrase, tell=tell)
        return report.plain()
    finally:
        for store in stores.values():
            await store.close()
