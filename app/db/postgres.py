"""The PostgreSQL engine: the same `fn(tx, …)` in a pool of threads, each transaction on one connection.

Isolation. Writes run at READ COMMITTED and lock what they depend on: the account, the albums, the feeds (app/sync.py), the usage row
(app/quota.py), the objects they claim. After a lock is granted every further statement reads what the lock's previous holder committed,
so each invariant of design.md §4 is checked against the newest state while nobody else can change it: stamps, because the feed row is
locked from the moment the stamp is read to COMMIT; the ledger, because quota checks follow the account's lock; membership, because an
owner's files only move under the owner's account lock. SERIALIZABLE would add retries and nothing else. Scans run at REPEATABLE READ:
one snapshot for a listing of several statements. Reads are single statements, each its own snapshot.

Nothing here needs LISTEN/NOTIFY, advisory locks, triggers or the order of sequences, so what speaks PostgreSQL's protocol can serve.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg_pool import ConnectionPool, PoolTimeout

from ..errors import NoSpace, Unavailable
from . import dialect, migrate
from .engine import Row, Tx

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("darkroom.db")
RETRIES = 10  # serialization failures and deadlocks: each retry finds the lock's winner committed
PATIENCE = 3.0  # seconds a request waits for a connection before it is answered 503
_RETRY = (errors.SerializationFailure, errors.DeadlockDetected)
_FULL = (errors.DiskFull, errors.OutOfMemory)


class _IntegralLoader(Loader):
    """NUMERIC is what sum() of BIGINT gives; ours are whole bytes and counts."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data).decode())


class PostgresTx:
    """An open transaction, or a connection in autocommit for point reads."""

    __slots__ = ("_db", "statements")

    def __init__(self, db: psycopg.Connection[Row]) -> None:
        self._db = db
        self.statements = 0

    def _execute(self, text: str, params: dict[str, Any]) -> psycopg.Cursor[Row]:
        self.statements += 1
        query, as_json = dialect.postgres_sql(text)
        return self._db.execute(_trusted(query), dialect.bind(params, as_json))

    def all(self, sql: str, /, **params: Any) -> list[Row]:
        return self._execute(sql, params).fetchall()

    def one(self, sql: str, /, **params: Any) -> Row | None:
        return self._execute(sql, params).fetchone()

    def value(self, sql: str, /, **params: Any) -> Any:
        row = self._execute(sql, params).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, /, **params: Any) -> int:
        return self._execute(sql, params).rowcount


@lru_cache(maxsize=2048)
def _trusted(text: str) -> bytes:
    """psycopg takes bytes as they are; a `str` would have to be a literal, and ours come from literals through `dialect`."""
    return text.encode()


class PostgresDatabase:
    """A database by URL. Survives its absence: requests answer 503 until it is back, nothing needs a restart."""

    engine = "postgres"

    def __init__(self, url: str, connections: int = 16) -> None:
        self._url = url
        self._size = connections
        self._closing = False

    async def start(self) -> None:
        self._threads = ThreadPoolExecutor(self._size, "darkroom-db")
        self._pool: ConnectionPool[psycopg.Connection[Row]] = ConnectionPool(
            self._url,
            min_size=min(4, self._size),
            max_size=self._size,
            timeout=PATIENCE,
            reconnect_timeout=PATIENCE,
            kwargs={"autocommit": True, "application_name": "darkroom"},
            configure=_configure,
            open=False,
        )
        try:
            await self._hop(self._prepare)
        except (psycopg.Error, PoolTimeout) as e:
            self._threads.shutdown()
            raise Unavailable(log=f"postgres: {_first_line(e)}") from e
        self._pool.open()

    async def stop(self) -> None:
        self._closing = True
        await asyncio.to_thread(self._threads.shutdown, wait=True)
        await asyncio.to_thread(self._pool.close)

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._hop(self._steady, lambda db: fn(PostgresTx(db), *args, **kwargs))

    async def scan(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def snapshot(db: psycopg.Connection[Row]) -> T:
            db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            db.read_only = True
            try:
                with db.transaction():
                    return fn(PostgresTx(db), *args, **kwargs)
            finally:
                if not db.closed:
                    db.isolation_level = db.read_only = None

        return await self._hop(self._steady, snapshot)

    async def write(self, name: str, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closing:
            raise Unavailable(log="the database is closing")
        return await self._hop(self._write, name, lambda tx: fn(tx, *args, **kwargs))

    async def check(self) -> None:
        await self.read(lambda tx: tx.value("SELECT 1"))

    # --- in a thread
    async def _hop(self, fn: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, fn, *args)

    def _steady(self, fn: Callable[[psycopg.Connection[Row]], T]) -> T:
        """Run on a connection; once more on a fresh one when it turns out to be dead (reads, or nothing committed yet)."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with self._pool.connection() as db:
                    return fn(db)
            except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as e:
                if isinstance(e, _FULL):
                    raise NoSpace(log=f"postgres: {_first_line(e)}") from e
                if isinstance(e, (*_RETRY, PoolTimeout)) or time.monotonic() > deadline:
                    raise Unavailable(log=f"postgres: {_first_line(e)}") from e
                time.sleep(0.05)  # the pool is replacing its dead connections

    def _write(self, name: str, fn: Callable[[Tx], T]) -> T:
        started = time.perf_counter()
        for attempt in range(RETRIES):
            try:
                return self._attempt(fn)
            except _RETRY as e:
                log.debug("%s: retry %d after %s", name, attempt + 1, type(e).__name__)
                time.sleep(random.random() * 0.002 * 2**attempt)  # noqa: S311 - jitter, no secret
            finally:
                if (took := time.perf_counter() - started) > 0.5:
                    log.warning("slow transaction %s: %.0f ms", name, took * 1000)
        raise Unavailable(log=f"{name}: still conflicting after {RETRIES} tries")

    def _attempt(self, fn: Callable[[Tx], T]) -> T:
        """One try. A connection lost before COMMIT was sent is tried again; lost during it, nobody can know: 503, and clients repeat."""
        deadline = time.monotonic() + PATIENCE
        while True:
            committing = False
            try:
                with self._pool.connection() as db, db.transaction():
                    value = fn(PostgresTx(db))
                    committing = True
                return value
            except _RETRY:
                raise
            except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as e:
                if isinstance(e, _FULL):
                    raise NoSpace(log=f"postgres: {_first_line(e)}") from e
                if committing or isinstance(e, PoolTimeout) or time.monotonic() > deadline:
                    raise Unavailable(log=f"postgres: {_first_line(e)}") from e
                time.sleep(0.05)

    def _prepare(self) -> None:
        """Migrations; processes that start together take turns on the version row."""
        with psycopg.connect(self._url, connect_timeout=10) as db:
            db.execute("CREATE TABLE IF NOT EXISTS schema_version (one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one), number BIGINT NOT NULL)")
            db.execute("INSERT INTO schema_version (number) VALUES (0) ON CONFLICT DO NOTHING")
            db.commit()
            row = db.execute("SELECT number FROM schema_version FOR UPDATE").fetchone()

            def run(number: int, text: str) -> None:
                db.execute(_trusted(dialect.postgres_ddl(text)))
                db.execute("UPDATE schema_version SET number = %s", (number,))

            migrate.apply(row[0] if row else 0, run)


def _configure(db: psycopg.Connection[Row]) -> None:
    db.adapters.register_loader("numeric", _IntegralLoader)


def _first_line(e: Exception) -> str:
    return str(e).strip().split("\n")[0]
