"""A database opened raw: its catalogue, its rows by pages, and the note of how far a copy into it has come. None is used while a server runs.

What both engines' SQL say alike is in `RawDatabase`, with `?` for values; `raw_sqlite` and `raw_postgres` have the rest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from .tables import Key, Row, Table

MARKER = "copy_progress"  # exists in the target of an unfinished copy, and nowhere else
NOT_COPIED = {MARKER, "schema_version"}


class RawDatabase(ABC):
    """One end of a copy. `identity` names the database without a password."""

    identity: str

    @abstractmethod
    def tables(self) -> list[Table]: ...

    @abstractmethod
    def schema_number(self) -> int: ...

    @abstractmethod
    def next_id(self, table: Table) -> int: ...

    @abstractmethod
    def continue_at(self, table: Table, value: int) -> None:
        """The next row that is given a number gets this one."""

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _execute(self, sql: str, *values: Any) -> list[Row]: ...

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[None]:
        """All of the block or nothing; the database's errors as Refused."""

    @abstractmethod
    def _has(self, table: str) -> bool: ...

    @abstractmethod
    def _insert(self, table: Table, rows: list[Row]) -> None: ...

    @abstractmethod
    def _set_schema_number(self, number: int) -> None: ...

    def count(self, table: str) -> int:
        return int(self._execute(f"SELECT count(*) FROM {table}")[0][0])

    def page(self, table: Table, after: Key | None, limit: int) -> list[Row]:
        """Rows beyond a primary key, in the order of the primary key."""
        key = ", ".join(table.key)
        beyond = f" WHERE ({key}) > ({', '.join('?' * len(table.key))})" if after is not None else ""
        rows = self._execute(f"SELECT {table.columns} FROM {table.name}{beyond} ORDER BY {key} LIMIT ?", *(after or ()), limit)
        return [table.plain(row) for row in rows]

    def greatest(self, table: Table) -> int:
        """The greatest value of the identity column, 0 without rows."""
        return int(self._execute(f"SELECT COALESCE(max({table.identity}), 0) FROM {table.name}")[0][0])

    # --- a copy into it
    def marker(self) -> str | None:
        """Whose copy this half-filled database is."""
        return str(self._execute(f"SELECT source FROM {MARKER} WHERE table_name = ''")[0][0]) if self._has(MARKER) else None

    def progress(self, table: str) -> tuple[bool, Key | None]:
        """(whether all rows are there, the key up to which they are)."""
        rows = self._execute(f"SELECT done, after FROM {MARKER} WHERE table_name = ?", table)
        return (bool(rows[0][0]), _unpacked(rows[0][1])) if rows else (False, None)

    def begin(self, source: str, number: int, clear: list[str]) -> None:
        """Mark this database as the target of a copy."""
        with self._transaction():
            self._execute(f"CREATE TABLE {MARKER} (table_name TEXT PRIMARY KEY, source TEXT NOT NULL, after TEXT NOT NULL, done BOOLEAN NOT NULL)")
            self._execute(f"INSERT INTO {MARKER} VALUES ('', ?, '', FALSE)", source)
            for table in clear:
                self._execute(f"DELETE FROM {table}")
            self._set_schema_number(number)

    def append(self, table: Table, rows: list[Row], after: Key | None, done: bool) -> None:
        """One transaction: the rows, and how far they reach."""
        with self._transaction():
            self._insert(table, rows)
            self._execute(
                f"INSERT INTO {MARKER} VALUES (?, '', ?, ?) ON CONFLICT (table_name) DO UPDATE SET after = excluded.after, done = excluded.done",
                table.name,
                "" if after is None else msgspec.msgpack.encode(after).hex(),
                done,
            )

    def finish(self, number: int) -> None:
        """Drop the marker and set the schema's number: from here on a server opens it."""
        with self._transaction():
            self._execute(f"DROP TABLE {MARKER}")
            self._set_schema_number(number)


def _unpacked(key: str) -> Key | None:
    return msgspec.msgpack.decode(bytes.fromhex(key)) if key else None
