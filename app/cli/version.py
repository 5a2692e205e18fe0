"""`darkroom version`: prints the version. Reads no configuration, so it works whatever is wrong with that."""

from __future__ import annotations

import argparse

from .. import __version__

CONFIGURED = False


def run(args: argparse.Namespace, config: None = None) -> int:
    print(f"darkroom {__version__}")
    return 0
