"""The PostgreSQL engine: the same `fn(tx, …)` in a pool of threads, each transaction on one connection.

Isolation. Writes run at READ COMMITTED, asked for by name because a server's default may be another, and lock what they depend on: the account,
the albums, the feeds (app/kernel/sync.py), the usage row (app/kernel/quota.py), the objects they claim. After a lock is granted every further
statement reads what the lock's previous holder committed, so each invariant of design.md §4 is checked against the newest state while nobody else
can change it: stamps, because the feed row is locked from the moment the stamp is read to COMMIT; the ledger, because quota checks follow the
account's lock; membership, because an owner's files only move under the owner's account lock. SERIALIZABLE would add retries and nothing else;
REPEATABLE READ would be wrong, because its snapshot is older than a lock that was waited for. Scans run at REPEATABLE READ, read only: one
snapshot for a listing of several statements. Reads are single statements, each its own snapshot.

Nothing here needs LISTEN/NOTIFY, advisory locks, triggers or the order of sequences, so what speaks PostgreSQL's protocol can serve.
How a database that goes away and comes back is lived through: `_attempt` (one transaction), `watch` (a server that answers nothing).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from ...kernel.errors import NoSpace, Unavailable
from ...kernel.figures import Writes
from .. import dialect, migrate
from ..engine import Tx
from ..turns import Gate
from .lookups import Lookups, Lost
from .statements import Connection, PostgresTx, configure
from .watch import Watch

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("darkroom.db")
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # a line a connection and try while the database is away: requests say it once
RETRIES = 10  # serialization failures and deadlocks: each retry finds the lock's winner committed
TWINS = 2  # retries after a unique key was taken between a look and an insert: the next look finds it
PATIENCE = 3.0  # seconds a request waits for a connection before it is answered 503
SLOW = 0.5  # seconds after which a transaction is worth a line in the log
_CONFLICT = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction, PoolTimeout)  # read only: a former primary
_STALE = errors.FeatureNotSupported  # "cached plan must not change result type": a newer server has migrated under us
DEFAULTS = {  # of libpq, where the URL says nothing: a network that swallows packets is noticed
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "client_encoding": "UTF8",
    "application_name": "darkroom",
}


class PostgresDatabase:
    """A database by URL. Survives its absence: requests answer 503 until it is back, nothing needs a restart."""

    engine = "postgres"

    def __init__(self, url: str, connections: int = 16, patience: float = PATIENCE) -> None:
        self.url = url
        self.writes = Writes()
        self._size = connections
        self._patience = patience
        self._closing = False
        self._gate = Gate(connections)

    async def start(self) -> None:
        settings = {**DEFAULTS, "connect_timeout": max(3, int(self._patience)), **conninfo_to_dict(self.url)}
        self._threads = ThreadPoolExecutor(self._size, "darkroom-db")
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            "",
            connection_class=Connection,
            min_size=min(2, self._size),
            max_size=self._size,
            timeout=self._patience,
            reconnect_timeout=self._patience,
            kwargs={**settings, "autocommit": True},
            configure=configure,
            open=False,
        )
        try:
            await asyncio.to_thread(prepare, settings)
        except (psycopg.Error, PoolTimeout) as e:
            self._threads.shutdown()
            raise Unavailable(log=f"postgres: {_first_line(e)}") from e
        self._pool.open()
        self._watch = Watch(settings)
        self._lookups = Lookups(lambda: _connect(settings), self._watch)

    async def stop(self) -> None:
        self._closing = True
        await self._lookups.close()
        await asyncio.to_thread(self._threads.shutdown, wait=True)
        self._watch.stop()
        await asyncio.to_thread(self._pool.close)

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with contextlib.suppress(Lost):
            return await self._lookups.run(lambda tx: fn(tx, *args, **kwargs))
        return await self._hop(self._read_again, lambda db: fn(PostgresTx(db), *args, **kwargs))

    async def scan(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def snapshot(db: Connection) -> T:
            with _transaction(db, b"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY") as tx:
                return fn(tx, *args, **kwargs)

        return await self._hop(self._read_again, snapshot)

    async def write(self, name: str, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closing:
            raise Unavailable(log="the database is closing")
        return await self._hop(self._write, name, lambda tx: fn(tx, *args, **kwargs))

    async def check(self) -> None:
        await self.read(lambda tx: tx.value("SELECT 1"))

    async def _hop(self, fn: Callable[..., T], *args: Any) -> T:
        """Into a thread, with the time until which the database may be away: waiting for a free thread counts."""
        deadline = time.monotonic() + self._patience
        async with self._gate.place():
            return await asyncio.get_running_loop().run_in_executor(self._threads, fn, deadline, *args)

    # --- in a thread
    @contextlib.contextmanager
    def _connection(self, deadline: float) -> Iterator[Connection]:
        """A connection of the pool, in the eyes of the watch; one that a transaction has not left is closed."""
        db = self._pool.getconn(max(0.05, deadline - time.monotonic()))
        try:
            with self._watch.over(db):
                yield db
        except (_STALE, errors.ReadOnlySqlTransaction):
            db.close()
            raise
        finally:
            self._pool.putconn(db)

    def _read_again(self, deadline: float, fn: Callable[[Connection], T]) -> T:
        """Read; again on another connection when this one turns out to be dead."""
        while True:
            try:
                with self._connection(deadline) as db:
                    return fn(db)
            except (*_AWAY, _STALE) as e:
                _wait_or_give_up(e, deadline)

    def _write(self, deadline: float, name: str, fn: Callable[[Tx], T]) -> T:
        started = time.perf_counter()
        attempt = 0
        while True:
            try:
                value = self._attempt(deadline, fn)
                break
            except _CONFLICT as e:
                if isinstance(e, errors.UniqueViolation) and attempt >= TWINS:
                    raise
                if attempt >= RETRIES:
                    raise Unavailable(log=f"{name}: still conflicting after {RETRIES} retries") from e
                attempt += 1
                log.debug("%s: retry %d after %s", name, attempt, type(e).__name__)
                time.sleep(random.random() * 0.002 * 2**attempt)  # noqa: S311 - jitter, no secret
        self.writes.add(name, took := time.perf_counter() - started)
        if took > SLOW:
            log.warning("slow transaction %s: %.0f ms, %d retries", name, took * 1000, attempt)
        return value

    def _attempt(self, deadline: float, fn: Callable[[Tx], T]) -> T:
        """One try. A connection lost before COMMIT was sent is tried again; lost during it, nobody can know: 503, and clients repeat."""
        while True:
            over = [False]
            try:
                with self._connection(deadline) as db, _transaction(db, b"BEGIN ISOLATION LEVEL READ COMMITTED", over) as tx:
                    return fn(tx)
            except _CONFLICT:
                raise
            except (*_AWAY, _STALE) as e:
                if over[0]:
                    raise Unavailable(log=f"postgres: lost during COMMIT: {_first_line(e)}") from e
                _wait_or_give_up(e, deadline)


@contextlib.contextmanager
def _transaction(db: Connection, begin: bytes, over: list[bool] | None = None) -> Iterator[PostgresTx]:
    """BEGIN … COMMIT, ROLLBACK for whatever is raised. `over` says whether the connection was lost after COMMIT was sent."""
    tx = PostgresTx(db, begin)
    try:
        yield tx
    except BaseException:
        tx.rollback()
        raise
    try:
        done = tx.commit()
    except psycopg.Error:
        if over is not None:
            over[0] = db.closed
        tx.rollback()
        raise
    if done != b"COMMIT":
        raise RuntimeError("the transaction had failed and its error was swallowed: nothing is stored")


def _wait_or_give_up(e: Exception, deadline: float) -> None:
    """Return when another try may work; else raise what the client is told: 507 for a full disk, 503 for everything else."""
    if isinstance(e, errors.DiskFull):
        raise NoSpace(log=f"postgres: {_first_line(e)}") from e
    if isinstance(e, PoolTimeout | errors.LockNotAvailable) or time.monotonic() > deadline:
        raise Unavailable(log=f"postgres: {_first_line(e)}") from e
    time.sleep(0.05)  # the pool is replacing its dead connections


def _connect(settings: dict[str, Any]) -> Connection:
    """A connection beside the pool's."""
    db = Connection.connect("", **settings, autocommit=True)
    configure(db)
    return db


