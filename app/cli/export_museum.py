"""`darkroom export-museum`: this installation becomes one of museum, Ente's own server."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from storage_backends import ObjectStore

from ..kernel.config import Config
from ..kernel.parts import Kernel
from ..maintenance.museum import exporting, seals
from . import build, reach
from .import_museum import bucket_store, carry
from .progress_bar import Bar

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.epilog = "Exit status: 0 all went, 1 it could not be done, 3 some objects have no bytes here. See docs/moving.md."
    parser.add_argument("--postgres", metavar="URL", required=True, help="the database of a museum that was started once and has nobody in it")
    parser.add_argument("--objects", metavar="DIR|s3://BUCKET", required=True, help="a folder to put them into, or a bucket that [[storage]] names")
    parser.add_argument("--museum-config", metavar="FILE", type=Path, help="that museum's museum.yaml, for key.encryption and key.hash")
    parser.add_argument("--bucket", metavar="NAME", default="b2-eu-cen", help="the name of that bucket in museum.yaml (default b2-eu-cen)")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def run(args: argparse.Namespace, config: Config) -> int:
    return carry(args, config, _run, said)


async def _run(args: argparse.Namespace, config: Config, tell: Bar) -> dict[str, Any]:
    keys = seals.read_seals(args.museum_config, os.environ)
    async with build.started(config) as kernel:
        await build.check_parts(kernel)
        return (await exporting.hand_over(kernel, args.postgres, keys, _target(kernel, args.objects), args.bucket, tell=tell)).plain()


def _target(kernel: Kernel, where: str) -> Path | ObjectStore:
    return bucket_store(kernel, where) if where.startswith("s3://") else Path(where).expanduser().absolute()


def said(report: dict[str, Any]) -> list[str]:
    """The report as lines."""
    lines = [f"{count:>12,}  {table}" for table, count in report["went"].items()]
    lines += [f"{count:>12,}  objects {how}" for how, count in report["objects"].items()]
    lines += [f"NOT THERE: {table}: {why}" for table, why in report["left"].items()]
    lines += [f"MISSING here: {key}" for key in report["missing"]]
    return [*lines, "Everything went." if report["ok"] else "Some objects have no bytes here; see `darkroom fsck`."]
