"""Turns: who of those that wait gets the next place, so that whoever asks for much waits for itself and not others for it.

A payer is whoever a request is made for: an account, an address, or the server itself. The gate is fair between payers, however much each
of them asks for at once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Generic, TypeVar

from ..kernel.errors import Unavailable

J = TypeVar("J")
LONGEST = 30.0  # seconds that anybody waits for a place

payer: ContextVar[str] = ContextVar("payer", default="")
"""For whom this task works: `user 17`, `ip 192.0.2.1`; "" for the server itself."""


class Queue(Generic[J]):
    """What waits, by payer: those who have something waiting take turns, each one's own in order."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[J]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, who: str, job: J) -> None:
        self._lines.setdefault(who, deque()).append(job)
        self._size += 1

    def put_back(self, who: str, job: J) -> None:
        """In front of all others; what is put back last is taken first."""
        self._lines.setdefault(who, deque()).appendleft(job)
        self._lines.move_to_end(who, last=False)
        self._size += 1

    def take(self, most: int) -> list[tuple[str, J]]:
        """The next ones with their payers, at most so many."""
        taken: list[tuple[str, J]] = []
        while self._lines and len(taken) < most:
            who, line = self._lines.popitem(last=False)
            taken.append((who, line.popleft()))
            if line:
                self._lines[who] = line
        self._size -= len(taken)
        return taken


class Gate:
    """`places` at once, of which one payer has all but some, and one at least: whoever else comes finds a place free, or waits for one turn."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._share = max(1, places * 2 // 3)
        self._inside: dict[str, int] = {}
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for the payer of this task; Unavailable when none comes within `LONGEST`."""
        who = payer.get()
        if self._may(who):
            self._enter(who)
        else:
            await self._wait(who)
        try:
            yield
        finally:
            self._leave(who)

    async def _wait(self, who: str) -> None:
        line = self._waiting.setdefault(who, deque())
        future = asyncio.get_running_loop().create_future()
        line.append(future)
        try:
            async with asyncio.timeout(LONGEST):
                await future
        except TimeoutError:
            self._abandon(who, future)
            raise Unavailable(log=f"{who or 'the server'} waits too long for the database") from None
        except asyncio.CancelledError:
            self._abandon(who, future)
            raise

    def _abandon(self, who: str, future: asyncio.Future[None]) -> None:
        if not future.cancelled():  # the place was given to who does not want it any more
            self._leave(who)
        elif line := self._waiting.get(who):
            with suppress(ValueError):
                line.remove(future)
            if not line:
                del self._waiting[who]

    def _may(self, who: str) -> bool:
        return self._free > 0 and self._inside.get(who, 0) < self._share

    def _enter(self, who: str) -> None:
        self._free -= 1
        self._inside[who] = self._inside.get(who, 0) + 1

    def _leave(self, who: str) -> None:
        self._free += 1
        left = self._inside[who] - 1
        if left:
            self._inside[who] = left
        else:
            del self._inside[who]
        self._wake()

    def _wake(self) -> None:
        """Give what is free to those who wait, in turn."""
        for who in list(self._waiting):
            if self._free <= 0:
                return
            line = self._waiting[who]
            while line and line[0].cancelled():  # its task has yet to hear of it
                line.popleft()
            if line and self._may(who):
                self._enter(who)
                line.popleft().set_result(None)
                self._waiting.move_to_end(who)
            if not line:
                del self._waiting[who]
