"""The byte plane: PUT, multipart, GET and HEAD of objects on our own origin, by signed URL alone (files.md §2).

Raw ASGI in front of Litestar: no session, no database to read or write bytes, one transaction to finish an upload. Whoever holds a
URL may do what it says and nothing else; tokens that clients send along are ignored. Logs name keys, never queries or headers.
"""

from __future__ import annotations

import logging

import storage_backends as store_errors
from storage_backends import StoreError

from ..clock import SECOND
from ..errors import AppError
from ..http.front import Receive, Scope, Send
from ..kernel import Kernel
from . import intake, outlet, urls
from .ledger import KeyInUse
from .request import Refusal, Request
from .urls import Ticket

log = logging.getLogger("darkroom.objects")

_ALLOW = (b"allow", b"GET, HEAD, PUT, POST, OPTIONS")
_STORE: dict[type[StoreError], tuple[int, str, str]] = {
    store_errors.BadDigest: (400, "BadDigest", "The Content-MD5 you specified did not match what we received."),
    store_errors.ShortBody: (400, "IncompleteBody", "The body ended before its announced length."),
    store_errors.LongBody: (400, "EntityTooLarge", "The body is longer than allowed."),
    store_errors.InvalidPart: (400, "InvalidPart", "One or more of the specified parts could not be found or did not match."),
    store_errors.BadLength: (400, "InvalidPart", "The parts do not add up to the promised length."),
    store_errors.NoSuchUpload: (404, "NoSuchUpload", "The specified multipart upload does not exist."),
    store_errors.NotFound: (404, "NoSuchKey", "The specified key does not exist."),
    store_errors.BadKey: (404, "NoSuchKey", "The specified key does not exist."),
    store_errors.NoSpace: (507, "StorageFull", "The server's storage is full."),
}


class BytePlane:
    """Answers every request below PREFIX. One instance per application."""

    PREFIX = urls.PREFIX

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send, self.kernel.clock)
        try:
            await self._serve(request)
        except Exception as e:
            refusal = _refusal(e)
            if refusal.status >= 500:
                log.error("%s %s %d: %s", request.method, request.path, refusal.status, refusal.log, exc_info=_unexpected(e))
            if request.started:
                raise  # too late for an answer: the server must break the connection off, or a cut body would look whole
            await request.refuse(refusal)

    async def _serve(self, request: Request) -> None:
        if request.method not in ("GET", "HEAD", "PUT", "POST"):
            raise Refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.", [_ALLOW])
        ticket = self._ticket(request)
        if ticket.purpose == "get":
            await outlet.send(self.kernel, ticket, request)
        elif ticket.purpose == "complete":
            await intake.complete(self.kernel, ticket, request)
        else:
            await intake.put(self.kernel, ticket, request)

    def _ticket(self, request: Request) -> Ticket:
        """The verified, unexpired URL. A dead multipart upload is 404: mobile lets go of it only then (files.md §18 S32)."""
        if b"%" in request.raw_path:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        try:
            ticket = urls.read(self.kernel.crypto, request.method, request.path, request.query)
        except urls.BadPath:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.") from None
        except urls.BadSignature:
            raise Refusal(403, "SignatureDoesNotMatch", "The URL was not issued for this request.") from None
        if self.kernel.clock.now() >= ticket.expires * SECOND:
            if ticket.purpose in ("part", "complete"):
                raise Refusal(404, "NoSuchUpload", "The specified multipart upload does not exist.")
            raise Refusal(403, "AccessDenied", "Request has expired.")
        return ticket


def _unexpected(e: Exception) -> Exception | None:
    return None if isinstance(e, (Refusal, StoreError, AppError)) else e


def _refusal(e: Exception) -> Refusal:
    """What the client is told of a failure."""
    if isinstance(e, Refusal):
        return e
    if isinstance(e, KeyInUse):
        return Refusal(409, "OperationAborted", "The object is in use and cannot be written again.", log=e.log)
    if isinstance(e, AppError):
        code = "StorageFull" if e.status == 507 else "ServiceUnavailable" if e.status == 503 else "InternalError"
        return Refusal(e.status, code, "The request could not be completed.", log=e.log)
    if isinstance(e, StoreError):
        known = _STORE.get(type(e), (503, "ServiceUnavailable", "The object store cannot be reached. Please try again."))
        return Refusal(*known, log=e.log)
    return Refusal(500, "InternalError", "We encountered an internal error. Please try again.", log=type(e).__name__)
