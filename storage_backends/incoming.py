"""Takes a body in: gathers small chunks into blocks worth a thread hop and enforces its length. Hashes nothing, writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

from storage_backends.errors import LongBody, ShortBody

BLOCK = 1 << 20
"""Bytes gathered before a thread is worth its hop."""


class IncomingBody:
    """One body. `block` until `ended`; `size` counts what came."""

    def __init__(self, body: AsyncIterator[bytes], *, length: int | None, max_length: int | None) -> None:
        """`length` is what was promised, `max_length` what is allowed. Raises `LongBody` when the promise is already too much."""
        if length is not None and max_length is not None and length > max_length:
            raise LongBody(f"{length} bytes promised, {max_length} allowed")
        self._body = body
        self._length = length
        self._limit = max_length if length is None else length
        self.size = 0
        self.ended = False

    async def block(self) -> bytes:
        """More than 1 MiB, or all that is left and `ended` is set: a body of ≤ 1 MiB is one block.

        Raises `LongBody` at the first byte too many, `ShortBody` at an end that came too early, and what the body raises.
        """
        chunks: list[bytes] = []
        held = 0
        while held <= BLOCK:
            try:
                chunk = await anext(self._body)
            except StopAsyncIteration:
                self._end()
                break
            held += len(chunk)
            self.size += len(chunk)
            if self._limit is not None and self.size > self._limit:
                raise LongBody(f"more than {self._limit} bytes arrived")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _end(self) -> None:
        self.ended = True
        if self._length is not None and self.size < self._length:
            raise ShortBody(f"{self.size} of {self._length} bytes arrived")
