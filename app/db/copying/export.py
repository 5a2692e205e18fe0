"""One consistent copy of a whole database as a SQLite file, while a server works on it: what a backup keeps, whatever the engine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from . import copy
from .opening import opened, sqlite_path
from .raw_sqlite import RawSqlite
from .tables import Refused


def export(url: str, target: Path) -> None:
    """Copy the database of this URL (see `opening`) into a new file. Reads one snapshot; writers go on. Refused when that cannot be had."""
    target.unlink(missing_ok=True)
    if url.startswith("sqlite:///"):
        _online_backup(sqlite_path(url), target)
    else:
        _copy(url, target)
    with closing(sqlite3.connect(target, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it


def _online_backup(source: Path, target: Path) -> None:
    """SQLite's own, in one step, so that it is one snapshot. Read-only: the writer alone writes and checkpoints (design.md §3)."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)) as db, closing(sqlite3.connect(target)) as made:
            db.backup(made)
    except sqlite3.Error as e:
        raise Refused(f"{source}: {e}") from e


def _copy(url: str, target: Path) -> None:
    source = opened(url, writable=False)
    try:
        made = RawSqlite(target, writable=True)
        try:
            copy.copy(source, made, lambda _: None)
        finally:
            made.close()
    finally:
        source.close()
