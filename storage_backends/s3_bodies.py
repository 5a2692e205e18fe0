"""Bodies on their way to and from S3: verified in memory or in a local temporary file before upload, read back in blocks."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from storage_backends.contract import Staged
from storage_backends.disk import FOLDER_MODE, TempFile, remove_quietly
from storage_backends.disk import translated as disk_errors
from storage_backends.incoming import BLOCK, IncomingBody
from storage_backends.s3_calls import translated
from storage_backends.threads import Threads


@dataclass(slots=True)
class Local:
    """Staged bytes on this machine: in memory or in a file; both None once published or discarded."""

    data: bytes | None = None
    path: Path | None = None


class Staging:
    """The local half of a PUT. Nothing here needs fsync: bytes count only once S3 has them."""

    def __init__(self, folder: Path, threads: Threads, token: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
        self._folder = folder
        self._threads = threads
        self._token = token

    async def receive(self, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None, max_length: int | None) -> tuple[Staged, Local]:
        """Take in and verify: the staged bytes and their place.

        Raises `LongBody`, `ShortBody`, `BadDigest`, `NoSpace`; nothing is kept then.
        """
        incoming = IncomingBody(body, length=length, max_length=max_length)
        temp = TempFile(self._folder / f"darkroom-{self._token()}")
        block = await incoming.block()
        if incoming.ended:
            await self._threads.run(_hash, temp, block, md5)
            local = Local(data=block)
        else:
            await self._spool(incoming, temp, block, length, md5)
            local = Local(path=temp.path)
        return Staged(incoming.size, temp.md5, temp.md5.hex(), local), local

    async def _spool(self, incoming: IncomingBody, temp: TempFile, block: bytes, length: int | None, md5: bytes | None) -> None:
        """A body of several blocks into the temporary file."""
        try:
            await self._threads.run(_make, self._folder)
            if length is not None:
                await self._threads.run(temp.reserve, length)
            while not incoming.ended:
                await self._threads.run(temp.write, block)
                block = await incoming.block()
            await self._threads.run(_finish, temp, block, md5)
        except BaseException:
            await self._threads.run(temp.drop)
            raise

    async def drop(self, local: Local) -> None:
        path, local.path, local.data = local.path, None, None
        if path is not None:
            await self._threads.run(remove_quietly, path)

    @contextlib.asynccontextmanager
    async def content(self, local: Local) -> AsyncIterator[bytes | BinaryIO]:
        """The staged bytes as the body of one request: themselves or the open file."""
        if local.path is not None:
            with disk_errors(f"open {local.path.name}"):
                file = await self._threads.run(local.path.open, "rb")
            with file:
                yield file
        else:
            yield local.data or b""

    async def read(self, path: Path, start: int, length: int) -> bytes:
        """A stretch of a staged file."""
        return await self._threads.run(_read, path, start, length)

    async def sweep(self, older_than_us: int) -> int:
        return await self._threads.run(_sweep, self._folder, older_than_us)


class BodyReader:
    """The bytes of an S3 answer in chunks of 1 MiB; `body` None for no bytes."""

    def __init__(self, body: Any, doing: str) -> None:
        self._body = body
        self._doing = doing

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunks: list[bytes] = []
        held = 0
        async with translated(self._doing):
            while self._body is not None and held < BLOCK:
                chunk = await self._body.read(BLOCK - held)
                if not chunk:
                    await self.aclose()
                chunks.append(chunk)
                held += len(chunk)
        if not held:
            raise StopAsyncIteration
        return b"".join(chunks)

    async def aclose(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.close()


def _make(folder: Path) -> None:
    """Each time: it costs nothing beside a body of megabytes, and a folder that somebody cleared away is there again."""
    with disk_errors(f"make {folder.name}"):
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def _hash(temp: TempFile, block: bytes, md5: bytes | None) -> None:
    temp.hash(block)
    temp.verify(md5)


def _finish(temp: TempFile, block: bytes, md5: bytes | None) -> None:
    _hash(temp, block, md5)
    temp.append(block)
    temp.seal(None, durable=False)


def _read(path: Path, start: int, length: int) -> bytes:
    with disk_errors(f"read {path.name}"), path.open("rb", buffering=0) as file:
        file.seek(start)
        return file.read(length)


def _sweep(folder: Path, older_than_us: int) -> int:
    count = 0
    with disk_errors("sweep"):
        for path in folder.glob("darkroom-*"):
            if path.is_file() and path.stat().st_mtime_ns // 1000 < older_than_us:
                remove_quietly(path)
                count += 1
    return count
