"""Schema migrations: numbered SQL files, applied in order, each in its own transaction, never edited once landed.

A database that is newer than this program is refused: an older server would not know what it must keep intact.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources

COPYING = 1_000_000_000
"""The schema number of a database that is being filled by a copy (db/copy.py): no server opens it half full."""


class SchemaTooNew(RuntimeError):
    """The database was written by a newer Darkroom."""


def migrations() -> list[tuple[int, str, str]]:
    """(number, name, SQL) of every migration, ascending."""
    out = []
    for f in resources.files(__package__).joinpath("migrations").iterdir():
        if m := re.fullmatch(r"(\d{4})_(\w+)\.sql", f.name):
            out.append((int(m[1]), m[2], f.read_text(encoding="utf-8")))
    return sorted(out)


def latest() -> int:
    return migrations()[-1][0]


def pending(current: int) -> list[tuple[int, str, str]]:
    """Migrations beyond `current`; SchemaTooNew when the database is ahead."""
    known = migrations()
    if current == COPYING:
        raise SchemaTooNew("the database is the target of an unfinished `darkroom db copy`: finish it, or start with an empty database")
    if current > known[-1][0]:
        raise SchemaTooNew(f"the database has schema {current}, this Darkroom knows {known[-1][0]}: use a newer Darkroom")
    return [m for m in known if m[0] > current]


def apply(current: int, run: Callable[[int, str], None]) -> int:
    """Run what is pending through `run(number, sql)`, which must be atomic; the schema number afterwards."""
    for number, _, sql in pending(current):
        run(number, sql)
        current = number
    return current
