"""What goes wrong, with the status and the sentence that a tool gets. How it is written down is the face's."""

from __future__ import annotations

import errno
import sqlite3
from http import HTTPStatus

from litestar.exceptions import HTTPException

from ..client import errors


class Problem(Exception):
    """`message` is for people and tools, and never holds a secret. `code`: a face's own word for it, where it has one. `headers` go with the
    answer."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers: dict[str, str] = {}

    @property
    def phrase(self) -> str:
        """ "Not Found"."""
        return HTTPStatus(self.status).phrase


NO_ACCOUNT = "The server has ended this bridge's session: link the account again"


def problem_of(error: BaseException) -> Problem | None:
    """The problem behind an exception; None: a fault of the bridge itself."""
    match error:
        case Problem():
            return error
        case errors.ReadOnly():
            return Problem(403, "This account is linked for reading only: nothing can be changed")
        case errors.LoggedOut():
            return Problem(503, NO_ACCOUNT)
        case errors.StorageFull():
            return Problem(507, "The account's storage is full")
        case errors.Unreachable():
            return Problem(503, "The server with the photos cannot be reached; try again later")
        case errors.Damaged():
            return Problem(502, "The server gave bytes that are not what they should be")
        case errors.Refused(status=429):
            return Problem(503, "The server with the photos asks for patience; try again later")
        case errors.Refused():
            return Problem(502, f"The server with the photos refused: {error.status} {error.code}".rstrip())
        case errors.ClientError():
            return Problem(400, str(error))
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Problem(507, "The bridge's disk is full")
        case sqlite3.OperationalError() if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            return Problem(507, "The bridge's disk is full")
        case RecursionError():
            return Problem(400, "The body is nested too deeply")
        case HTTPException():
            return Problem(error.status_code, _detail(error))
    return None


def _detail(error: HTTPException) -> str:
    """Names of parameters that do not fit; never their values."""
    if isinstance(error.extra, list) and error.extra:
        return "; ".join(f"{item.get('key', 'body')}: {item.get('message', '')}" for item in error.extra if isinstance(item, dict))
    return error.detail or HTTPStatus(error.status_code).phrase
