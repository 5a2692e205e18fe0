"""`darkroom ott EMAIL`: the codes that wait for an address, for a server that sends no mail."""

from __future__ import annotations

import argparse
import sys

from ..kernel.config import Config
from . import reach
from .arguments import answer

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    parser.add_argument("email", metavar="EMAIL", help="the address that a code was asked for")
    parser.add_argument("--json", action="store_true", help="print the codes as JSON")


def run(args: argparse.Namespace, config: Config) -> int:
    """One line a code, the newest last; 1 when there is none."""
    found = reach.perform(config, "ott", email=args.email)
    lines = [f"{code['code']}  for {code['app']}, good for {max(1, code['expires_in'] // 60)} more minutes" for code in found]
    if found or args.json:
        answer(args, found, "\n".join(lines))
    if not found:
        print(f"darkroom: no code waits for {args.email}; ask for one in the app first", file=sys.stderr)
    return 0 if found else 1
