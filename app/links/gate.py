"""From a link's token to a `Visitor`, or the refusals of collections.md §7.1 and §7.2. Nothing is cached: revoked means now.

A guard asks the database once. Devices are counted in `devices`, on the two routes that count them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from ..db import Tx
from ..errors import Gate
from ..http.call import Call
from ..kernel import Kernel
from ..remote_store import service as remote_store
from . import password, queries
from .queries import Link

log = logging.getLogger("darkroom.links")


class NoToken(Gate):
    """401 of somebody without a token."""

    def body(self) -> bytes:
        return b'{"error":"missing accessToken","context":"album_link"}'


class NoProof(Gate):
    """401 of somebody who has not shown to know the password: clients ask for it."""

    def body(self) -> bytes:
        return b'{"error":{}}'


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who holds an album's link."""

    link: Link
    token: str = field(repr=False)

    @property
    def collection_id(self) -> int:
        return self.link.collection_id


def access_token(call: Call) -> str:
    """The link's token of a request: header, else query (§0.2); "" without one."""
    return call.header(b"x-auth-access-token") or call.query.get("accessToken", "")


def access_proof(call: Call) -> str:
    """The password proof of a request, "" without one."""
    return call.header(b"x-auth-access-token-jwt") or call.query.get("accessTokenJWT", "")


def token_hash(kernel: Kernel, token: str) -> str:
    """The form in which a token is looked up."""
    return kernel.crypto.hash(f"link:{token}")


def expired(link: Link, now: int) -> bool:
    return link.valid_till != 0 and link.valid_till < now


async def at_the_door(call: Call) -> Visitor:
    """A visitor of whom no password is asked yet."""
    token = access_token(call)
    if not token:
        raise NoToken
    link = await call.kernel.db.read(queries.by_token, token_hash(call.kernel, token))
    if link is None:
        raise Gate("invalid token")
    if link.is_over:
        raise Gate("disabled token", status=410)
    if not await _welcome(call.kernel, link, origin := call.header(b"origin")):
        _tell(origin)
        raise Gate("no active subscription", status=410)
    if expired(link, call.kernel.clock.now()):
        raise Gate("expired token", status=410)
    return Visitor(link, token)


async def visitor(call: Call) -> Visitor:
    """A visitor who knows the password, where there is one."""
    found = await at_the_door(call)
    if not password.holds(call.kernel, found.link, access_proof(call)):
        raise NoProof
    return found


async def _welcome(kernel: Kernel, link: Link, origin: str) -> bool:
    """Whether a browser page of this origin may show the link: our web apps, one under development, the owner's own domain."""
    apps = kernel.config.apps
    if origin in ("", apps.albums, apps.embed, apps.share) or origin.startswith("http://localhost:"):
        return True
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        return False
    return host is not None and await kernel.db.read(_own_domain, link.owner_id, host)


@lru_cache(maxsize=64)  # once for each page, not at every visit; bounded, because visitors write the header
def _tell(origin: str) -> None:
    """The visitor reads that the link is over; only the log can say what is the matter."""
    log.warning("the page at %.200r may not show links: set apps.albums to its address if it is your albums app", origin)


def _own_domain(tx: Tx, owner_id: int, host: str) -> bool:
    return remote_store.serves(tx, owner_id, host)
