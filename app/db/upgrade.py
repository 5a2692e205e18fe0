"""What an upgrade will do to a database, read from its migrations and tried on a copy. Changes nothing that is in use."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from . import migrate
from .copying.opening import opened, sqlite_path
from .copying.raw_sqlite import RawSqlite
from .copying.tables import Refused

_NEW = re.compile(r"^\s*CREATE TABLE (\w+)", re.MULTILINE)
_CHANGED = re.compile(r"^\s*(?:ALTER TABLE|UPDATE|DELETE FROM|INSERT INTO|DROP TABLE(?: IF EXISTS)?) (\w+)", re.MULTILINE)
_INDEXED = re.compile(r"^\s*CREATE (?:UNIQUE )?INDEX \w+\s+ON (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """A migration: the tables it makes, and those that are there and that it changes, with their rows."""

    number: int
    name: str
    makes: tuple[str, ...]
    changes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """From one schema to another. No steps: nothing will happen."""

    current: int
    latest: int
    steps: tuple[Step, ...]


class Look(Protocol):
    """What is asked of a database."""

    def schema_number(self) -> int: ...

    def names(self) -> set[str]: ...

    def count(self, table: str) -> int: ...


class File:
    """A SQLite file, opened so that it cannot be written or checkpointed: a server may be at work on it."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def schema_number(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def names(self) -> set[str]:
        return {name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def count(self, table: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def close(self) -> None:
        self._db.close()


class Remote:
    """A PostgreSQL database, in one transaction that only reads."""

    def __init__(self, url: str) -> None:
        self._db = opened(url, writable=False)
        self.schema_number, self.count, self.close = self._db.schema_number, self._db.count, self._db.close

    def names(self) -> set[str]:
        return {table.name for table in self._db.tables()}


def plan(url: str) -> Plan:
    """Of the database of this URL, also while a server uses it; SchemaTooNew for one that is ahead, Refused for one that cannot be read."""
    try:
        with contextlib.closing(File(sqlite_path(url)) if url.startswith("sqlite:///") else Remote(url)) as database:
            current, there = database.schema_number(), database.names()
            steps = tuple(_step(database, there, *one) for one in migrate.pending(current))
    except sqlite3.Error as e:
        raise Refused(f"{sqlite_path(url)}: {e}") from None
    return Plan(current, migrate.latest(), steps)


def _step(database: Look, there: set[str], number: int, name: str, sql: str) -> Step:
    sql = re.sub(r"--[^\n]*", "", sql)
    makes = tuple(dict.fromkeys(_NEW.findall(sql)))
    touched = dict.fromkeys((*_CHANGED.findall(sql), *_INDEXED.findall(sql)))
    return Step(number, name, makes, tuple((t, database.count(t)) for t in touched if t in there and t not in makes))


def rehearse(source: Path, scratch: Path) -> float:
    """Copy a SQLite database to `scratch`, also while a server writes it, and bring the copy up to date; the seconds that took. Refused when
    it did not work. The caller removes the copy."""
    with contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live:
        with contextlib.closing(sqlite3.connect(scratch)) as copy:
            live.backup(copy)
    began = time.monotonic()
    RawSqlite(scratch, writable=True).close()
    took = time.monotonic() - began
    with contextlib.closing(sqlite3.connect(scratch)) as copy:
        said, lost = copy.execute("PRAGMA quick_check(1)").fetchone()[0], copy.execute("PRAGMA foreign_key_check").fetchone()
    if said != "ok" or lost is not None:
        raise Refused(f"the migrated copy is not whole: {said if said != 'ok' else f'a row of {lost[0]} names one of {lost[2]} that is gone'}")
    return took
