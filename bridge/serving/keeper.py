"""Keeps the library up to date and sends what waits, as long as the bridge serves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ..client.errors import ClientError, LoggedOut
from ..library.library import Library

log = logging.getLogger("darkroom.bridge")


class Keeper:
    """`problem`: why the last round failed, for people; empty when all is well. `rounds`: how many there were."""

    def __init__(self, library: Library, every: float) -> None:
        self._library, self._every = library, every
        self._wanted = asyncio.Event()
        self.problem, self.rounds = "", 0
        self.linked = True

    def wake(self) -> None:
        """A round as soon as possible: something waits to be sent, or somebody knows of a change."""
        self._wanted.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run(), name="bridge keeper")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            self._wanted.clear()
            await self.round()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), self._every)

    async def round(self) -> None:
        """Never raises: what goes wrong is tried again the next time."""
        before = self.problem
        try:
            await self._library.sync()
            refused = [] if self._library.link.read_only else await self._library.resume()
            self.problem, self.linked = "; ".join(refused), True
        except LoggedOut:
            self.problem, self.linked = "the server has ended this session: unlink and link the account again", False
        except (ClientError, OSError) as e:
            self.problem = str(e)
        except Exception as e:
            self.problem = f"{type(e).__name__} in a round of sync"
            log.exception("a round of sync failed")
        self.rounds += 1
        if self.problem and self.problem != before:
            log.warning("not up to date: %s", self.problem)
