"""Statements on one PostgreSQL connection: prepared once by the server, then sent as a name and values.

psycopg's own `execute` costs 105 µs of Python a statement, this 25 (measured on one core), because the types that Darkroom's columns have are
few: integers, texts, booleans, bytes, and lists of the first two and of bytes. Knows nothing of transactions, pools or retries.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader, Transformer

from ..engine import Part, Row, Tx
from .pipeline import Call, exchange
from .replay import Replay, Wanted
from .values import Statement, Value, statement_of, types_of

KEEP = 1000  # prepared statements a connection; all statements of the program with all their types are fewer
PLANNING = (b"SET plan_cache_mode = force_generic_plan", b"SET enable_seqscan = off")
"""A statement is planned once a connection. Left to itself, the server plans those with a list anew each time, as it takes the list to be
long: half of what a commit cost it. Every statement has its index (tests/db/test_plans.py), so a plan that was made while a table was small
must not become a walk over a large one."""
HELD = 50  # statements that wait for another to travel with


class IntegralLoader(Loader):
    """NUMERIC is what sum() of BIGINT gives; ours are whole bytes and counts."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data).decode())


class Connection(psycopg.Connection[Row]):
    """A connection and what it has prepared: (statement, types) → name."""

    prepared: dict[tuple[bytes, tuple[int, ...]], bytes]


def configure(db: Connection) -> None:
    """A fresh connection, as every transaction expects it: whole numbers, no lock waited for or held for ever."""
    db.prepared = {}
    db.adapters.register_loader("numeric", IntegralLoader)
    for setting in PLANNING:
        with contextlib.suppress(psycopg.DatabaseError):  # what only speaks PostgreSQL's protocol may not know it, and does without
            simple(db, setting)
    simple(db, b"SET lock_timeout = '10s'")
    simple(db, b"SET idle_in_transaction_session_timeout = '60s'")  # a server that lost us in a transaction lets go of its locks


class PostgresTx:
    """An open transaction, or (without `begin`) a connection in autocommit for point reads.

    What nobody waits for, BEGIN first of all, is held back and travels with the next statement: a commit of a photo is three exchanges
    with the server instead of seventeen.
    """

    __slots__ = ("_db", "_held", "statements")

    def __init__(self, db: Connection, begin: bytes | None = None) -> None:
        self._db = db
        self._held: list[Statement] = [] if begin is None else [(begin, [])]
        self.statements = 0  # how many were executed: tests assert that batches do not grow it

    def _execute(self, text: str, of: object, params: dict[str, Any]) -> pq.abc.PGresult:
        self.statements += 1
        statement = statement_of(text, of, params)
        if not self._held:
            return run(self._db, *statement)
        self._held.append(statement)
        return self.exchange()[-1]

    def exchange(self) -> list[pq.abc.PGresult]:
        """Let everything that was held back be executed; a result for each."""
        held, self._held = self._held, []
        return run_all(self._db, held)

    def commit(self) -> bytes:
        """What the server says it did: the COMMIT of a failed transaction says ROLLBACK."""
        if not self._held:
            return simple(self._db, b"COMMIT")
        self._held.append((b"COMMIT", []))
        return self.exchange()[-1].command_status or b""

    def rollback(self) -> None:
        """Forget what was held back, and undo what was not. A dead connection has rolled back."""
        self._held = []
        if self._db.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            with contextlib.suppress(psycopg.Error):
                simple(self._db, b"ROLLBACK")

    def all(self, sql: str, /, *, of: object = None, **params: Any) -> list[Row]:
        return rows_of(self._db, self._execute(sql, of, params))

    def part(self, sql: str, heavy: tuple[int, ...], budget: int, /, *, of: object = None, **params: Any) -> Part:
        """The server weighs the rows and sends those that fit: libpq takes an answer in whole."""
        names = ", ".join(f"c{i}" for i in range(max(heavy) + 1))
        size = " + ".join(f"COALESCE(octet_length(q.c{i}), 0)" for i in heavy)
        weighed = f"SELECT *, sum({size}) OVER (ROWS UNBOUNDED PRECEDING) - ({size}) AS part_before, count(*) OVER () AS part_all"
        weighed = f"{weighed} FROM ({sql}) AS q({names})"
        rows = self.all(f"SELECT * FROM ({weighed}) w WHERE w.part_before <= :part_budget", of=of, part_budget=budget, **params)
        found = Part(row[:-2] for row in rows)
        found.cut = bool(rows) and rows[0][-1] > len(rows)
        return found

    def one(self, sql: str, /, *, of: object = None, **params: Any) -> Row | None:
        rows = rows_of(self._db, self._execute(sql, of, params), 1)
        return rows[0] if rows else None

    def value(self, sql: str, /, *, of: object = None, **params: Any) -> Any:
        row = self.one(sql, of=of, **params)
        return None if row is None else row[0]

    def together(self, *steps: Callable[[Tx], Any]) -> Any:
        first: list[Statement] = []
        places: list[int | None] = []  # of a step's first statement in `first`; None: it has none
        for step in steps:
            try:
                step(Replay([]))
                places.append(None)
            except Wanted as wanted:
                places.append(len(first))
                first.append(wanted.statement)
        self.statements += len(first)
        self._held += first
        answers = [rows_of(self._db, result) for result in self.exchange()[-len(first) :]] if first else []
        return tuple(step(self if at is None else Replay([answers[at]], self)) for step, at in zip(steps, places, strict=True))

    def send(self, sql: str, /, *, of: object = None, **params: Any) -> None:
        self.statements += 1
        self._held.append(statement_of(sql, of, params))
        if len(self._held) >= HELD:
            self.exchange()

    lock = send

    def run(self, sql: str, /, *, of: object = None, **params: Any) -> int:
        return self._execute(sql, of, params).command_tuples or 0


