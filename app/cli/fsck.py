"""`darkroom fsck [--repair] [--json]`: is everything that is stored whole?"""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..kernel.config import Config
from . import reach
from .progress_bar import Bar

FLAGS = reach.FLAGS
FOUND = 3
"""Exit status when something is broken and was not repaired."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.epilog = "Exit status: 0 all is whole (or was repaired), 1 it could not be checked, 3 something is broken."
    parser.add_argument("--repair", action="store_true", help="mend what has one safe answer; nothing that lets go of a photo")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def run(args: argparse.Namespace, config: Config) -> int:
    with Bar(wanted=not args.json) as tell:
        report = reach.perform(config, "fsck", tell, repair=args.repair)
    print(json.dumps(report) if args.json else "\n".join(said(report)))
    return 0 if report["ok"] else FOUND


def said(report: dict[str, Any]) -> list[str]:
    """The report as lines."""
    lines = [f"{report['objects']:,} objects in the database, {report['listed']:,} in the stores"]
    if report["foreign"]:
        lines.append(f"{report['foreign']:,} objects in the stores have names that are not ours; they are left alone")
    lines += [f"store {name} could not be read, so nothing is said of its objects: {why}" for name, why in report["unread"].items()]
    for problem in report["problems"]:
        mended = f", {problem['repaired']:,} repaired" if problem["repaired"] else ""
        lines.append(f"BROKEN: {problem['check']}: {problem['count']:,}{mended}, {problem['left']:,} left")
        if problem["left"]:
            lines += [f"    {' '.join(str(v) for v in row)}" for row in problem["rows"]]
            lines.append(f"    {problem['advice']}")
    lines.append("Everything is whole." if report["ok"] else "Not everything is whole.")
    return lines
