"""SQLite as an end of a copy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import migrate
from ..sqlite import PRAGMAS, _migrate
from .raw import NOT_COPIED, RawDatabase
from .tables import Refused, Row, Table

if TYPE_CHECKING:
    import sqlite_utils

_KINDS = {"INTEGER": "int", "TEXT": "text", "BLOB": "bytes", "BOOLEAN": "bool"}


class RawSqlite(RawDatabase):
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
        import sqlite_utils  # loads numpy where that is installed, which a server that copies nothing need not wait for

        catalogue = sqlite_utils.Database(self._db).tables
        return [_table(t) for t in catalogue if t.name not in NOT_COPIED and not t.name.startswith("sqlite_")]

    def next_id(self, table: Table) -> int:
        rows = self._execute("SELECT seq FROM sqlite_sequence WHERE name = ?", table.name)
        return int(rows[0][0]) + 1 if rows else 1

    def continue_at(self, table: Table, value: int) -> None:
        with self._transaction():
            self._execute("DELETE FROM sqlite_sequence WHERE name = ?", table.name)
            self._execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table.name, value - 1)

    def _execute(self, sql: str, *values: Any) -> list[Row]:
        return self._db.execute(sql, values).fetchall()

    def _has(self, table: str) -> bool:
        return bool(self._execute("SELECT 1 FROM sqlite_master WHERE name = ?", table))

    def _insert(self, table: Table, rows: list[Row]) -> None:
        self._db.executemany(f"INSERT INTO {table.name} ({table.columns}) VALUES ({', '.join('?' * len(table.kinds))})", rows)

    def _set_schema_number(self, number: int) -> None:
        self._execute(f"PRAGMA user_version = {number}")

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


def _table(found: sqlite_utils.db.Table) -> Table:
    kinds = {column.name: _KINDS[column.type.upper()] for column in found.columns}
    key = tuple(column.name for column in sorted(found.columns, key=lambda c: c.is_pk) if column.is_pk)
    refers = frozenset(reference.other_table for reference in found.foreign_keys)
    return Table(found.name, kinds, key, refers, key[0] if "AUTOINCREMENT" in found.schema.upper() else None)


def scratch() -> RawSqlite:
    """A migrated database in memory."""
    return RawSqlite(":memory:", writable=True)
