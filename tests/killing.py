"""`kill -9` at the n-th point of a piece of work, in this process: before and after each transaction and each call that changes a store.

From that point on nothing of that life reaches a database or a store any more, whatever its `finally`s try; the next life begins where the
bytes and rows were left.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

from app.kernel.parts import Kernel
from storage_backends.contract import ObjectInfo, ObjectStore
from storage_backends.wrapping import WrappedStore

P = ParamSpec("P")
T = TypeVar("T")

CHANGES = ("put", "publish", "delete", "mark", "complete_multipart", "sweep")


class Killed(BaseException):
    """The process has ended."""


class Points:
    """Counts the points that a life passes, and ends it at one. `passed`: their names, in this life."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.dead = False
        self._left: int | None = None
        self._doing: set[asyncio.Future[Any]] = set()

    def reach(self, name: str) -> None:
        self.alive()
        if self._left is not None:
            self.passed.append(name)
            self._left -= 1
            self.dead = self._left < 0
        self.alive()

    def alive(self) -> None:
        if self.dead:
            raise Killed(self.passed[-1])

    async def around(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        """Who is cancelled waits: a transaction in a thread would go on, and into the next life."""
        self.reach(f"before {name}")
        doing: asyncio.Future[T] = asyncio.ensure_future(call())  # type: ignore[arg-type]  # a coroutine
        self._doing.add(doing)
        try:
            answer = await asyncio.shield(doing)
        except asyncio.CancelledError:
            await asyncio.wait([doing])
            raise
        finally:
            self._doing.discard(doing)
        self.reach(f"after {name}")
        return answer

    async def life(self, story: Callable[[], Awaitable[Any]], nth: int) -> bool:
        """Whether this life came to its end by itself, before its point number `nth`."""
        others = asyncio.all_tasks()
        self.passed, self._left = [], nth
        try:
            await story()
            return True
        except Killed:
            return False
        finally:
            while self._doing:  # none of them ends by being cancelled
                await asyncio.wait(set(self._doing))
            mine = [t for t in asyncio.all_tasks() - others if t is not asyncio.current_task()]
            for task in mine:
                task.cancel()
            await asyncio.gather(*mine, return_exceptions=True)
            self.dead, self._left = False, None


class DyingDatabase:
    """A database whose transactions are points."""

    def __init__(self, inner: Any, points: Points) -> None:
        self._inner, self._points = inner, points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(self, *args: Any, **kwargs: Any) -> Any:
        self._points.alive()
        return await self._inner.read(*args, **kwargs)

    async def scan(self, *args: Any, **kwargs: Any) -> Any:
        self._points.alive()
        return await self._inner.scan(*args, **kwargs)

    async def write(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return await self._points.around(name, lambda: self._inner.write(name, *args, **kwargs))


class DyingStore(WrappedStore):
    """A store whose changes are points."""

    def __init__(self, inner: ObjectStore, points: Points) -> None:
        super().__init__(inner)
        self._points = points

    async def _call(self, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        if method.__name__ in CHANGES:
            return await self._points.around(f"{self.name}.{method.__name__}", lambda: method(*args, **kwargs))
        self._points.alive()
        return await method(*args, **kwargs)

    async def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        self._points.alive()
        async for info in self.inner.list(prefix, after):
            yield info


def mortal(kernel: Kernel, points: Points) -> None:
    """Make this kernel's database and stores pass the points."""
    object.__setattr__(kernel, "db", DyingDatabase(kernel.db, points))
    for name, inner in list(kernel.stores.items()):
        kernel.stores[name] = DyingStore(inner, points)


async def at_every_point(points: Points, story: Callable[[], Awaitable[Any]], between: Callable[[int], Awaitable[Any]], *, step: int = 1) -> set[str]:
    """Live the story again and again, killed at each point once, until it ends by itself; `between` lives puts things right, and looks. The
    names of all points. `step`: every so manyth."""
    seen: set[str] = set()
    for nth in range(0, 1000, step):
        whole = await points.life(story, nth)
        seen |= set(points.passed)
        await between(nth)
        if whole:
            return seen
    raise AssertionError("the story does not end")
