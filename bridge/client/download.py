"""Contents and thumbnails: from the beginning in bounded memory, or any part of a content with random access."""

from __future__ import annotations

from collections.abc import AsyncIterator

from . import stream
from .connection import Connection
from .crypto import CHUNK
from .errors import Damaged
from .keys import open_blob
from .shapes import File
from .stream import MAC, SEALED_CHUNK

MOST_THUMBNAIL = 32 * 1024 * 1024


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
    """Random access to one content. Remembers 8 bytes for each 4 MiB chunk before the furthest that was read."""

    def __init__(self, connection: Connection, file: File, sealed: int | None = None) -> None:
        self._connection, self._file = connection, file
        self._sealed = sealed or file.content_size
        if self._sealed <= 0:
            raise Damaged(f"the server does not say how large file {file.id} is")
        self.size = stream.plain_size(self._sealed)
        self._last = (self._sealed - 1) // SEALED_CHUNK
        self._macs: list[bytes] = []

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """Plain bytes first…last, both included and inside the content, in pieces of at most 4 MiB."""
        for number in range(first // CHUNK, last // CHUNK + 1):
            plain = await self.chunk(number)
            begin = number * CHUNK
            yield plain[max(first - begin, 0) : last - begin + 1]

    async def chunk(self, number: int) -> bytes:
        while len(self._macs) < number:
            end = (len(self._macs) + 1) * SEALED_CHUNK
            self._macs.append((await self._fetch(end - MAC, end - 1))[:8])
        cipher = await self._fetch(*stream.chunk_span(number, self._sealed))
        plain = stream.open_chunk(self._file.content_header, self._file.key, number, self._macs, cipher, last=number == self._last)
        if len(self._macs) == number:
            self._macs.append(cipher[-MAC:][:8])
        return plain

    async def _fetch(self, first: int, last: int) -> bytes:
        held, at = bytearray(), 0
        async with self._connection.open_object("download", self._file.id, (first, last)) as answer:
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
