"""What the commands share: actions that say what they do, answers for people or as JSON, and being sure before what is not undone."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .admin_client import Refused

STATUS = "Exit status: 0 done, 1 it could not be done, 2 the command line or the configuration is wrong."


def action(actions: Any, name: str, text: str, *, data: bool = True) -> argparse.ArgumentParser:
    """An action of a command, with `--json`. `data`: it works on a data folder, which may be named before the action's name or after it."""
    made: argparse.ArgumentParser = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=STATUS)
    made.add_argument("--json", action="store_true", help="print the result as JSON")
    made.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="TOML file with options")
    if data:
        made.add_argument("--data-dir", metavar="FOLDER", default=argparse.SUPPRESS, help="the server's data folder")
    return made


def answer(args: argparse.Namespace, result: Any, text: str) -> None:
    """The result as JSON, or these words."""
    print(json.dumps(result) if args.json else text, flush=True)


def add_sure(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument("--yes", metavar=name, help="the same once more; without it, a terminal is asked, and nobody else's word counts")


def sure(args: argparse.Namespace, name: str, would: str) -> None:
    """Refused, and nothing done, unless `--yes` or whoever sits at the terminal says this name once more."""
    if args.yes == name:
        return
    if args.yes is None and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        print(f"This would {would}. To be sure, type {name}: ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip() == name:
            return
        raise Refused("nothing was done")
    raise Refused(f"nothing was done. This would {would}; add --yes {name}")
