"""gzip of answers by ISA-L: level 1 of it costs a tenth of zlib's time on a diff page and compresses nearly as well."""

from __future__ import annotations

import asyncio

from isal import igzip

FLOOR = 1024  # bytes; below it the header costs more than it saves
IN_LOOP = 64 << 10  # bytes compressed on the event loop; above it in a thread


def wanted(accept_encoding: bytes, size: int) -> bool:
    return size >= FLOOR and b"gzip" in accept_encoding


async def gzip(data: bytes) -> bytes:
    if len(data) <= IN_LOOP:
        return bytes(igzip.compress(data, compresslevel=1))
    return await asyncio.to_thread(igzip.compress, data, 1)
