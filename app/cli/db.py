"""`darkroom db copy FROM TO`: moves everything but the objects between SQLite and PostgreSQL."""

from __future__ import annotations

import argparse
import contextlib

from ..db.copying import copy
from ..db.copying.opening import opened, sqlite_path
from ..db.copying.raw import RawDatabase
from ..kernel.config import Config
from . import folder
from .admin_client import Refused
from .arguments import STATUS, answer

HELP = """\
FROM and TO are sqlite:///path/darkroom.db (sqlite:////absolute/path/darkroom.db) or postgresql://user@host/database; either may be either.
TO must be empty. Stop the server first: what is written to FROM during the copy is found out at the end, and the copy refused.
An interrupted copy continues when the same command is run again; until it is verified no server opens TO.

Only the database is copied. Photos stay where they are: the new server needs the same folder (storage.path) or bucket as the old one,
and the same secrets.toml in its data folder, or nobody can log in by e-mail address any more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "copy everything but the photos into an empty database"
    one = actions.add_parser("copy", help=text, description=HELP, epilog=STATUS, formatter_class=argparse.RawDescriptionHelpFormatter)
    one.add_argument("source", metavar="FROM", help="the database that there is")
    one.add_argument("target", metavar="TO", help="the empty one")
    one.add_argument("--json", action="store_true", help="print what was copied as JSON")


def run(args: argparse.Namespace, config: Config) -> int:
    copied: list[copy.Copied] = []
    try:
        with contextlib.ExitStack() as held:
            for parent in {sqlite_path(url).parent for url in (args.source, args.target) if url.startswith("sqlite:///")}:
                if not parent.is_dir():
                    raise Refused(f"there is no folder {parent}")
                held.enter_context(folder.locked(parent))  # no server runs on it, or starts
            source = _open(held, args.source, writable=False)
            target = _open(held, args.target, writable=True)
            if source.identity == target.identity:
                raise Refused("FROM and TO are the same database")
            copy.copy(source, target, copied.append if args.json else _tell)
    except copy.Refused as e:
        raise Refused(str(e)) from e
    tables = {done.table: {"rows": done.rows, "checksum": f"{done.checksum:032x}"} for done in copied}
    answer(args, {"tables": tables}, "Copied and verified. Objects were not copied: give the new server the same storage and the same secrets.toml.")
    return 0


def _open(held: contextlib.ExitStack, url: str, *, writable: bool) -> RawDatabase:
    db = opened(url, writable=writable)
    held.callback(db.close)
    return db


def _tell(done: copy.Copied) -> None:
    print(f"{done.table:24} {done.rows:>12,} rows  {done.checksum:032x}", flush=True)
