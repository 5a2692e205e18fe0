"""The guard of the byte routes: a signed URL, and nothing else, lets in (files.md §2). No session, no database; tokens that clients send
along are ignored. Whoever holds a URL may do what it says."""

from __future__ import annotations

from ..http.auth import guard
from ..http.request import Request
from ..kernel.clock import SECOND
from . import urls
from .refusals import Refusal, no_such_key
from .urls import Ticket


@guard("signed URL")
async def signed_url(request: Request) -> Ticket:
    """The verified, unexpired URL. A dead multipart upload is 404: mobile lets go of it only then (files.md §18 S32)."""
    if b"%" in (request.scope.get("raw_path") or b"") or request.path.endswith("/"):
        raise no_such_key()
    try:
        ticket = urls.read(request.kernel.crypto, request.method, request.params["key"], request.query_string.decode("latin-1"))
    except urls.BadPath:
        raise no_such_key() from None
    except urls.BadSignature:
        raise Refusal(403, "SignatureDoesNotMatch", "The URL was not issued for this request.") from None
    if request.kernel.clock.now() >= ticket.expires * SECOND:
        if ticket.purpose in ("part", "complete"):
            raise Refusal(404, "NoSuchUpload", "The specified multipart upload does not exist.")
        raise Refusal(403, "AccessDenied", "Request has expired.")
    return ticket
