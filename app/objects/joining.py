"""POST /files/multipart-complete: what a client completes that cannot POST XML to the URL it was given. The product's own route.

The URL itself still proves what may be completed: ours by its signature, a store's by its upload id and a key that was issued to the actor.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

from ..kernel.access import Session
from ..kernel.clock import SECOND
from ..kernel.errors import CodedBadRequest, Forbidden, NotFound
from ..kernel.parts import Kernel
from . import receiving, urls
from .refusals import refusing
from .urls import Ticket
from .wire import Complete, Completed


async def complete(kernel: Kernel, actor: Session, ask: Complete) -> Completed:
    """400 for parts that are missing, unsorted or wrong, and for no URL of ours; 403 for another account's; 404 for a dead upload."""
    ticket = _ticket(kernel, actor, ask.complete_url)
    parts = [(p.part_number, p.e_tag.strip('"')) for p in ask.parts]
    if any(a >= b for (a, _), (b, _) in pairwise(parts)) or not all(1 <= n <= 10_000 and tag for n, tag in parts):
        raise CodedBadRequest("parts should ascend from 1, each with its ETag")
    with refusing():
        stored = await receiving.join(kernel, ticket, parts)
    return Completed(object_key=ticket.key, e_tag=stored.etag, size=stored.size)


def _ticket(kernel: Kernel, actor: Session, url: str) -> Ticket:
    parsed = urlsplit(url)
    direct = parse_qs(parsed.query).get("uploadId")
    try:
        if direct is not None:
            ticket = _of_store(kernel, actor, url, direct[0])
        else:
            ticket = urls.read(kernel.crypto, "POST", parsed.path.rpartition(urls.PREFIX)[2], parsed.query)
    except (urls.BadPath, urls.BadSignature) as e:
        raise CodedBadRequest("completeURL is none that was issued here", log=f"complete: {e}") from None
    if ticket.owner_id != actor.user_id:
        raise Forbidden(log=f"user {actor.user_id} completes {ticket.key}")
    if kernel.clock.now() >= ticket.expires * SECOND:
        raise NotFound(log=f"completion of {ticket.key} has expired")
    return ticket


def _of_store(kernel: Kernel, actor: Session, url: str, upload_id: str) -> Ticket:
    """The ticket in a URL that a store's presigner made: its key was issued to this actor, and only the store knows the upload's id."""
    key = "/".join(unquote(urlsplit(url).path).rsplit("/", 2)[-2:])
    if not kernel.crypto.minted(actor.user_id, key):
        raise urls.BadPath(key[:200])
    now = datetime.fromtimestamp(kernel.clock.now() / SECOND, UTC)
    for store in kernel.direct:
        if store.presigner and _place(store.presigner.complete(key, upload_id, now=now, expires=1)) == _place(url):
            return Ticket("complete", key, kernel.clock.now() // SECOND + 1, upload_id=upload_id, store=store.name)
    raise urls.BadPath(key[:200])


def _place(url: str) -> tuple[str, str, str]:
    """What tells the URLs of two stores apart."""
    parsed = urlsplit(url)
    return parsed.scheme, parsed.netloc, parsed.path
