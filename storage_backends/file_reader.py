"""Reads a stretch of one file in worker threads, 1 MiB at a time."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

from storage_backends.disk import translated
from storage_backends.errors import Unavailable
from storage_backends.incoming import BLOCK
from storage_backends.threads import Threads


class FileReader:
    """An async iterator over the bytes; `begin` first. The file is closed at the end, by `aclose`, or with the object."""

    def __init__(self, file: Path, start: int, length: int | None, threads: Threads) -> None:
        self._fd = -1
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range does not start or extend below zero")
        self._file = file
        self._position = start
        self._left = length
        self._threads = threads
        self._ready = b""

    async def begin(self) -> None:
        """Open and read the first chunk. Raises `NotFound`."""
        await self._threads.run(self._begin)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk, self._ready = self._ready, b""
        if not chunk:
            if self._fd < 0:
                raise StopAsyncIteration
            chunk = await self._threads.run(self._read)
        return chunk

    async def aclose(self) -> None:
        self._ready = b""
        self._close()

    def __del__(self) -> None:
        self._close()

    def _begin(self) -> None:
        with translated(f"open {self._file.name}"):
            self._fd = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
            size = os.fstat(self._fd).st_size
        rest = max(0, size - self._position)
        self._left = rest if self._left is None else min(rest, self._left)
        if self._left:
            self._ready = self._read()
        else:
            self._close()

    def _read(self) -> bytes:
        """The next chunk; closes behind the last. A file that ends early is an error, not a shorter object."""
        left = self._left or 0
        with translated(f"read {self._file.name}"):
            chunk = os.pread(self._fd, min(BLOCK, left), self._position)
        if not chunk:
            self._close()
            raise Unavailable(f"read {self._file.name}: the file ends {left} bytes early")
        self._position += len(chunk)
        self._left = left - len(chunk)
        if not self._left:
            self._close()
        return chunk

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
