"""A sealed content on this disk as a file in the clear: seekable, one chunk of it in memory."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO

from ..client import stream
from ..client.crypto import CHUNK
from ..client.stream import MAC, SEALED_CHUNK


class SealedReader(io.RawIOBase):
    """Raises `Damaged` where the bytes are not what was sealed."""

    def __init__(self, path: Path, header: bytes, key: bytes) -> None:
        self._file: BinaryIO = path.open("rb")  # closed by close
        self._header, self._key = header, key
        self._sealed = os.fstat(self._file.fileno()).st_size
        self.size = stream.plain_size(self._sealed)
        self._last = max(self._sealed - 1, 0) // SEALED_CHUNK
        self._macs: list[bytes] = []
        self._at, self._held, self._number = 0, b"", -1

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any writable buffer
        if self._at >= self.size:
            return 0
        number, begin = divmod(self._at, CHUNK)
        if number != self._number:
            self._held, self._number = self._chunk(number), number
        piece = self._held[begin : begin + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _chunk(self, number: int) -> bytes:
        while len(self._macs) < number:
            self._file.seek((len(self._macs) + 1) * SEALED_CHUNK - MAC)
            self._macs.append(self._file.read(8))
        first, last = stream.chunk_span(number, self._sealed)
        self._file.seek(first)
        cipher = self._file.read(last - first + 1)
        return stream.open_chunk(self._header, self._key, number, self._macs, cipher, last=number == self._last)

    def close(self) -> None:
        self._file.close()
        super().close()
