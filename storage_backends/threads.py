"""A store's own worker threads, and the one way its coroutines use them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 12
"""Threads that mostly wait for the disk: concurrent fsyncs share a journal commit, so one would mean slow PUTs; beyond a dozen they only
wait for each other (measured with 32 clients: the rate stays, the system's share of CPU time doubles)."""


class Threads:
    """A pool that outlives no store. Threads start when first needed."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix=f"objects-{name}")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work(*args)` in a thread. A cancelled caller leaves only when the work has ended.

        Leaving earlier would let the clean-up close or unlink a file that the thread still writes.
        """
        future = asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([future])
            raise

    def close(self) -> None:
        """Wait for running work and end the threads. Idempotent."""
        self._pool.shutdown(wait=True)