def rows_of(db: Connection, result: pq.abc.PGresult, most: int | None = None) -> list[Row]:
    """A result's rows, the first `most` of them."""
    n = result.ntuples if most is None else min(most, result.ntuples)
    if not n:
        return []
    loader = Transformer(db)
    loader.set_pgresult(result)
    return loader.load_rows(0, n, tuple)


def run(db: Connection, query: bytes, values: list[Value]) -> pq.abc.PGresult:
    """Execute; prepared at its first use with these types. Raises psycopg's errors, OperationalError for a lost connection."""
    return _checked(db, db.pgconn.exec_prepared(*_call(db, query, values)))


def run_all(db: Connection, statements: list[Statement]) -> list[pq.abc.PGresult]:
    """Execute in one exchange with the server; a result for each. The first that fails is raised, and none behind it has run."""
    if len(db.prepared) + len(statements) > KEEP:
        _forget(db)
    calls = [_call(db, *statement) for statement in statements]
    try:
        results = exchange(db.pgconn, calls)
    except psycopg.OperationalError:
        db.close()
        raise
    for result in results:
        _checked(db, result)
    if len(results) < len(calls):
        db.close()
        raise psycopg.OperationalError("the connection was lost")
    return results


def _call(db: Connection, query: bytes, values: list[Value]) -> Call:
    key = query, types_of(values)
    name = db.prepared.get(key)
    if name is None:
        if len(db.prepared) >= KEEP:
            _forget(db)
        name = b"d%d" % len(db.prepared)
        _checked(db, db.pgconn.prepare(name, key[0], key[1]))
        db.prepared[key] = name
    return name, [v[1] for v in values], [v[2] for v in values]


def _forget(db: Connection) -> None:
    simple(db, b"DEALLOCATE ALL")
    db.prepared.clear()


def simple(db: Connection, command: bytes) -> bytes:
    """Run a command without parameters; what the server says it did (the COMMIT of a failed transaction says ROLLBACK)."""
    return _checked(db, db.pgconn.exec_(command)).command_status or b""


def _checked(db: Connection, result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return result
    if db.pgconn.status != pq.ConnStatus.OK or not result.error_field(pq.DiagnosticField.SQLSTATE):
        db.close()  # only libpq itself reports errors without a number: it has lost the server, though it may not know yet
        raise psycopg.OperationalError(result.get_error_message() or "the connection is lost")
    raise errors.error_from_result(result)
