"""The two ends of a copy: a database opened raw, with its catalogue, its rows by pages, and the note of how far a copy has come.

Values come out in one form whatever the engine: int, str, bool, bytes or None. Nothing here is used while a server runs.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec

from .. import migrate
from ..sqlite import PRAGMAS, _migrate

Row = tuple[Any, ...]
Key = list[Any]
MARKER = "copy_progress"  # exists in the target of an unfinished copy, and nowhere else
NOT_COPIED = {MARKER, "schema_version"}
MARKER_DDL = f"CREATE TABLE {MARKER} (table_name TEXT PRIMARY KEY, source TEXT NOT NULL, after TEXT NOT NULL, done BOOLEAN NOT NULL)"


class Refused(RuntimeError):
    """The copy cannot be made or went wrong; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the catalogue knows it. `kinds`: column → int, text, bool or bytes; `identity`: the column that numbers its rows."""

    name: str
    kinds: dict[str, str]
    key: tuple[str, ...]
    refers_to: frozenset[str]
    identity: str | None
    places: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.key:
            raise Refused(f"{self.name} has no primary key")
        object.__setattr__(self, "places", tuple(list(self.kinds).index(k) for k in self.key))

    @property
    def columns(self) -> str:
        return ", ".join(self.kinds)

    def key_of(self, row: Row) -> Key:
        return [row[i] for i in self.places]

    def plain(self, row: Row) -> Row:
        """The row with every value in its one form; Refused for a value that its column cannot hold on every engine."""
        try:
            return tuple(None if v is None else _PLAIN[kind](v) for v, kind in zip(row, self.kinds.values(), strict=True))
        except (TypeError, ValueError) as e:
            raise Refused(f"{self.name}: a row that does not fit its columns: {e}") from None


def _whole(v: Any) -> int:
    if type(v) is not int:
        raise TypeError(f"{type(v).__name__} instead of a number")
    return v


def _text(v: Any) -> str:
    if type(v) is not str or "\0" in v:
        raise TypeError("no text, or one with a NUL, which PostgreSQL cannot store")
    return v


def _truth(v: Any) -> bool:
    if v not in (0, 1):
        raise TypeError(f"{v!r} instead of true or false")
    return bool(v)


def _bytes(v: Any) -> bytes:
    if not isinstance(v, bytes | memoryview):
        raise TypeError(f"{type(v).__name__} instead of bytes")
    return bytes(v)


_PLAIN = {"int": _whole, "text": _text, "bool": _truth, "bytes": _bytes}


def pack(key: Key | None) -> str:
    """A key as text for the marker."""
    return "" if key is None else msgspec.msgpack.encode(key).hex()


def unpack(text: str) -> Key | None:
    return msgspec.msgpack.decode(bytes.fromhex(text)) if text else None


class Side(Protocol):
    """`identity` names the database without a password."""

    identity: str

    def tables(self) -> list[Table]: ...

    def schema_number(self) -> int: ...

    def count(self, table: str) -> int: ...

    def page(self, table: Table, after: Key | None, limit: int) -> list[Row]:
        """Rows beyond a primary key, in the order of the primary key."""

    def greatest(self, table: Table) -> int:
        """The greatest value of the identity column, 0 without rows."""

    def next_id(self, table: Table) -> int: ...

    def continue_at(self, table: Table, value: int) -> None:
        """The next row that is given a number gets this one."""

    def marker(self) -> str | None:
        """Whose copy this half-filled database is."""

    def progress(self, table: str) -> tuple[bool, Key | None]: ...

    def begin(self, source: str, number: int, clear: list[str]) -> None:
        """Mark this database as the target of a copy."""

    def append(self, table: Table, rows: list[Row], after: Key | None, done: bool) -> None:
        """One transaction: the rows, and how far they reach."""

    def finish(self, number: int) -> None:
        """Drop the marker and set the schema's number: from here on a server opens it."""

    def close(self) -> None: ...


