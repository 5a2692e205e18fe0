"""gzip of answers by ISA-L: level 1 of it costs a tenth of zlib's time on a diff page and compresses nearly as well."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache

from isal import igzip

from ..kernel.kept import Repeated

FLOOR = 1024  # bytes; below it the header costs more than it saves
_ZERO = re.compile(r"q\s*=\s*0(\.0*)?")
IN_LOOP = 64 << 10  # bytes compressed on the event loop; above it in a thread


def wanted(accept_encoding: bytes, size: int) -> bool:
    """Whether an answer of `size` bytes goes out packed to a client that says so in its Accept-Encoding."""
    return size >= FLOOR and b"gzip" in accept_encoding and (b";" not in accept_encoding or _accepted(accept_encoding))


@lru_cache(maxsize=64)
def _accepted(accept_encoding: bytes) -> bool:
    """Whether gzip is among the codings and not with the weight zero, which means "anything but this" (RFC 9110 §12.5.3)."""
    for coding in accept_encoding.decode("latin-1").lower().split(","):
        name, *parameters = (text.strip() for text in coding.split(";"))
        if name == "gzip":
            return not any(_ZERO.fullmatch(text) for text in parameters)
    return False


async def gzip(data: bytes) -> bytes:
    """The packed form; of a body that is sent again and again it is made once."""
    if isinstance(data, Repeated):
        if data.packed is None:
            data.packed = await asyncio.to_thread(igzip.compress, data, 1)
        return data.packed
    if len(data) <= IN_LOOP:
        return bytes(igzip.compress(data, compresslevel=1))
    return await asyncio.to_thread(igzip.compress, data, 1)
