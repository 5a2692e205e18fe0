"""`darkroom backup DIR`, `backup verify DIR`, `backup prune DIR --keep N`; DIR may be `s3://BUCKET/PREFIX`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime

from ..kernel.config import Config, format_size
from ..kernel.errors import AppError
from ..maintenance import places, verify
from . import reach
from .admin_client import Refused
from .progress_bar import Bar

FLAGS = reach.FLAGS
FOUND = 3
"""Exit status of a backup in which something is missing or damaged."""
ACTIONS = ("verify", "prune")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.epilog = (
        "`backup DIR` saves everything; `backup verify DIR` restores a backup into a scratch folder and compares; `backup prune DIR --keep N` "
        "removes old ones. DIR may be s3://BUCKET/PREFIX ([backup] has endpoint and keys). "
        "Exit status: 0 done, 1 it could not be done, 3 something is missing or damaged."
    )
    parser.add_argument("what", nargs="+", metavar="[verify|prune] DIR", help="the folder of backups, and what to do there but save")
    parser.add_argument("--no-secrets", action="store_true", help="leave secrets.toml out; without it a backup cannot be used")
    parser.add_argument("--snapshot", metavar="NAME", help="verify: this one instead of the newest")
    parser.add_argument("--keep", type=int, metavar="N", help="prune: so many of the newest stay")
    parser.add_argument("--yes", action="store_true", help="prune: do not ask")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def run(args: argparse.Namespace, config: Config) -> int:
    *action, where = args.what
    if action and (len(action) > 1 or action[0] not in ACTIONS):
        raise Refused(f"darkroom backup DIR, or one of {', '.join(ACTIONS)} and DIR")
    place = places.named(where)
    try:
        if not action:
            return _take(args, config, place)
        return asyncio.run((_verify if action == ["verify"] else _prune)(args, config, place))
    except AppError as e:
        raise Refused(e.log) from e


def _take(args: argparse.Namespace, config: Config, where: str) -> int:
    with Bar(wanted=not args.json) as tell:
        report = reach.perform(config, "backup", tell, folder=where, secrets=not args.no_secrets)
    if not report["secrets"]:
        print("darkroom: WITHOUT secrets.toml. Keep a copy of that file elsewhere: without it this backup cannot be restored.", file=sys.stderr)
        if not args.no_secrets:
            print("darkroom: With backup.passphrase set it goes into the bucket, sealed.", file=sys.stderr)
    if args.json:
        print(json.dumps(report))
    else:
        print(f"{report['name']}: {report['objects']:,} objects ({format_size(report['bytes'], exact=False)}), ", end="")
        print(f"of which {report['linked']:,} linked and {report['copied']:,} copied now")
        for key, store in report["missing"]:
            print(f"MISSING: {key} is not in store {store}")
        for key, store in report["damaged"]:
            print(f"DAMAGED: {key} in store {store} is not what was uploaded")
    return 0 if report["ok"] else FOUND


async def _verify(args: argparse.Namespace, config: Config, where: str) -> int:
    near = config.data_dir.expanduser().absolute()
    with Bar(wanted=not args.json) as tell:
        async with places.opened(where, config.backup, scratch=near, writing=False) as place:
            report = (await verify.verify(place, args.snapshot, tell=tell)).plain()
    if args.json:
        print(json.dumps(report))
    else:
        taken = datetime.fromtimestamp(report["taken_at"] / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
        size = format_size(report["bytes"], exact=False)
        print(f"{report['snapshot']} of {taken}: {report['users']} accounts, {report['files']:,} files, {report['objects']:,} objects ({size})")
        print("\n".join(f"FAULT: {fault}" for fault in report["faults"]) or "It can be restored whole.")
        if not report["secrets"]:
            print("It has no secrets.toml: restoring needs a copy of that file.")
    return 0 if report["ok"] else FOUND


async def _prune(args: argparse.Namespace, config: Config, where: str) -> int:
    if args.keep is None or args.keep < 1:
        raise Refused("say how many stay: --keep N, at least 1")
    async with places.opened(where, config.backup, scratch=config.data_dir.expanduser().absolute()) as place:
        going = (await place.names())[: -args.keep]
        if going and not args.yes and not _agreed(f"Remove {', '.join(going)} from {where}?"):
            raise Refused("nothing was removed; --yes to do it without being asked")
        names, count, size = await place.prune(args.keep)
        report = {"removed": names, "objects": count, "bytes": size, "kept": await place.names()}
    if args.json:
        print(json.dumps(report))
    else:
        print(f"{len(names)} backups and {count:,} objects that only they had ({format_size(size, exact=False)}) are removed")
    return 0


def _agreed(question: str) -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
