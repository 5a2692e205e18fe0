"""A store around another: passes every call on. What wraps stores (`faulty`; one that keeps objects in two places) overrides what it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import ParamSpec, TypeVar

from storage_backends.contract import ObjectInfo, ObjectStore, Part, Reader, Staged, Stored

P = ParamSpec("P")
T = TypeVar("T")


class WrappedStore:
    """The inner store under its own name. Every call but `path`, `list` and `close` goes through `_call`: override that to do the same to
    all of them, or a method to change that one."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner
        self.name = inner.name
        self.kind = inner.kind
        self.presigner = inner.presigner

    async def _call(self, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the inner store; `method.__name__` says which."""
        return await method(*args, **kwargs)

    async def put(self, key: str, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None, max_length: int | None = None) -> Stored:
        return await self._call(self.inner.put, key, body, length=length, md5=md5, max_length=max_length)

    async def publish(self, staged: Staged, key: str, *, replace: bool = False) -> Stored:
        return await self._call(self.inner.publish, staged, key, replace=replace)

    async def discard(self, staged: Staged) -> None:
        await self._call(self.inner.discard, staged)

    async def head(self, key: str) -> ObjectInfo | None:
        return await self._call(self.inner.head, key)

    def path(self, key: str) -> Path | None:
        return self.inner.path(key)

    async def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        return await self._call(self.inner.open, key, start, length)

    async def delete(self, key: str) -> None:
        await self._call(self.inner.delete, key)

    def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        return self.inner.list(prefix, after)

    async def create_multipart(self, key: str) -> str:
        return await self._call(self.inner.create_multipart, key)

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
        return await self._call(self.inner.put_part, key, upload_id, number, body, length=length, md5=md5, max_length=max_length)

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, length: int | None) -> Stored:
        return await self._call(self.inner.complete_multipart, key, upload_id, parts, length=length)

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        await self._call(self.inner.abort_multipart, key, upload_id)

    async def sweep(self, older_than_us: int) -> int:
        return await self._call(self.inner.sweep, older_than_us)

    async def sweep_temporary(self) -> int:
        return await self._call(self.inner.sweep_temporary)

    async def marker(self) -> str | None:
        return await self._call(self.inner.marker)

    async def mark(self, text: str) -> None:
        await self._call(self.inner.mark, text)

    async def check(self) -> None:
        await self._call(self.inner.check)

    async def free_bytes(self) -> int | None:
        return await self._call(self.inner.free_bytes)

    async def close(self) -> None:
        await self.inner.close()
