"""The entry point of `darkroom`: reads the command line, loads the configuration, runs one command, turns refusals into one line.

Exit status: 0 done, 1 it could not be done, 2 the command line or the configuration is wrong. Imports a command only when it runs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from .. import __version__
from .arguments import STATUS

COMMANDS = {
    "serve": "run the server",
    "ott": "show the codes that are waiting for an address",
    "user": "list and add accounts, invite people, set quotas",
    "mail": "try the mail server",
    "family": "see, create and change families, which store on one plan",
    "fsck": "check that everything that is stored is whole, and repair what can be",
    "gc": "remove the bytes that nothing needs any more, now",
    "admin": "look after accounts, sessions, second factors, codes and jobs; the audit log",
    "storage": "look at the stores of objects; add, drain, retire, check and move",
    "backup": "save everything while the server runs; verify and prune what was saved",
    "restore": "make an installation of a backup",
    "upgrade-check": "say what a newer version will do to the database, and whether there is a way back",
    "import-museum": "bring everything over from museum, Ente's own server",
    "export-museum": "hand everything over to an empty museum",
    "doctor": "look for what stands in the way of a healthy server",
    "db": "copy the database between SQLite and PostgreSQL",
    "config": "show or check the configuration",
    "web": "add and list the web apps that this server shows",
    "routes": "list the routes with guards, budgets and limits, or print the API description",
    "healthcheck": "ask the running server whether it is alive (for containers)",
    "version": "print the version",
}
MODULES = {"config": "config_command", "web": "web_command", "gc": "gc_command", "admin": "admin_command"}  # where the plain name would confuse
APART = {"bridge": "use an account's photos as plain files on your own machine (extra `bridge`)"}
"""Programs of their own under this name: they know nothing of the server, and it nothing of them."""


def main(argv: list[str] | None = None) -> int:
    """Run `darkroom` with these arguments (default: the process's)."""
    argv = sys.argv[1:] if argv is None else argv
    _fill_standard_files()
    name = next((a for a in argv if not a.startswith("-")), None)
    if name in APART and argv[0] == name:
        return _apart(name, argv[1:])
    module = MODULES.get(name or "", name or "").replace("-", "_")
    command: Any = importlib.import_module(f".{module}", __package__) if name in COMMANDS else None
    args = _parser(name, command).parse_args(argv)
    return _run(command, args) if getattr(command, "CONFIGURED", True) else int(command.run(args))


def _fill_standard_files() -> None:
    """A program that is started with a closed output would get that number for the next file it opens: its database, for one."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free


def _apart(name: str, argv: list[str]) -> int:
    try:
        program: Any = importlib.import_module(f"{name}.main")
    except ModuleNotFoundError as e:
        print(f"darkroom {name} needs {e.name}: pip install 'darkroom[{name}]'", file=sys.stderr)
        return 1
    return int(program.main(argv))


def _parser(name: str | None, command: Any) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="darkroom", description="A self-hosted server for Ente's end-to-end-encrypted apps.")
    parser.add_argument("--version", action="version", version=f"darkroom {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for known, text in COMMANDS.items():
        sub = commands.add_parser(known, help=text, description=text[0].upper() + text[1:] + ".")
        sub.epilog = STATUS
        if known != "version":
            sub.add_argument("--config", type=Path, metavar="FILE", help="TOML file with options (see config.example.toml)")
        if known == name:
            command.add_arguments(sub)
    for known, text in APART.items():
        commands.add_parser(known, help=text, add_help=False)
    return parser


def _run(command: Any, args: argparse.Namespace) -> int:
    from ..kernel import logs
    from ..kernel.config_sources import ConfigError, load
    from .admin_client import Refused

    os.umask(0o077)  # whatever a command makes is its owner's alone
    try:
        flags = {option: getattr(args, attribute) for option, attribute in getattr(command, "FLAGS", {}).items()}
        config = load(args.config, os.environ, flags)
        logs.setup(config.log.level, config.log.format)
        return int(command.run(args, config))
    except ConfigError as e:
        print(f"darkroom: {e}", file=sys.stderr)
        return 2
    except Refused as e:
        print(f"darkroom: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
