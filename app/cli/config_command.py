"""`darkroom config show|check|example`: what options are in force, whether the server could start with them, and all there are."""

from __future__ import annotations

import argparse
import tomllib

from ..kernel.config import Config
from ..kernel.config_sources import options
from ..web import links
from . import reach
from .arguments import action, answer
from .config_text import effective, example

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = action(actions, "show", "print every option in force, as TOML")
    show.add_argument("--redact", action="store_true", help="without passwords, keys and fixed codes")
    action(actions, "check", "say whether the server could start with this configuration; changes nothing")
    action(actions, "example", "print config.example.toml: every option, its default and its environment variable")


def run(args: argparse.Namespace, config: Config) -> int:
    if args.action == "check":
        _check(config)
        notes = links.notes(config)
        answer(args, {"good": True, "notes": notes}, "\n".join([*(f"links: {note}" for note in notes), "the configuration is good"]))
        return 0
    text = effective(config, redact=args.redact) if args.action == "show" else example()
    answer(args, tomllib.loads(text) if args.action == "show" else _known(), text.removesuffix("\n"))
    return 0


def _known() -> list[dict[str, str | None]]:
    """Every option there is."""
    return [{"name": o.name, "variable": o.variable, "description": o.field.description} for o in options()]


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
