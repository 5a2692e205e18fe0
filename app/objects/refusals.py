"""How requests for bytes are refused: S3's error bodies, because that is what clients were written against (files.md §2.2)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from xml.sax.saxutils import escape

import storage_backends as stores
from storage_backends import StoreError

from ..http.answer import Answer, Headers
from ..http.body import ClientGone, TooSlow
from ..kernel.errors import AppError, TooLarge
from .recording import KeyInUse

XML = b"application/xml"
DRAINED = 128 << 20
"""Bytes of an unwanted body that are read and dropped, so that a client which sends before it listens still gets its answer: mobile
restarts a dead upload only when it reads the 404. Above the largest part any client sends (96 MiB); what is longer is cut off."""
_STORE: dict[type[StoreError], tuple[int, str, str]] = {
    stores.BadDigest: (400, "BadDigest", "The Content-MD5 you specified did not match what we received."),
    stores.ShortBody: (400, "IncompleteBody", "The body ended before its announced length."),
    stores.LongBody: (400, "EntityTooLarge", "The body is longer than allowed."),
    stores.InvalidPart: (400, "InvalidPart", "One or more of the specified parts could not be found or did not match."),
    stores.BadLength: (400, "InvalidPart", "The parts do not add up to the promised length."),
    stores.NoSuchUpload: (404, "NoSuchUpload", "The specified multipart upload does not exist."),
    stores.NotFound: (404, "NoSuchKey", "The specified key does not exist."),
    stores.BadKey: (404, "NoSuchKey", "The specified key does not exist."),
    stores.NoSpace: (507, "StorageFull", "The server's storage is full."),
}
_OTHERS: dict[type[AppError], tuple[str, str]] = {
    ClientGone: ("IncompleteBody", "The body ended before its announced length."),
    TooSlow: ("RequestTimeout", "The body was sent too slowly."),
    TooLarge: ("EntityTooLarge", "The body is longer than allowed."),
    KeyInUse: ("OperationAborted", "The object is in use and cannot be written again."),
}
_BY_STATUS = {429: "SlowDown", 503: "ServiceUnavailable", 507: "StorageFull", 500: "InternalError"}


class Refusal(AppError):
    """An answer other than success: HTTP status, S3's code, a text for the person."""

    def __init__(self, status: int, code: str, message: str, headers: Headers | None = None, *, log: str = "") -> None:
        super().__init__(message, code=code, status=status, log=log or message)
        self.headers = headers or []


def no_such_key() -> Refusal:
    return Refusal(404, "NoSuchKey", "The specified key does not exist.")


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """What a store raises inside becomes a `Refusal`."""
    try:
        yield
    except StoreError as e:
        known = _STORE.get(type(e), (503, "ServiceUnavailable", "The object store cannot be reached. Please try again."))
        raise Refusal(*known, log=e.log) from e


def as_xml(error: AppError) -> Answer:
    """A refusal in S3's form."""
    if isinstance(error, Refusal):
        code, message, headers = error.code or "", error.message, error.headers
    else:
        code, message = _OTHERS.get(type(error), (_BY_STATUS.get(error.status, "InvalidRequest"), "The request could not be completed."))
        headers = []
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>'
    status = 400 if isinstance(error, TooLarge) else error.status
    return Answer(body.encode(), status, media=XML, headers=headers)
