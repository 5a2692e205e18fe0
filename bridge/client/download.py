"""Contents and thumbnails: from the beginning in bounded memory, or any part of a content with random access."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from . import stream
from .connection import Connection
from .crypto import CHUNK
from .errors import Damaged, Refused
from .keys import open_blob
from .shapes import File
from .stream import MAC, SEALED_CHUNK

MOST_THUMBNAIL = 32 * 1024 * 1024
AT_ONCE = 16
"""Requests for MACs that are on their way together."""
KEPT = 2
"""Opened chunks that a reader keeps: players ask for little pieces, one after another."""


async def content(connection: Connection, file: File) -> AsyncIterator[bytes]:
    """The plain bytes, a chunk at a time; raises `Damaged` where they are not the file's, at the latest at the end."""
    opener = stream.Opener(file.content_header, file.key)
    async with connection.open_object("download", file.id) as answer:
        async for piece in answer.aiter_bytes(1024 * 1024):
            if plain := opener.feed(piece):
                yield plain
    yield opener.finish()


async def thumbnail(connection: Connection, file: File) -> bytes:
    """The JPEG that the uploader made."""
    held = bytearray()
    async with connection.open_object("thumbnail", file.id) as answer:
        async for piece in answer.aiter_bytes():
            held += piece
            if len(held) > MOST_THUMBNAIL:
                raise Damaged(f"the thumbnail of file {file.id} is too large to be one")
    return open_blob(bytes(held), file.thumbnail_header, file.key, f"the thumbnail of file {file.id}")


class Reader:
    """Random access to one content.

    It needs 8 bytes of each 4 MiB chunk before the one that is read: `known` is what an earlier reader (`macs`) or the upload kept, the others are
    asked for by range, some at once, and `learned` is called with all that are known then.
    """

    def __init__(
        self, connection: Connection, file: File, sealed: int | None = None, *, known: bytes = b"", learned: Callable[[bytes], None] = lambda _: None
    ) -> None:  # fmt: skip
        self._connection, self._file, self._learned = connection, file, learned
        self._sealed = sealed or file.content_size
        if self._sealed <= 0:
            raise Damaged(f"the server does not say how large file {file.id} is")
        self.size = stream.plain_size(self._sealed)
        self._last = (self._sealed - 1) // SEALED_CHUNK
        self._macs = [known[at : at + 8] for at in range(0, len(known) // 8 * 8, 8)][: self._last]
        self._chunks: dict[int, bytes] = {}
        self._url = ""
        self._one = asyncio.Lock()

    @property
    def macs(self) -> bytes:
        """The first 8 bytes of each MAC that is known, from the first chunk on."""
        return b"".join(self._macs)

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """Plain bytes first…last, both included and inside the content, in pieces of at most 4 MiB."""
        for number in range(first // CHUNK, last // CHUNK + 1):
            plain = await self.chunk(number)
            begin = number * CHUNK
            yield plain[max(first - begin, 0) : last - begin + 1]

    async def chunk(self, number: int) -> bytes:
        async with self._one:
            if (kept := self._chunks.get(number)) is not None:
                return kept
            await self._learn(number)
            cipher = await self._fetch(*stream.chunk_span(number, self._sealed))
            try:
                plain = await asyncio.to_thread(self._open, number, cipher)
            except Damaged:  # the chunk, or what was said of those before it: asked for again the next time
                self._macs.clear()
                self._learned(b"")
                raise
            if len(self._macs) == number < self._last:
                self._macs.append(cipher[-MAC:][:8])
                self._learned(self.macs)
            while len(self._chunks) >= KEPT:
                self._chunks.pop(next(iter(self._chunks)))
            self._chunks[number] = plain
            return plain

    def forget(self) -> None:
        """The opened chunks; what it takes to open others is kept."""
        self._chunks.clear()

    def _open(self, number: int, cipher: bytes) -> bytes:
        return stream.open_chunk(self._file.content_header, self._file.key, number, self._macs, cipher, last=number == self._last)

    async def _learn(self, upto: int) -> None:
        """The MACs of all chunks before this one."""
        missing = range(len(self._macs), upto)
        if not missing:
            return
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> bytes:
            async with limit:
                end = (number + 1) * SEALED_CHUNK
                return (await self._fetch(end - MAC, end - 1))[:8]

        if not self._url:
            self._url = await self._connection.object_url("download", self._file.id)
        self._macs += await asyncio.gather(*(one(number) for number in missing))
        self._learned(self.macs)

    async def _fetch(self, first: int, last: int) -> bytes:
        """A part of the ciphertext. The object's URL is used until it has expired."""
        if self._url:
            try:
                return await self._fetch_from(self._url, first, last)
            except Refused:
                self._url = ""
        self._url = await self._connection.object_url("download", self._file.id)
        return await self._fetch_from(self._url, first, last)

    async def _fetch_from(self, url: str, first: int, last: int) -> bytes:
        held, at = bytearray(), 0
        async with self._connection.open_object("download", self._file.id, (first, last), url) as answer:
            whole = answer.status_code == 200  # a store without ranges: what comes before is read and dropped
            async for piece in answer.aiter_bytes():
                begin = max(first - at, 0) if whole else 0
                held += piece[begin:]
                at += len(piece)
                if len(held) > last - first:
                    break
        if len(held) < last - first + 1:
            raise Damaged(f"the content of file {self._file.id} is cut off")
        return bytes(held[: last - first + 1])
