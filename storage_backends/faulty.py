"""Wraps a store and makes chosen calls fail: for tests of what the application does then. One seed or script replays a failure."""

from __future__ import annotations

import random
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from storage_backends.contract import ObjectInfo, ObjectStore, Reader
from storage_backends.errors import StoreError, Unavailable
from storage_backends.wrapping import WrappedStore

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call: `before` nothing is done, `after` it is done and the answer is lost.

    `truncate`: the body (of `put`, `put_part`, or what `open` reads) ends after that many bytes.
    """

    before: StoreError | None = None
    after: StoreError | None = None
    truncate: int | None = None


Plan = Callable[[str, int], Fault | None]
"""From a method's name and how often it was called before (from 0) to its fault."""

NO_FAULT = Fault()


def scripted(faults: dict[tuple[str, int], Fault]) -> Plan:
    """Exactly these calls fail."""
    return lambda method, nth: faults.get((method, nth))


def seeded(seed: int, rate: float) -> Plan:
    """Each call fails with probability `rate`, half of them after the work was done; the same seed fails the same calls."""
    dice = random.Random(seed)  # noqa: S311 - reproducible on purpose, protects nothing

    def plan(method: str, nth: int) -> Fault | None:
        hit, late = dice.random() < rate, dice.random() < 0.5
        error = Unavailable(f"fault of seed {seed}: {method} {nth}")
        return (Fault(after=error) if late else Fault(before=error)) if hit else None

    return plan


class FaultyStore(WrappedStore):
    """The wrapped store with faults. `calls` counts by method; `close`, `path` and the presigner never fail."""

    def __init__(self, inner: ObjectStore, plan: Plan) -> None:
        super().__init__(inner)
        self.calls: dict[str, int] = {}
        self._plan = plan

    async def _call(self, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        fault = self._begin(method.__name__)
        cut: Any = [_cut(a, fault) if isinstance(a, AsyncIterator) else a for a in args]  # the only iterators are bodies
        return _end(fault, await method(*cut, **kwargs))

    async def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        fault = self._begin("open")
        return _end(fault, _cut_reader(await self.inner.open(key, start, length), fault))

    async def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        fault = self._begin("list")
        async for info in self.inner.list(prefix, after):
            yield info
        _end(fault, None)

    def _begin(self, method: str) -> Fault:
        nth = self.calls.get(method, 0)
        self.calls[method] = nth + 1
        fault = self._plan(method, nth) or NO_FAULT
        if fault.before is not None:
            raise fault.before
        return fault


def _end(fault: Fault, answer: T) -> T:
    if fault.after is not None:
        raise fault.after
    return answer


async def _cut_reader(reader: Reader, fault: Fault) -> AsyncGenerator[bytes, None]:
    try:
        async for chunk in _cut(reader, fault):
            yield chunk
    finally:
        await reader.aclose()


async def _cut(body: AsyncIterator[bytes], fault: Fault) -> AsyncIterator[bytes]:
    """The body, ended early when the fault says so."""
    left = sys.maxsize if fault.truncate is None else fault.truncate
    async for chunk in body:
        if left < len(chunk):
            yield chunk[:left]
            return
        yield chunk
        left -= len(chunk)
