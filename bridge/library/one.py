"""One task at a time for each of many things, without keeping a lock for every thing there ever was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class OneAtATime:
    """`async with alone("that upload"): …`."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def __call__(self, thing: Hashable) -> AsyncIterator[None]:
        lock, users = self._locks.get(thing, (asyncio.Lock(), 0))
        self._locks[thing] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(thing)
            if users > 1:
                self._locks[thing] = (lock, users - 1)


__all__ = ["OneAtATime"]
