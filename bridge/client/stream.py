"""File content as secretstream (client.md §6.2): sealed in one pass, opened from the beginning, or from any chunk.

The state before chunk n is the stream's first key (no rekeying happens: tags are MESSAGE and one FINAL), the counter n + 1, and the header's nonce
XORed with the first 8 bytes of the MACs of all chunks before. So a reader that has those MACs opens chunk n alone; a forged one makes its tag fail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from nacl import bindings

from . import crypto
from .crypto import CHUNK, CHUNK_OVERHEAD, FINAL, MESSAGE, b64
from .errors import Damaged

SEALED_CHUNK = CHUNK + CHUNK_OVERHEAD
MAC = 16
PART = 5 * SEALED_CHUNK
"""Bytes of one part of a large upload, as Ente's web client cuts them."""

State = bindings.crypto_secretstream_xchacha20poly1305_state


def sealed_size(plain: int) -> int:
    return plain + CHUNK_OVERHEAD * max(1, -(-plain // CHUNK))


def plain_size(sealed: int) -> int:
    """Raises `Damaged` for a size that no stream has."""
    chunks = max(1, -(-sealed // SEALED_CHUNK))
    plain = sealed - CHUNK_OVERHEAD * chunks
    if plain < 0 or sealed_size(plain) != sealed:
        raise Damaged("the content has a size that no encrypted file has")
    return plain


@dataclass(frozen=True)
class Sums:
    """What one pass over a content found. `md5` and `part_md5s` are of the ciphertext, base64; the others of the plain bytes.
    `macs`: 8 bytes of each chunk, for `download.Reader`."""

    header: bytes
    size: int
    sealed: int
    md5: str
    part_md5s: list[str]
    hash: str
    sha1: bytes
    macs: bytes = b""


class Sealer:
    """Takes plain bytes in any pieces, gives ciphertext to `write`, and sums both on the way."""

    def __init__(self, key: bytes, write: Callable[[bytes], object]) -> None:
        self._stream = crypto.StreamWriter(key)
        self._write = write
        self._held = bytearray()
        self._size = self._sealed = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._parts: list[str] = []
        self._part = hashlib.md5(usedforsecurity=False)
        self._hash = hashlib.blake2b(digest_size=64)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._macs = bytearray()

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        self._hash.update(data)
        self._sha1.update(data)
        self._held += data
        while len(self._held) > CHUNK:  # the last chunk is held back: it carries the final tag
            self._push(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def finish(self) -> Sums:
        self._push(bytes(self._held), last=True)
        if self._sealed % PART:
            self._parts.append(b64(self._part.digest()))
        sums = (b64(self._md5.digest()), self._parts, b64(self._hash.digest()), self._sha1.digest(), bytes(self._macs))
        return Sums(self._stream.header, self._size, self._sealed, *sums)

    def _push(self, chunk: bytes, *, last: bool) -> None:
        cipher = self._stream.push(chunk, last=last)
        self._write(cipher)
        self._macs += cipher[-MAC:][:8]
        self._md5.update(cipher)
        self._part.update(cipher)
        self._sealed += len(cipher)
        if self._sealed % PART == 0:
            self._parts.append(b64(self._part.digest()))
            self._part = hashlib.md5(usedforsecurity=False)


class Opener:
    """Takes ciphertext in any pieces from the beginning and gives plain bytes; `finish` raises where the end is missing."""

    def __init__(self, header: bytes, key: bytes) -> None:
        self._state = begin(header, key)
        self._held = bytearray()
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        self._held += data
        out = bytearray()
        while len(self._held) > SEALED_CHUNK:
            out += self._pull(bytes(self._held[:SEALED_CHUNK]))
            del self._held[:SEALED_CHUNK]
        return bytes(out)

    def finish(self) -> bytes:
        plain = self._pull(bytes(self._held))
        if not self._ended:
            raise Damaged("the content is cut off")
        return plain

    def _pull(self, chunk: bytes) -> bytes:
        if self._ended:
            raise Damaged("there are bytes after the end of the content")
        plain, tag = pull(self._state, chunk)
        self._ended = tag == FINAL
        return plain


def begin(header: bytes, key: bytes) -> State:
    state = State()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    return state


def pull(state: State, chunk: bytes) -> tuple[bytes, int]:
    try:
        return bindings.crypto_secretstream_xchacha20poly1305_pull(state, chunk, None)
    except (RuntimeError, ValueError):
        raise Damaged("the content does not open: changed, cut off, or another file's") from None


def open_chunk(header: bytes, key: bytes, number: int, macs: list[bytes], chunk: bytes, *, last: bool) -> bytes:
    """Chunk `number` alone, given the first 8 bytes of the MAC of every chunk before it."""
    state = begin(header, key)
    nonce = int.from_bytes(header[16:24], "big")
    for mac in macs[:number]:
        nonce ^= int.from_bytes(mac[:8], "big")
    held = cast(bytearray, state.statebuf)  # 32 bytes of key, 4 of counter, 8 of nonce, 8 of padding
    held[32:44] = (number + 1).to_bytes(4, "little") + nonce.to_bytes(8, "big")
    plain, tag = pull(state, chunk)
    if tag != (FINAL if last else MESSAGE):
        raise Damaged("the content ends where it should not, or goes on")
    return plain


def chunk_span(number: int, sealed: int) -> tuple[int, int]:
    """First and last byte of a chunk's ciphertext."""
    first = number * SEALED_CHUNK
    return first, min(first + SEALED_CHUNK, sealed) - 1
