"""The SQLite engine: one thread writes, in groups; readers never wait.

Exactly one connection writes and checkpoints (design.md §3: SQLite below 3.51.3 can corrupt a WAL when two do so at the same instant).
Transactions that wait at the same moment share one BEGIN IMMEDIATE … COMMIT and so one fsync, each in its own savepoint.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar
from urllib.parse import quote

import aiosqlite

from ..kernel.errors import NoSpace, Unavailable
from ..kernel.figures import Writes
from . import dialect, migrate
from .engine import Part, Row, Tx
from .turns import Gate, Queue, payer

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("darkroom.db")
GROUP = 64  # transactions per COMMIT at most: a bound on how long the first of a group waits
GROUP_SECONDS = 0.05  # after which a group takes no further transaction: those that wait have another order by then
WAL_LIMIT = 64 << 20  # bytes of the write-ahead log from which readers pause, so that it can begin anew
PATIENCE = 5.0  # seconds that they pause at most; one that takes longer keeps the log as it is for now
WEIGHED = 16  # rows that are read before their size is looked at
PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers do not block the writer
    "PRAGMA synchronous = FULL",  # an acknowledged commit survives power loss; grouped, it costs nothing
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",  # a command-line tool may hold the lock for a moment
    "PRAGMA cache_size = -32768",  # 32 MiB
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA journal_size_limit = {WAL_LIMIT}",  # what a moment made long is given back when the log begins anew
)


class SqliteTx:
    """A transaction (writer) or snapshot (reader) on one connection."""

    __slots__ = ("_db", "statements")

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.statements = 0  # how many were executed: tests assert that batches do not grow it

    def _execute(self, sql: str, of: object, params: dict[str, Any]) -> sqlite3.Cursor:
        self.statements += 1
        if of is not None:
            params = dialect.with_attributes(sql, params, of)
        text, params = dialect.for_sqlite(sql, params)
        return self._db.execute(text, params)

    def all(self, sql: str, /, *, of: object = None, **params: Any) -> list[Row]:
        return self._execute(sql, of, params).fetchall()

    def part(self, sql: str, heavy: tuple[int, ...], budget: int, /, *, of: object = None, **params: Any) -> Part:
        cursor, rows = self._execute(sql, of, params), Part()
        while some := cursor.fetchmany(WEIGHED):
            rows += some
            budget -= sum(len(row[i] or "") for row in some for i in heavy)
            if budget < 0:
                rows.cut = cursor.fetchone() is not None
                break
        cursor.close()
        return rows

    def one(self, sql: str, /, *, of: object = None, **params: Any) -> Row | None:
        row: Row | None = self._execute(sql, of, params).fetchone()
        return row

    def value(self, sql: str, /, *, of: object = None, **params: Any) -> Any:
        row = self._execute(sql, of, params).fetchone()
        return None if row is None else row[0]

    def together(self, *steps: Callable[[Tx], Any]) -> Any:
        return tuple(step(self) for step in steps)

    def send(self, sql: str, /, *, of: object = None, **params: Any) -> None:
        self._execute(sql, of, params)

    def lock(self, sql: str, /, *, of: object = None, **params: Any) -> None:
        """The writer is alone."""

    def run(self, sql: str, /, *, of: object = None, **params: Any) -> int:
        return self._execute(sql, of, params).rowcount


Job = tuple[str, Callable[[Tx], Any], "asyncio.Future[Any]"]


class SqliteDatabase:
    """One database file. `read` runs inline on the event loop (17 µs for a point look-up; a thread hop costs 280)."""

    engine = "sqlite"

    def __init__(self, path: Path, readers: int = 3) -> None:
        self._path = path
        self.url = f"sqlite:///{path.absolute()}"
        self.writes = Writes()
        self._readers = readers
        self._jobs: Queue[Job] = Queue()
        self._gate = Gate(readers)
        self._wake = asyncio.Event()
        self._closing = False
        self._log = path.with_name(path.name + "-wal")
        self._longest = WAL_LIMIT
        self._snapshots = 0
        self._calm, self._quiet = asyncio.Event(), asyncio.Event()  # whether a snapshot may begin; whether there is none
        self._calm.set()
        self._quiet.set()
        self._trimming: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._writer = await aiosqlite.connect(self._path, isolation_level=None, cached_statements=512)
        try:
            await self._on_writer(self._prepare)
            self._inline = self._connect_reader()
            self._idle = [self._connect_reader() for _ in range(self._readers)]
        except BaseException:
            await self._writer.close()  # its thread would keep the process from ending
            raise
        self._pool = ThreadPoolExecutor(self._readers, "darkroom-read")
        self._task = asyncio.create_task(self._run(), name="sqlite-writer")

    async def stop(self) -> None:
        self._closing = True
        self._wake.set()
        await self._task
        if self._trimming is not None:
            await self._trimming
        self._pool.shutdown(wait=True)
        for c in (*self._idle, self._inline):
            c.close()
        await self._writer.close()

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return fn(SqliteTx(self._inline), *args, **kwargs)
        except sqlite3.Error as e:
            _reraise(e)

    async def scan(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        await self._calm.wait()
        async with self._gate.place(), self._counted():
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._snapshot, lambda tx: fn(tx, *args, **kwargs))

    async def write(self, name: str, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closing:
            raise Unavailable(log="the database is closing")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.put(payer.get(), (name, lambda tx: fn(tx, *args, **kwargs), future))
        self._wake.set()
        result: T = await future
        return result

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        """One more snapshot, as long as this lasts."""
        self._snapshots += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._snapshots -= 1
            if not self._snapshots:
                self._quiet.set()

    async def check(self) -> None:
        try:
            await self.write("db.check", lambda tx: tx.value("SELECT 1"))
        except sqlite3.Error as e:
            raise Unavailable(log=f"sqlite: {e}") from e

    # --- the writer
    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._jobs:
                batch = self._jobs.take(GROUP)
                try:
                    results = await self._on_writer(self._group, [(name, fn) for _, (name, fn, _) in batch])
                except Exception as e:  # not even ROLLBACK worked: everybody in the group hears of it, the next group tries again
                    log.exception("the writer failed")
                    results = [(False, _typed(e))] * len(batch)
                for who, job in reversed(batch[len(results) :]):
                    self._jobs.put_back(who, job)
                for (_, (_, _, future)), (ok, value) in zip(batch, results, strict=False):
                    if future.cancelled():  # the client went away; the change stands
                        continue
                    future.set_result(value) if ok else future.set_exception(value)
                self._trim_if_long()
            if self._closing:
                return

    def _trim_if_long(self) -> None:
        """The log begins anew only when no snapshot needs what is in it. Where they overlap without end that never is, so they pause."""
        if self._trimming is not None and not self._trimming.done():
            return
        try:
            size = self._log.stat().st_size
        except OSError:
            return
        if size > self._longest:
            self._trimming = asyncio.create_task(self._trim(size), name="sqlite-log")

    async def _trim(self, size: int) -> None:
        self._calm.clear()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._quiet.wait()
            done = await self._on_writer(self._checkpoint)
        except sqlite3.Error as e:
            log.warning("cannot begin the write-ahead log anew: %s", e)
            done = False
        finally:
            self._calm.set()
        self._longest = WAL_LIMIT if done else size + WAL_LIMIT
        if not done:
            log.info("the write-ahead log has %d MiB: somebody reads for long, a backup or a command", size >> 20)

    def _checkpoint(self) -> bool:
        """Write everything into the database and empty the log; False while somebody reads from it."""
        db = self._writer._conn
        db.execute("PRAGMA busy_timeout = 200")
        try:
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            db.execute("PRAGMA busy_timeout = 5000")
        return not busy

    async def _on_writer(self, fn: Callable[..., T], *args: Any) -> T:
        # aiosqlite runs each statement as one hop to its thread; `_execute` is how it runs a whole function there in one.
        result: T = await self._writer._execute(fn, *args)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped
        return result

    def _group(self, jobs: list[tuple[str, Callable[[Tx], Any]]]) -> list[tuple[bool, Any]]:
        """Run jobs in one transaction, on the writer's thread: a failing job undoes only itself, a failing COMMIT fails all. The results of the
        first of them, where they are too long for one."""
        db, until = self._writer._conn, time.perf_counter() + GROUP_SECONDS
        results: list[tuple[bool, Any]] = []
        tried = len(jobs)
        try:
            db.execute("BEGIN IMMEDIATE")
            for name, fn in jobs:
                results.append(self._one(db, name, fn))
                if time.perf_counter() > until:
                    tried = len(results)
                    break
            began = time.perf_counter()
            db.execute("COMMIT")
            self.writes.commits.add(time.perf_counter() - began)
            self.writes.groups.add(tried)
        except sqlite3.Error as e:
            if db.in_transaction:
                db.execute("ROLLBACK")
            error = _typed(e)
            return [(False, error)] * tried
        return results

    def _one(self, db: sqlite3.Connection, name: str, fn: Callable[[Tx], Any]) -> tuple[bool, Any]:
        started = time.perf_counter()
        db.execute("SAVEPOINT job")
        try:
            value = fn(SqliteTx(db))
        except BaseException as e:
            if not db.in_transaction:  # a full disk rolls the whole transaction back by itself: nobody's change may stand
                raise sqlite3.OperationalError(f"transaction lost in {name}: {e}") from e
            db.execute("ROLLBACK TO job")
            db.execute("RELEASE job")
            self.writes.add(name, time.perf_counter() - started, undone=True)
            if isinstance(e, StopIteration):  # a future cannot carry it
                return False, RuntimeError("transaction raised StopIteration")
            return False, _typed(e)
        db.execute("RELEASE job")
        self.writes.add(name, took := time.perf_counter() - started)
        if took > 0.5:
            log.warning("slow transaction %s: %.0f ms", name, took * 1000)
        return True, value

    def _prepare(self) -> None:
        """Pragmas and migrations, on the writer's thread."""
        db = self._writer._conn
        for pragma in PRAGMAS:
            db.execute(pragma)
        current = db.execute("PRAGMA user_version").fetchone()[0]
        migrate.apply(current, partial(_migrate, db))

    # --- readers
    def _connect_reader(self) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path.absolute()))}?mode=ro"  # a folder's name may have #, ? and % in it
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512)
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA busy_timeout = 5000")
        db.execute("PRAGMA mmap_size = 268435456")
        return db

    def _snapshot(self, fn: Callable[[Tx], T]) -> T:
        db = self._idle.pop()
        try:
            db.execute("BEGIN")
            try:
                return fn(SqliteTx(db))
            finally:
                db.execute("COMMIT")
        except sqlite3.Error as e:
            _reraise(e)
        finally:
            self._idle.append(db)


def _migrate(db: sqlite3.Connection, number: int, sql: str) -> None:
    script = "".join(
        [
            "BEGIN IMMEDIATE;\n",
            dialect.sqlite_ddl(sql),
            *(f"\nINSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {first - 1});" for table, first in dialect.identities(sql)),
            f"\nPRAGMA user_version = {number};\nCOMMIT;",
        ]
    )
    try:
        db.executescript(script)
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _reraise(e: sqlite3.Error) -> NoReturn:
    """Raise an error of a read in its typed form, or as it is."""
    typed = _typed(e)
    if typed is e:
        raise e
    raise typed from e


def _typed(e: BaseException) -> BaseException:
    """SQLite's own errors as ours: a full disk is 507, a lock or an I/O error 503; anything else stays a bug."""
    text = str(e)
    if isinstance(e, sqlite3.OperationalError):
        if "disk is full" in text:
            return NoSpace(log=f"sqlite: {text}")
        if any(w in text for w in ("locked", "disk I/O", "unable to open", "readonly")):
            return Unavailable(log=f"sqlite: {text}")
    return e
