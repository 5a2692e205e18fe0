"""From an album link's token to a `Visitor`, or the refusals of collections.md §7.1 and §7.2. Nothing is cached: revoked means now.

A guard asks the database once. Devices are counted in `devices`, on the two routes that count them.
"""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from ..collections import service as collections
from ..collections.service import Link
from ..db import Tx
from ..http.auth import guard
from ..http.request import Request
from ..kernel import link_secrets
from ..kernel.errors import Gate
from ..kernel.parts import Kernel
from ..remote_store import service as remote_store
from .credentials import NoProof, NoToken, access_proof, access_token

log = logging.getLogger("darkroom.visits")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who holds an album's link."""

    link: Link
    token: str = field(repr=False)

    @property
    def collection_id(self) -> int:
        return self.link.collection_id

    @property
    def owner_id(self) -> int:
        """On whose account is what visitors leave behind."""
        return self.link.owner_id


@guard("X-Auth-Access-Token", 410)
async def at_the_door(request: Request) -> Visitor:
    """A visitor of whom no password is asked yet."""
    return await find_visitor(request)


async def find_visitor(request: Request) -> Visitor:
    """What the guard `at_the_door` does."""
    token = access_token(request)
    if not token:
        raise NoToken("album_link")
    link = await request.kernel.db.read(collections.link_of, link_secrets.token_hash(request.kernel, token))
    if link is None:
        raise Gate("invalid token")
    if link.is_over:
        raise Gate("disabled token", status=410)
    if not await _welcome(request.kernel, link, origin := request.header(b"origin")):
        _tell(origin)
        raise Gate("no active subscription", status=410)
    if link.expired(request.kernel.clock.now()):
        raise Gate("expired token", status=410)
    return Visitor(link, token)


@guard("X-Auth-Access-Token", 410)
async def visitor(request: Request) -> Visitor:
    """A visitor who knows the password, where there is one."""
    found = await find_visitor(request)
    if not link_secrets.holds(request.kernel, found.link, access_proof(request)):
        raise NoProof
    return found


async def _welcome(kernel: Kernel, link: Link, origin: str) -> bool:
    """Whether a browser page of this origin may show the link: our web apps, one under development, the owner's own domain."""
    if origin == "" or origin in (kernel.config.app_url(app) for app in ("albums", "embed", "share")):
        return True
    try:
        page = urlsplit(origin)
        host = page.hostname
    except ValueError:
        return False
    if host is None or page.scheme not in ("http", "https"):
        return False
    return _is_this_machine(host) or await kernel.db.read(_own_domain, link.owner_id, host)


def _is_this_machine(host: str) -> bool:
    """Whether a page was served by the visitor's own machine: an app under development."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=64)  # once for each page, not at every visit; bounded, because visitors write the header
def _tell(origin: str) -> None:
    """The visitor reads that the link is over; only the log can say what is the matter."""
    log.warning("the page at %.200r may not show links: set apps.albums to its address if it is your albums app", origin)


def _own_domain(tx: Tx, owner_id: int, host: str) -> bool:
    return remote_store.serves(tx, owner_id, host)
