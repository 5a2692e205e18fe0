"""PostgreSQL as an end of a copy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .. import migrate
from ..postgres.database import DEFAULTS, prepare
from .raw import NOT_COPIED, RawDatabase
from .tables import Refused, Row, Table

_KINDS = {"bigint": "int", "text": "text", "bytea": "bytes", "boolean": "bool"}
_COLUMNS = (
    "SELECT c.table_name, c.column_name, c.data_type, c.is_identity FROM information_schema.columns c "
    "JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name "
    "WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position"
)
_KEYS = (
    "SELECT k.table_name, k.column_name FROM information_schema.table_constraints c JOIN information_schema.key_column_usage k "
    "ON k.constraint_schema = c.constraint_schema AND k.constraint_name = c.constraint_name AND k.table_name = c.table_name "
    "WHERE c.table_schema = current_schema() AND c.constraint_type = 'PRIMARY KEY' ORDER BY k.table_name, k.ordinal_position"
)
_REFERENCES = (
    "SELECT a.relname, b.relname FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON b.oid = k.confrelid "
    "JOIN pg_namespace n ON n.oid = a.relnamespace WHERE k.contype = 'f' AND n.nspname = current_schema()"
)


class RawPostgres(RawDatabase):
    """A database by URL. As a source it is read on one snapshot, so a server that still writes is not seen, and found out by nobody."""

    def __init__(self, url: str, *, writable: bool) -> None:
        try:
            given = conninfo_to_dict(url)
            self.identity = _name(given)
            settings: dict[str, Any] = {**DEFAULTS, **given}
            self._db = psycopg.connect("", **settings, autocommit=True)
            try:
                self._open(settings, writable)
            except BaseException:
                self._db.close()
                raise
        except (psycopg.Error, migrate.SchemaTooNew) as e:
            raise Refused(f"{url.partition('://')[0]}: {str(e).strip().splitlines()[0]}") from None

    def _open(self, settings: dict[str, Any], writable: bool) -> None:
        if writable:
            if self.schema_number() != migrate.COPYING:
                prepare(settings)
        else:
            self._db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def close(self) -> None:
        self._db.close()

    def schema_number(self) -> int:
        if not self._has("schema_version"):
            return 0
        rows = self._execute("SELECT number FROM schema_version")
        return int(rows[0][0]) if rows else 0

    def _has(self, table: str) -> bool:
        sql = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = ?"
        return bool(self._execute(sql, table)[0][0])

    def _execute(self, sql: str, *values: Any) -> list[Row]:
        cursor = self._db.execute(sql.replace("?", "%s").encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def tables(self) -> list[Table]:
        kinds: dict[str, dict[str, str]] = {}
        identity: dict[str, str] = {}
        for table, column, kind, numbered in self._execute(_COLUMNS):
            kinds.setdefault(table, {})[column] = _KINDS[kind]
            if numbered == "YES":
                identity[table] = column
        keys: dict[str, list[str]] = {}
        for table, column in self._execute(_KEYS):
            keys.setdefault(table, []).append(column)
        refers: dict[str, set[str]] = {}
        for table, other in self._execute(_REFERENCES):
            refers.setdefault(table, set()).add(str(other))
        return [
            Table(t, columns, tuple(keys.get(t, ())), frozenset(refers.get(t, ())), identity.get(t))
            for t, columns in kinds.items()
            if t not in NOT_COPIED
        ]

    def next_id(self, table: Table) -> int:
        last, called = self._execute(f"SELECT last_value, is_called FROM {self._sequence(table)}")[0]
        return int(last) + bool(called)

    def continue_at(self, table: Table, value: int) -> None:
        self._execute("SELECT setval(?::regclass, ?, false)", self._sequence(table), value)

    def _sequence(self, table: Table) -> str:
        return str(self._execute("SELECT pg_get_serial_sequence(?, ?)", table.name, table.identity)[0][0])

    def _insert(self, table: Table, rows: list[Row]) -> None:
        with self._db.cursor() as cursor, cursor.copy(f"COPY {table.name} ({table.columns}) FROM STDIN".encode()) as lines:
            for row in rows:
                lines.write_row(row)

    def _set_schema_number(self, number: int) -> None:
        self._execute("UPDATE schema_version SET number = ?", number)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._db.transaction():
                yield
        except psycopg.Error as e:
            raise Refused(f"{self.identity}: {str(e).strip().splitlines()[0]}") from e


def _name(given: dict[str, Any]) -> str:
    """Which database it is, without the password."""
    known = {k: given[k] for k in ("user", "host", "hostaddr", "port", "dbname", "service") if given.get(k)}
    return f"postgresql ({make_conninfo('', **known)})"
