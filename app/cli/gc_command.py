"""`darkroom gc [--dry-run] [--json]`: removes what nothing needs any more."""

from __future__ import annotations

import argparse
import json

from ..kernel.config import Config, format_size
from . import reach
from .progress_bar import Bar

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.epilog = "The server does this by itself, an object at its time. Exit status: 0 done, 1 it could not be done."
    parser.add_argument("--dry-run", action="store_true", help="name each object with its reason, remove nothing")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def run(args: argparse.Namespace, config: Config) -> int:
    with Bar(wanted=not args.json) as tell:
        report = reach.perform(config, "gc", tell, dry_run=args.dry_run)
    if args.json:
        print(json.dumps(report))
        return 0
    if args.dry_run:
        for key, store, size, reason in report["objects"]:
            print(f"{key}  {store}  {format_size(size, exact=False)}  {reason}")
    verb = "would go" if args.dry_run else "went"
    for reason, (count, size) in report["reasons"].items():
        print(f"{count:,} objects ({format_size(size, exact=False)}) {verb}: {reason}")
    for key in report["kept"]:
        print(f"{key} stays for now: something names it again, or its store does not answer")
    if not report["count"]:
        print("Nothing is to be removed.")
    return 0
