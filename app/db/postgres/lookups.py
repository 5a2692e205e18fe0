"""Point reads on PostgreSQL straight from the event loop: requests share a few connections, each a queue of statements under way.

A read's function is synchronous, so it is run once for every statement in it: each time it gets one more answer, until it returns. What a
thread, its connection and the way there and back cost is four times the statement itself. Without a live connection `Lost` is raised, and
the caller goes the longer way (`postgres`), which also knows how long to wait for a database that is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
from psycopg import errors, pq

from ..engine import Row, Tx
from .replay import Replay, Wanted
from .statements import KEEP, Connection, rows_of
from .values import Statement, types_of
from .watch import Watch

T = TypeVar("T")
LINES = 2  # connections: the server works on as many statements at a time
REST = 1.0  # seconds after a connection could not be had


class Lost(Exception):
    """No connection, or it was lost before the answer came."""


@dataclass(slots=True)
class _Asked:
    """A statement under way. `prepares`: what its exchange prepares first."""

    future: asyncio.Future[list[Row]]
    prepares: tuple[bytes, tuple[int, ...]] | None
    results: list[pq.abc.PGresult] = field(default_factory=list)


class _Line:
    """One connection, always in pipeline mode. Lives on the event loop."""

    def __init__(self, db: Connection, watch: Watch, loop: asyncio.AbstractEventLoop) -> None:
        self._db, self._watch, self._loop = db, watch, loop
        self._names = itertools.count()
        self._fd = db.fileno()
        self.waiting: deque[_Asked] = deque()
        self.alive = True
        db.pgconn.nonblocking = 1
        db.pgconn.enter_pipeline_mode()
        loop.add_reader(self._fd, self._readable)

    def ask(self, statement: Statement) -> asyncio.Future[list[Row]]:
        to = self._db.pgconn
        query, values = statement
        key = query, types_of(values)
        asked = _Asked(self._loop.create_future(), None)
        try:
            name = self._db.prepared.get(key)
            if name is None:
                asked.prepares, name = key, b"l%d" % next(self._names)
                to.send_prepare(name, query, key[1])
                self._db.prepared[key] = name
            to.send_query_prepared(name, [v[1] for v in values], [v[2] for v in values])
            to.pipeline_sync()
            if not self.waiting:
                self._watch.begin(self._db)
            self.waiting.append(asked)
            self._flush()
        except psycopg.OperationalError:
            self.close()
            raise Lost from None
        return asked.future

    def _flush(self) -> None:
        """What the socket does not take now is written when it does."""
        if self._db.pgconn.flush():
            self._loop.add_writer(self._fd, self._writable)

    def _writable(self) -> None:
        self._loop.remove_writer(self._fd)
        try:
            self._flush()
        except psycopg.OperationalError:
            self.close()

    def _readable(self) -> None:
        to = self._db.pgconn
        try:
            to.consume_input()
            while self.waiting and not to.is_busy():
                self._take(to.get_result())
        except psycopg.OperationalError:
            self.close()

    def _take(self, result: pq.abc.PGresult | None) -> None:
        """libpq gives a statement's results, a None after each, and one for the end of the exchange."""
        if result is None:
            if self._db.pgconn.status != pq.ConnStatus.OK:
                self.close()
        elif result.status != pq.ExecStatus.PIPELINE_SYNC:
            self.waiting[0].results.append(result)
        else:
            self._finish(self.waiting.popleft())
            if self.waiting:
                self._watch.begin(self._db)
            elif self.full:
                self.close()
            else:
                self._watch.end(self._db)

    def _finish(self, asked: _Asked) -> None:
        failed = next((r for r in asked.results if r.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)), None)
        if failed is not None and asked.prepares is not None:
            self._db.prepared.pop(asked.prepares, None)
        if asked.future.done():  # nobody waits any more
            return
        if failed is None:
            asked.future.set_result(rows_of(self._db, asked.results[-1]))
            return
        error = errors.error_from_result(failed)
        if isinstance(error, errors.FeatureNotSupported | psycopg.OperationalError):  # a stale plan, a server going down: another connection
            asked.future.set_exception(Lost())
            self.close()
        else:
            asked.future.set_exception(error)

    @property
    def full(self) -> bool:
        """It is asked nothing more, and ends when nobody waits."""
        return len(self._db.prepared) > KEEP

    def close(self) -> None:
        """Whoever waits is told `Lost`."""
        if not self.alive:
            return
        self.alive = False
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._watch.end(self._db)
        self._db.close()
        for asked in self.waiting:
            if not asked.future.done():
                asked.future.set_exception(Lost())
        self.waiting.clear()


class Lookups:
    """The lines, and how they come back. `connect()` gives a configured connection, in a thread."""

    def __init__(self, connect: Callable[[], Connection], watch: Watch) -> None:
        self._connect, self._watch = connect, watch
        self._lines: list[_Line] = []
        self._connecting: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()

    async def run(self, fn: Callable[[Tx], T]) -> T:
        """The function's result; whatever it or a statement of it raises; `Lost`."""
        answers: list[list[Row]] = []
        while True:
            try:
                return fn(Replay(answers))
            except Wanted as wanted:
                statement = wanted.statement
            answers.append(await self._line().ask(statement))

    def _line(self) -> _Line:
        """The one with the shortest queue."""
        live = [line for line in self._lines if line.alive and not line.full]
        if len(live) < LINES and not self._closed.is_set() and (self._connecting is None or self._connecting.done()):
            self._connecting = asyncio.get_running_loop().create_task(self._open(), name="darkroom-db-line")
        if not live:
            raise Lost
        return min(live, key=lambda line: len(line.waiting))

    async def _open(self) -> None:
        """One more line; rest a while when there is none to be had."""
        self._lines = [line for line in self._lines if line.alive]
        try:
            db = await asyncio.to_thread(self._connect)
        except psycopg.Error:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), REST)
            return
        if self._closed.is_set():
            db.close()
        else:
            self._lines.append(_Line(db, self._watch, asyncio.get_running_loop()))

    async def close(self) -> None:
        self._closed.set()
        if self._connecting is not None:
            await self._connecting
        for line in self._lines:
            line.close()
