"""`darkroom config show|check|example`: what options are in force, whether the server could start with them, and all there are."""

from __future__ import annotations

import argparse
import sys

from ..kernel.config import Config
from ..web import links
from . import reach
from .config_text import effective, example

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print every option in force, as TOML")
    show.add_argument("--redact", action="store_true", help="without passwords, keys and fixed codes")
    actions.add_parser("check", help="say whether the server could start with this configuration; changes nothing")
    actions.add_parser("example", help="print config.example.toml")


def run(args: argparse.Namespace, config: Config) -> int:
    if args.action == "show":
        sys.stdout.write(effective(config, redact=args.redact))
    elif args.action == "example":
        sys.stdout.write(example())
    else:
        _check(config)
        for note in links.notes(config):
            print(f"links: {note}")
        print("the configuration is good")
    return 0


def _check(config: Config) -> None:
    """ConfigError for what would keep the server from starting, short of opening the database."""
    from ..kernel import secrets_file
    from . import build, certificates, folder, serve

    serve.check_workers(config)
    certificates.check(config.http)
    data = folder.writable(config.data_dir)
    build.check_stores(config, data)
    if (data / secrets_file.NAME).exists():
        secrets_file.read(data / secrets_file.NAME)
