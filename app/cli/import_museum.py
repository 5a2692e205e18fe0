"""`darkroom import-museum`: an installation of museum, Ente's own server, becomes this one."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from storage_backends import ObjectStore

from ..kernel.config import Config
from ..kernel.errors import AppError
from ..kernel.parts import Kernel
from ..maintenance.museum import importing, source
from ..maintenance.museum.objects import Objects
from . import build, folder, reach
from .admin_client import Refused
from .progress_bar import Bar

FLAGS = reach.FLAGS
FOUND = 3
"""Exit status when something did not come."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.epilog = "Exit status: 0 all came, 1 it could not be done, 3 some rows or objects did not come. Run it again to go on. See docs/moving.md."
    parser.add_argument("--postgres", metavar="URL", required=True, help="museum's database, only read")
    parser.add_argument(
        "--objects", metavar="DIR|s3://BUCKET", required=True, help="a folder of its objects or of MinIO's data, or a bucket that [[storage]] names"
    )
    parser.add_argument("--museum-config", metavar="FILE", type=Path, help="museum.yaml, for key.encryption")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def run(args: argparse.Namespace, config: Config) -> int:
    return carry(args, config, _run, said)


def carry(
    args: argparse.Namespace,
    config: Config,
    act: Callable[[argparse.Namespace, Config, Bar], Coroutine[Any, Any, dict[str, Any]]],
    said: Callable[[dict[str, Any]], list[str]],
) -> int:
    """Do what takes long with nobody else in the data folder, and report it; the exit status."""
    data = folder.prepare(config.data_dir)
    try:
        with contextlib.ExitStack() as held, Bar(wanted=not args.json) as tell:
            if config.database.url is None:
                held.enter_context(folder.locked(data))
            report = asyncio.run(act(args, config, tell))
    except AppError as e:
        raise Refused(e.log) from e
    print(json.dumps(report) if args.json else "\n".join(said(report)))
    return 0 if report["ok"] else FOUND


async def _run(args: argparse.Namespace, config: Config, tell: Bar) -> dict[str, Any]:
    keys = source.read_keys(args.museum_config, os.environ)
    async with build.started(config) as kernel:
        await build.check_parts(kernel)
        with source.opened(args.postgres) as museum:
            return (await importing.bring_over(kernel, museum, keys, _objects(kernel, args.objects), tell=tell)).plain()


def _objects(kernel: Kernel, where: str) -> Objects:
    if not where.startswith("s3://"):
        place = Path(where).expanduser().absolute()
        if not place.is_dir():
            raise Refused(f"there is no folder {place}")
        return Objects(kernel.store, place)
    return Objects(bucket_store(kernel, where), None)


def bucket_store(kernel: Kernel, where: str) -> ObjectStore:
    """The store of ours that is this bucket."""
    bucket = where.removeprefix("s3://").strip("/")
    for storage in kernel.config.storage:
        if storage.kind == "s3" and storage.bucket == bucket:
            return kernel.stores[storage.name]
    raise Refused(f"no [[storage]] has the bucket {bucket}: name it there, with museum's endpoint and keys")


def said(report: dict[str, Any]) -> list[str]:
    """The report as lines."""
    lines = [f"{count:>12,}  {table}" for table, count in report["came"].items()]
    lines += [f"{count:>12,}  objects {how}" for how, count in report["objects"].items()]
    lines += [f"NOT HERE: {table}: {why}" for table, why in report["left"].items()]
    lines += [f"LEFT BEHIND: {table}: {row}" for table, rows in report["bad"].items() for row in rows]
    lines += [f"MISSING at the source: {key}" for key in report["missing"]]
    lines += [f"DAMAGED at the source: {key}: {why}" for key, why in report["damaged"].items()]
    lines += [f"ATTENTION: {name}: {count}; see `darkroom fsck`" for name, count in report["problems"].items()]
    return [*lines, "Everything came." if report["ok"] else "Not everything came; the command goes on when it is run again."]
