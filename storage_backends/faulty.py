"""Wraps a store and makes chosen calls fail: for tests of what the application does then. One seed or script replays a failure."""

from __future__ import annotations

import random
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from storage_backends.contract import ObjectInfo, ObjectStore, Part, Reader, Staged, Stored
from storage_backends.errors import StoreError, Unavailable

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


class FaultyStore:
    """The wrapped store with faults. `calls` counts by method; `close`, `path`, `presign_*` never fail."""

    def __init__(self, inner: ObjectStore, plan: Plan) -> None:
        self.name = inner.name
        self.kind = inner.kind
        self.direct = inner.direct
        self.calls: dict[str, int] = {}
        self._inner = inner
        self._plan = plan

    async def put(self, key: str, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None, max_length: int | None = None) -> Stored:
        fault = self._begin("put")
        return _end(fault, await self._inner.put(key, _cut(body, fault), length=length, md5=md5, max_length=max_length))

    async def publish(self, staged: Staged, key: str, *, replace: bool = False) -> Stored:
        fault = self._begin("publish")
        return _end(fault, await self._inner.publish(staged, key, replace=replace))

    async def discard(self, staged: Staged) -> None:
        fault = self._begin("discard")
        await self._inner.discard(staged)
        _end(fault, None)

    async def head(self, key: str) -> ObjectInfo | None:
        fault = self._begin("head")
        return _end(fault, await self._inner.head(key))

    def path(self, key: str) -> Path | None:
        return self._inner.path(key)

    async def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        fault = self._begin("open")
        return _end(fault, _cut_reader(await self._inner.open(key, start, length), fault))

    async def delete(self, key: str) -> None:
        fault = self._begin("delete")
        await self._inner.delete(key)
        _end(fault, None)

    async def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        fault = self._begin("list")
        async for info in self._inner.list(prefix, after):
            yield info
        _end(fault, None)

    async def create_multipart(self, key: str) -> str:
        fault = self._begin("create_multipart")
        return _end(fault, await self._inner.create_multipart(key))

    async def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        body: AsyncIterator[bytes],
        *,
        length: int | None,
        md5: bytes | None,
        max_length: int | None = None,
    ) -> Part:
        fault = self._begin("put_part")
        body = _cut(body, fault)
        return _end(fault, await self._inner.put_part(key, upload_id, number, body, length=length, md5=md5, max_length=max_length))

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, length: int | None) -> Stored:
        fault = self._begin("complete_multipart")
        return _end(fault, await self._inner.complete_multipart(key, upload_id, parts, length=length))

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        fault = self._begin("abort_multipart")
        await self._inner.abort_multipart(key, upload_id)
        _end(fault, None)

    async def sweep(self, older_than_us: int) -> int:
        fault = self._begin("sweep")
        return _end(fault, await self._inner.sweep(older_than_us))

    async def check(self) -> None:
        fault = self._begin("check")
        await self._inner.check()
        _end(fault, None)

    async def free_bytes(self) -> int | None:
        fault = self._begin("free_bytes")
        return _end(fault, await self._inner.free_bytes())

    async def close(self) -> None:
        await self._inner.close()

    def presign_put(self, key: str, *, now: datetime, expires: int, length: int | None, md5: bytes | None) -> str:
        return self._inner.presign_put(key, now=now, expires=expires, length=length, md5=md5)

    def presign_part(self, key: str, upload_id: str, number: int, *, now: datetime, expires: int, length: int | None, md5: bytes | None) -> str:
        return self._inner.presign_part(key, upload_id, number, now=now, expires=expires, length=length, md5=md5)

    def presign_complete(self, key: str, upload_id: str, *, now: datetime, expires: int) -> str:
        return self._inner.presign_complete(key, upload_id, now=now, expires=expires)

    def presign_get(self, key: str, *, now: datetime, expires: int, attachment: bool = True, octet_stream: bool | None = None) -> str:
        return self._inner.presign_get(key, now=now, expires=expires, attachment=attachment, octet_stream=octet_stream)

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