# --- start
START_TRIES = 5
_MADE_MEANWHILE = (errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateObject)
"""What CREATE TABLE IF NOT EXISTS fails with when another process makes the same table at the same instant: by the moment, its row in the
index of types, its name, or the type of its rows is found taken. The next try sees the table."""
_VERSION_TABLE = b"CREATE TABLE IF NOT EXISTS schema_version (one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one), number BIGINT NOT NULL)"


def prepare(settings: dict[str, Any]) -> None:
    """Migrations; processes that start together take turns on the version row."""
    with psycopg.connect("", **settings) as db:
        for left in reversed(range(START_TRIES)):
            try:
                db.execute(_VERSION_TABLE)
                break
            except _MADE_MEANWHILE:
                db.rollback()
                if not left:
                    raise
        db.execute("INSERT INTO schema_version (number) VALUES (0) ON CONFLICT DO NOTHING")
        db.commit()
        db.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        row = db.execute("SELECT number FROM schema_version FOR UPDATE").fetchone()

        def run(number: int, text: str) -> None:
            db.execute(dialect.postgres_ddl(text).encode())
            db.execute("UPDATE schema_version SET number = %s", (number,))

        migrate.apply(row[0] if row else 0, run)
        db.commit()
        careless = db.execute("SELECT name FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit') AND setting = 'off'").fetchall()
        if careless:
            log.warning("PostgreSQL runs with %s = off: a power cut can lose what was acknowledged", ", ".join(name for (name,) in careless))


def _first_line(e: Exception) -> str:
    return str(e).strip().split("\n")[0]
