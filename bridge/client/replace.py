"""Another content and thumbnail for a file that is there: `PUT /files/update` (client.md §6.3). Key, albums and magic metadata stay as they are."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable

from . import crypto
from .connection import Connection, Row
from .crypto import b64
from .errors import Unreachable
from .shapes import File
from .stream import PART, sealed_size

MOST = PART - 1024 * 1024
"""Bytes of a content that is replaced this way: it is held in memory and put in one piece."""


async def replace(connection: Connection, file: File, content: bytes, thumbnail: bytes, metadata: Row) -> None:
    """All three at once or nothing: until the last request the file is what it was. `metadata` in the clear, the whole of it.

    Both objects are put anew, because the server refuses an update that keeps one of them. Raises `ValueError` above `MOST` bytes.
    """
    if len(content) > MOST:
        raise ValueError("a content for an upload in parts")
    connection.may_write()
    sealed, header = crypto.encrypt_stream(content, file.key)
    assert len(sealed) == sealed_size(len(content))
    thumb, thumb_header = crypto.encrypt_blob(thumbnail, file.key)
    text, text_header = crypto.encrypt_blob(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode(), file.key)
    body: Row = {"id": file.id, "metadata": {"encryptedData": b64(text), "decryptionHeader": b64(text_header)}}
    for name, cipher, begin in (("file", sealed, header), ("thumbnail", thumb, thumb_header)):
        body[name] = {"objectKey": await _put(connection, cipher), "decryptionHeader": b64(begin), "size": len(cipher)}
    try:
        await connection.put("/files/update", body)
    except Unreachable:  # the answer may be what was lost: with the same keys it is taken for the same request
        await connection.put("/files/update", body)


async def _put(connection: Connection, cipher: bytes) -> str:
    md5 = crypto.md5_b64(cipher)
    ask = {"contentLength": len(cipher), "contentMD5": md5}
    answer = await connection.call("POST", "/files/upload-url", ask, ts=int(time.time() * 1000))
    await connection.put_object(answer["url"], len(cipher), _once(cipher), md5)
    return str(answer["objectKey"])


def _once(data: bytes) -> Callable[[], AsyncIterator[bytes]]:
    async def pieces() -> AsyncIterator[bytes]:
        yield data

    return pieces
