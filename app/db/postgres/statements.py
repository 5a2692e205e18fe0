"""Statements on one PostgreSQL connection: prepared once by the server, then sent as a name and values.

psycopg's own `execute` costs 105 µs of Python a statement, this 25 (measured on one core), because the types that Darkroom's columns have are
few: integers, texts, booleans, bytes, and lists of the first two and of bytes. Knows nothing of transactions, pools or retries.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader, Transformer

from .. import dialect
from ..engine import Row
from .pipeline import Call, exchange

KEEP = 1000  # prepared statements a connection; all statements of the program with all their types are fewer
PLANNING = (b"SET plan_cache_mode = force_generic_plan", b"SET enable_seqscan = off")
"""A statement is planned once a connection. Left to itself, the server plans those with a list anew each time, as it takes the list to be
long: half of what a commit cost it. Every statement has its index (tests/db/test_plans.py), so a plan that was made while a table was small
must not become a walk over a large one."""
HELD = 50  # statements that wait for another to travel with
_INT8, _BOOL, _BYTEA, _ANY = 20, 16, 17, 0  # type numbers; texts are sent without one and become what their column is
_INT8_LIST, _TEXT_LIST, _BYTEA_LIST = 1016, 1009, 1001
_NAMED = re.compile(r"%\((\w+)\)s")
Value = tuple[int, bytes | None, int]
"""(type number, the value as PostgreSQL reads it, 1 if it is in binary form)"""
Statement = tuple[bytes, list[Value]]


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

    __slots__ = ("_asked", "_db", "_held", "statements")

    def __init__(self, db: Connection, begin: bytes | None = None) -> None:
        self._db = db
        self._held: list[Statement] = [] if begin is None else [(begin, [])]
        self._asked: list[tuple[int, Answer]] = []  # and where in `_held` their statements stand
        self.statements = 0  # how many were executed: tests assert that batches do not grow it

    def _statement(self, text: str, params: dict[str, Any]) -> Statement:
        self.statements += 1
        return statement_of(text, params)

    def _execute(self, text: str, params: dict[str, Any]) -> pq.abc.PGresult:
        statement = self._statement(text, params)
        if not self._held:
            return run(self._db, *statement)
        self._held.append(statement)
        return self.exchange()

    def exchange(self) -> pq.abc.PGresult:
        """Let everything that was held back be executed; the last one's result."""
        held, asked = self._held, self._asked
        self._held, self._asked = [], []
        if not held:
            raise RuntimeError("an answer was lost with the exchange that failed")
        results = run_all(self._db, held)
        for at, answer in asked:
            answer.result = results[at]
        return results[-1]

    def commit(self) -> bytes:
        """What the server says it did: the COMMIT of a failed transaction says ROLLBACK."""
        if not self._held:
            return simple(self._db, b"COMMIT")
        self._held.append((b"COMMIT", []))
        return self.exchange().command_status or b""

    def rollback(self) -> None:
        """Forget what was held back, and undo what was not. A dead connection has rolled back."""
        self._held, self._asked = [], []
        if self._db.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            with contextlib.suppress(psycopg.Error):
                simple(self._db, b"ROLLBACK")

    def all(self, sql: str, /, **params: Any) -> list[Row]:
        return self.rows(self._execute(sql, params))

    def one(self, sql: str, /, **params: Any) -> Row | None:
        rows = self.rows(self._execute(sql, params), 1)
        return rows[0] if rows else None

    def value(self, sql: str, /, **params: Any) -> Any:
        row = self.one(sql, **params)
        return None if row is None else row[0]

    def ask(self, sql: str, /, **params: Any) -> Answer:
        answer = Answer(self)
        self._asked.append((len(self._held), answer))
        self.send(sql, **params)
        return answer

    def send(self, sql: str, /, **params: Any) -> None:
        self._held.append(self._statement(sql, params))
        if len(self._held) >= HELD:
            self.exchange()

    lock = send

    def run(self, sql: str, /, **params: Any) -> int:
        return self._execute(sql, params).command_tuples or 0

    def rows(self, result: pq.abc.PGresult, most: int | None = None) -> list[Row]:
        return rows_of(self._db, result, most)


def rows_of(db: Connection, result: pq.abc.PGresult, most: int | None = None) -> list[Row]:
    """A result's rows, the first `most` of them."""
    n = result.ntuples if most is None else min(most, result.ntuples)
    if not n:
        return []
    loader = Transformer(db)
    loader.set_pgresult(result)
    return loader.load_rows(0, n, tuple)


class Answer:
    """Rows of a statement that may still be held back."""

    __slots__ = ("_tx", "result")

    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx
        self.result: pq.abc.PGresult | None = None

    def __call__(self) -> list[Row]:
        if self.result is None:
            self._tx.exchange()
            assert self.result is not None  # exchange gives every answer its result or raises
        return self._tx.rows(self.result)


@lru_cache(maxsize=2048)
def numbered(text: str) -> tuple[bytes, tuple[str, ...], frozenset[str]]:
    """(statement with $1, $2, …, the names of these in order, names of those that travel as JSON)."""
    query, as_json = dialect.postgres_sql(text)
    names = tuple(dict.fromkeys(_NAMED.findall(query)))
    places = {name: f"${i}" for i, name in enumerate(names, 1)}
    return _NAMED.sub(lambda m: places[m[1]], query).replace("%%", "%").encode(), names, as_json


def statement_of(text: str, params: dict[str, Any]) -> Statement:
    """A statement with the values of its parameters, ready to be sent."""
    query, names, as_json = numbered(text)
    return query, [_value(v) for v in map(dialect.bind(params, as_json).__getitem__, names)]


def types_of(values: list[Value]) -> tuple[int, ...]:
    return tuple(v[0] for v in values)


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


# --- values
def _value(v: Any) -> Value:
    dump = _DUMP.get(type(v)) or next((d for kind, d in _DUMP.items() if isinstance(v, kind)), None)  # an enum is its value
    if dump is None:
        raise TypeError(f"no column holds a {type(v).__name__}")
    return dump(v)


def _int(v: int) -> Value:
    return _INT8, b"%d" % v, 0


def _str(v: str) -> Value:
    return _ANY, _text(v), 0


def _text(v: str) -> bytes:
    raw = v.encode()
    if b"\0" in raw:
        raise psycopg.DataError("a text with a NUL")  # it would end there, unnoticed
    return raw


def _list(v: list[Any]) -> Value:
    kinds = set(map(type, v))
    if not kinds:
        return _ANY, b"{}", 0
    if kinds == {int}:
        return _INT8_LIST, b"{%s}" % b",".join([b"%d" % i for i in v]), 0
    if kinds == {str}:
        return _TEXT_LIST, b"{%s}" % b",".join([b'"%s"' % _text(s).replace(b"\\", b"\\\\").replace(b'"', b'\\"') for s in v]), 0
    if kinds == {bytes}:
        return _BYTEA_LIST, b"{%s}" % b",".join([b'"\\\\x%s"' % b.hex().encode() for b in v]), 0
    raise TypeError(f"a list of {sorted(k.__name__ for k in kinds)}")


_DUMP: dict[type, Callable[[Any], Value]] = {
    int: _int,
    str: _str,
    bool: lambda v: (_BOOL, b"t" if v else b"f", 0),
    bytes: lambda v: (_BYTEA, v, 1),
    type(None): lambda v: (_ANY, None, 0),
    list: _list,
    tuple: lambda v: _list(list(v)),
}
