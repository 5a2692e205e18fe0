"""What can go wrong between a client and a server, for whoever shows it to a person or to a tool."""

from __future__ import annotations


class ClientError(Exception):
    """Any of these; `str()` is one line for people."""


class Unreachable(ClientError):
    """No answer, or one that was cut off."""


class Refused(ClientError):
    """The server said no. `code` is the protocol's word for it, or empty."""

    def __init__(self, what: str, status: int, code: str = "", message: str = "") -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(f"{what}: the server answered {status} {code or message}".rstrip())


class LoggedOut(Refused):
    """401: the session has ended; the account must be linked again."""


class NotThere(Refused):
    """404."""


class Conflict(Refused):
    """409: somebody wrote in between."""


class StorageFull(Refused):
    """402 or 426: nothing more may be stored."""


class ReadOnly(ClientError):
    """The account was linked for reading; nothing was sent."""


class WrongPassword(ClientError):
    """The password does not open the account's keys."""


class Damaged(ClientError):
    """Bytes that are not what their key says: cut, changed, or sealed by somebody else."""
