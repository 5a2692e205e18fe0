"""The error tree: what a service raises, what the client gets, what the log says.

Three bodies exist on the wire (accounts.md §1.6): `{}` for a plain refusal, `{"code","message"}` for one with a code, and
`{"error": text}` for one made before the handler (token, app, rate limit). All are JSON objects: mobile reads `data["code"]` unasked.
"""

from __future__ import annotations

import msgspec


class AppError(Exception):
    """A refusal. `status` HTTP status; `code` wire code or None; `message` for the person; `log` for the log (never secrets)."""

    status = 500
    code: str | None = None

    def __init__(self, message: str = "", *, code: str | None = None, log: str = "", status: int | None = None) -> None:
        super().__init__(log or message or self.__class__.__name__)
        self.message = message
        self.log = log or message or self.__class__.__name__
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status

    def body(self) -> bytes:
        """The JSON body of this refusal."""
        if self.code is None:
            return b"{}"
        return msgspec.json.encode({"code": self.code, "message": self.message})


class BadRequest(AppError):
    """400 `{}`: the body or a parameter does not fit."""

    status = 400


class CodedBadRequest(AppError):
    """400 `BAD_REQUEST` with a text for the person."""

    status = 400
    code = "BAD_REQUEST"


class Unauthorized(AppError):
    """401 `{}`: wrong code, password or proof."""

    status = 401


class PaymentRequired(AppError):
    """402: no active subscription (an operator has ended this account's plan)."""

    status = 402


class Forbidden(AppError):
    """403 `{}`."""

    status = 403


class NotFound(AppError):
    """404 `{}`; with `code="NOT_FOUND"` where the protocol has a code."""

    status = 404


class Conflict(AppError):
    """409."""

    status = 409


class Gone(AppError):
    """410: expired, used up, deleted."""

    status = 410


class TooLarge(AppError):
    """413: a file above 10 GiB or a batch above its limit."""

    status = 413


class StorageFull(AppError):
    """426: the quota would be passed (files.md §18 S2)."""

    status = 426


class OutdatedApp(AppError):
    """426 without a body: the app is older than what it asks for."""

    status = 426

    def body(self) -> bytes:
        return b""


class TooMany(AppError):
    """429 `{}`: too many bad tries (the rate limiter's own refusal is `Gate`)."""

    status = 429


class Unavailable(AppError):
    """503: the database or the object store is away; the request may be repeated."""

    status = 503


class NoSpace(AppError):
    """507: the server's disk is full; nothing was stored."""

    status = 507


class Gate(AppError):
    """A refusal before the handler: `{"error": text}` and no code (accounts.md §1.6)."""

    status = 401

    def body(self) -> bytes:
        return msgspec.json.encode({"error": self.message})