class SqliteSide:
    """A SQLite file. The caller holds the lock of its folder."""

    def __init__(self, path: Path | str, *, writable: bool) -> None:
        if not writable and not Path(path).is_file():
            raise Refused(f"there is no file {path}")
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as e:
            raise Refused(f"{path}: {e}") from None
        self.identity = f"sqlite:///{os.path.abspath(path)}"
        try:
            if writable:
                for pragma in PRAGMAS:
                    self._db.execute(pragma)
                if self.schema_number() != migrate.COPYING:
                    migrate.apply(self.schema_number(), partial(_migrate, self._db))
            else:
                self._db.execute("PRAGMA query_only = ON")
                self._db.execute("BEGIN")
                self._db.execute("SELECT count(*) FROM sqlite_master")
        except (sqlite3.Error, migrate.SchemaTooNew) as e:
            self._db.close()
            raise Refused(f"{path}: {e}") from None

    def close(self) -> None:
        self._db.close()

    def schema_number(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def tables(self) -> list[Table]:
        rows = self._db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'").fetchall()
        return [self._table(name, sql) for name, sql in rows if name not in NOT_COPIED]

    def _table(self, name: str, sql: str) -> Table:
        info = self._db.execute(f"PRAGMA table_info({name})").fetchall()
        kinds = {column: _SQLITE_KINDS[kind.upper()] for _, column, kind, *_ in info}
        key = tuple(row[1] for row in sorted(info, key=lambda r: r[5]) if row[5])
        refers = frozenset(row[2] for row in self._db.execute(f"PRAGMA foreign_key_list({name})"))
        return Table(name, kinds, key, refers, key[0] if "AUTOINCREMENT" in sql.upper() else None)

    def count(self, table: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def page(self, table: Table, after: Key | None, limit: int) -> list[Row]:
        sql = page_sql(table, after, "?")
        return [table.plain(row) for row in self._db.execute(sql, [*(after or ()), limit])]

    def greatest(self, table: Table) -> int:
        return int(self._db.execute(f"SELECT COALESCE(max({table.identity}), 0) FROM {table.name}").fetchone()[0])

    def next_id(self, table: Table) -> int:
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table.name]).fetchone()
        return row[0] + 1 if row else 1

    def continue_at(self, table: Table, value: int) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table.name])
            self._db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table.name, value - 1])

    def marker(self) -> str | None:
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [MARKER]).fetchone():
            return None
        row = self._db.execute(f"SELECT source FROM {MARKER} WHERE table_name = ''").fetchone()
        return str(row[0])

    def progress(self, table: str) -> tuple[bool, Key | None]:
        row = self._db.execute(f"SELECT done, after FROM {MARKER} WHERE table_name = ?", [table]).fetchone()
        return (bool(row[0]), unpack(row[1])) if row else (False, None)

    def begin(self, source: str, number: int, clear: list[str]) -> None:
        with self._transaction():
            self._db.execute(MARKER_DDL)
            self._db.execute(f"INSERT INTO {MARKER} VALUES ('', ?, '', FALSE)", [source])
            for table in clear:
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute(f"PRAGMA user_version = {number}")

    def append(self, table: Table, rows: list[Row], after: Key | None, done: bool) -> None:
        with self._transaction():
            marks = ", ".join("?" * len(table.kinds))
            self._db.executemany(f"INSERT INTO {table.name} ({table.columns}) VALUES ({marks})", rows)
            self._db.execute(
                f"INSERT INTO {MARKER} VALUES (?, '', ?, ?) ON CONFLICT (table_name) DO UPDATE SET after = excluded.after, done = excluded.done",
                [table.name, pack(after), done],
            )

    def finish(self, number: int) -> None:
        with self._transaction():
            self._db.execute(f"DROP TABLE {MARKER}")
            self._db.execute(f"PRAGMA user_version = {number}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException as e:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(e, sqlite3.Error):
                raise Refused(f"{self.identity}: {e}") from e
            raise


_SQLITE_KINDS = {"INTEGER": "int", "TEXT": "text", "BLOB": "bytes", "BOOLEAN": "bool"}


def page_sql(table: Table, after: Key | None, mark: str) -> str:
    """The statement of a page; its parameters are the key after which it begins, if any, and how many rows it has."""
    key = ", ".join(table.key)
    beyond = f" WHERE ({key}) > ({', '.join([mark] * len(table.key))})" if after is not None else ""
    return f"SELECT {table.columns} FROM {table.name}{beyond} ORDER BY {key} LIMIT {mark}"


def scratch() -> SqliteSide:
    """A migrated database in memory."""
    return SqliteSide(":memory:", writable=True)
