"""`darkroom version`: prints the version. Reads no configuration, so it works whatever is wrong with that."""

from __future__ import annotations

import argparse

from .. import __version__
from .arguments import answer

CONFIGURED = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(args: argparse.Namespace, config: None = None) -> int:
    answer(args, {"version": __version__}, f"darkroom {__version__}")
    return 0
