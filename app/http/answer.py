"""What a route answers: a small body, a place to go, or bytes from a store. How it is sent is the server's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from storage_backends.contract import Reader

from ..kernel import wire

Headers = list[tuple[bytes, bytes]]
JSON = b"application/json; charset=utf-8"


class Answer:
    """A response: body bytes, status, content type (none for an empty body), further headers."""

    __slots__ = ("body", "headers", "media", "status")

    def __init__(self, body: bytes = b"", status: int = 200, *, media: bytes = JSON, headers: Headers | None = None) -> None:
        self.body = body
        self.status = status
        self.media = media
        self.headers = headers or []


class Redirect(Answer):
    """307 to the place of the bytes (files.md §5)."""

    __slots__ = ()

    def __init__(self, url: str) -> None:
        super().__init__(status=307, headers=[(b"location", url.encode())])


class Stored(Answer):
    """`length` bytes that a store holds: a whole file by its path, or pieces as they are read. The pieces are closed whatever happens."""

    __slots__ = ("length", "path", "pieces")

    def __init__(self, status: int, headers: Headers, length: int, *, path: Path | None = None, pieces: Reader | None = None) -> None:
        super().__init__(status=status, media=b"application/octet-stream", headers=headers)
        self.length = length
        self.path = path
        self.pieces = pieces


EMPTY = Answer()
"""200 with no body and no content type: how the protocol says "done" (accounts.md §0)."""

OBJECT = Answer(b"{}")
"""200 `{}`: how some routes of the protocol say it."""


def reply(value: Any, status: int = 200) -> Answer:
    """A JSON answer from a reply struct, dict or list."""
    return Answer(wire.encode(value), status)
