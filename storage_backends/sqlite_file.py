"""The file under a `sqlite` store: one connection in one thread writes, in groups; others read. Knows SQL's errors and no objects.

Jobs that wait at the same moment share one BEGIN IMMEDIATE … COMMIT and so one fsync, each in its own savepoint; whoever asked is told
after the fsync. Exactly one connection writes and checkpoints: SQLite below 3.51.3 can corrupt a WAL when two do so at the same instant.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from storage_backends import disk
from storage_backends.errors import NoSpace, StoreError, Unavailable
from storage_backends.threads import Threads
from storage_backends.timing import SYNCS

T = TypeVar("T")
Act = Callable[[sqlite3.Connection], T]

GROUP = 64  # jobs in a transaction at most
GROUP_BYTES = 16 << 20  # of bodies in a transaction, from which no further job joins it
PAGE = 4096
CHECKPOINT = 16 << 20  # bytes of the log, from which a commit moves them into the file
CACHE = 4 << 20  # bytes of memory for a connection's pages; bodies pass through, and what is kept is the index
PRAGMAS = (
    f"PRAGMA page_size = {PAGE}",
    "PRAGMA auto_vacuum = INCREMENTAL",  # before the first table is made, or never
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what was acknowledged survives power loss
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT // PAGE}",
    f"PRAGMA journal_size_limit = {CHECKPOINT}",
    f"PRAGMA cache_size = -{CACHE >> 10}",
    "PRAGMA busy_timeout = 5000",
)


@dataclass(slots=True)
class _Job:
    act: Act[Any]
    weight: int
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class SqliteFile:
    """One database file. `reached` is told the name of each point at which a kill would leave something else: tests die there."""

    def __init__(self, path: Path, schema: str, reached: Callable[[str], None]) -> None:
        self._path = path
        self._reached = reached
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._idle: list[sqlite3.Connection] = []
        self._threads = Threads(path.stem)
        with disk.translated(f"open {path.name}"):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, disk.FILE_MODE))  # SQLite gives its log the mode of the file
            self._lock = _locked(path.with_name(f"{path.name}.lock"))
        with translated():
            self._writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
            for pragma in PRAGMAS:
                self._writer.execute(pragma)
            self._writer.executescript(f"BEGIN IMMEDIATE;\n{schema}\nCOMMIT;")
        with disk.translated(f"open {path.name}"):
            disk.sync_folder(path.parent)
            self._inode = os.stat(path).st_ino
        self._thread = threading.Thread(target=self._work, name=f"objects-{path.stem}", daemon=True)
        self._thread.start()

    async def write(self, act: Act[T], weight: int = 0) -> T:
        """`act(connection)` in a transaction that is durable when this returns; `weight`: bytes that it brings. Raises what `act` raises,
        and then nothing of it stands. A cancelled caller leaves when its job has ended."""
        if self._closed:
            raise Unavailable(f"{self._path.name} is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._jobs.put(_Job(act, weight, future, loop))
        try:
            result: T = await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # nobody will ask
            raise
        return result

    async def read(self, act: Act[T]) -> T:
        """`act(connection)` on what is committed, in a thread."""
        if self._closed:
            raise Unavailable(f"{self._path.name} is closed")
        return await self._threads.run(self.read_now, act)

    def still_there(self) -> None:
        """Raises `Unavailable` when the file was taken away under us: what is written to it is lost, and what it had is not gone."""
        try:
            there = os.stat(self._path).st_ino == self._inode
        except OSError:
            there = False
        if not there:
            raise Unavailable(f"{self._path} is gone: is its disk mounted?")

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._jobs.put(None)
        self._thread.join()
        self._threads.close()
        for connection in self._idle:
            connection.close()
        self._writer.close()
        os.close(self._lock)

    # --- the writer's thread
    def _work(self) -> None:
        ended = False
        while not ended:
            batch: list[_Job] = []
            job = self._jobs.get()
            weight = 0
            while job is not None:
                batch.append(job)
                weight += job.weight
                if len(batch) >= GROUP or weight >= GROUP_BYTES:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            else:
                ended = True
            if batch:
                _settle(batch, self._group(batch))

    def _group(self, batch: list[_Job]) -> list[tuple[bool, Any]]:
        """Run the jobs in one transaction: one that fails undoes only itself, a failing COMMIT fails all."""
        db = self._writer
        try:
            self.still_there()
            with translated():
                db.execute("BEGIN IMMEDIATE")
                self._reached("begun")
                results = [self._one(db, job.act) for job in batch]
                self._reached("done")
                began = time.perf_counter()
                db.execute("COMMIT")
                SYNCS.add(time.perf_counter() - began)
        except Exception as e:
            if db.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
            return [(False, e)] * len(batch)
        self._reached("committed")
        return results

    def _one(self, db: sqlite3.Connection, act: Act[Any]) -> tuple[bool, Any]:
        db.execute("SAVEPOINT job")
        try:
            value = act(db)
        except Exception as e:
            if not db.in_transaction:  # a full disk rolls the whole transaction back by itself: nobody's change may stand
                raise
            db.execute("ROLLBACK TO job")
            db.execute("RELEASE job")
            return False, typed(e)
        db.execute("RELEASE job")
        self._reached("one")
        return True, value

    # --- readers
    def read_now(self, act: Act[T]) -> T:
        try:
            db = self._idle.pop()
        except IndexError:
            with translated():
                db = self._connect()
        try:
            with translated():
                return act(db)
        finally:
            self._idle.append(db)

    def _connect(self) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=16)
        db.execute("PRAGMA query_only = ON")
        db.execute("PRAGMA busy_timeout = 5000")
        db.execute("PRAGMA cache_size = -256")  # up to a dozen of them
        return db


def _locked(path: Path) -> int:
    """A descriptor that holds the lock of the one process that may write. Raises `Unavailable` when another has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, disk.FILE_MODE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as e:
        os.close(fd)
        raise Unavailable(f"{path.with_suffix('')} is in use by another process: a sqlite store is one process's") from e
    except OSError:
        os.close(fd)
        raise
    return fd


def _settle(batch: list[_Job], results: list[tuple[bool, Any]]) -> None:
    """Tell everybody of a group how it went: one wake-up of each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Job, bool, Any]]] = {}
    for job, (ok, value) in zip(batch, results, strict=True):
        loops.setdefault(job.loop, []).append((job, ok, value))
    for loop, told in loops.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_tell, told)


def _tell(told: list[tuple[_Job, bool, Any]]) -> None:
    for job, ok, value in told:
        if not job.future.done():
            job.future.set_result(value) if ok else job.future.set_exception(value)


def typed(error: Exception) -> Exception:
    """SQLite's errors as the store's: a full disk, or a store that does not answer. What is not SQLite's stays what it is."""
    if isinstance(error, sqlite3.Error):
        return (NoSpace if "disk is full" in str(error) else Unavailable)(f"sqlite: {error}")
    return error


@contextlib.contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except sqlite3.Error as e:
        raise typed(e) from e
