"""The device limit of links (collections.md §7.3): who is let in, and the token by which a browser is known again when its address changes.

A device is an address and a browser's name. They are counted and recorded under the link's lock: two at once never both take the last place.
"""

from __future__ import annotations

from typing import Any

from ..db import Tx
from ..kernel.clock import DAY
from ..kernel.crypto import same
from ..kernel.errors import Forbidden, Gate
from ..kernel.parts import Kernel
from . import queries
from .gate import Visitor

LIFETIME = 365 * DAY
RENEWAL = 30 * DAY
RECORDED = 500  # devices remembered of a link without a limit, which costs a row each
AGENT = 512  # characters of a browser's name that count
_LIMITS = {50: 500}  # the greatest number that can be chosen means more


async def admit(kernel: Kernel, visitor: Visitor, ip: str, agent: str, shown: str) -> str | None:
    """Let a device in: a fresh device token, or None where the one it has `shown` is good for long. 403 when the places are taken."""
    now = kernel.clock.now()
    expiry = _expiry(kernel, visitor, shown)
    if expiry > now:
        return None if expiry - now >= RENEWAL else _issue(kernel, visitor, now)
    agent = agent[:AGENT]
    link_id = visitor.link.link_id
    known = await kernel.db.read(queries.knows, link_id, ip, agent)
    if not known and not await kernel.db.write("links.admit", _admit, link_id, ip, agent, now):
        raise Forbidden("device limit exceeded", code="LINK_DEVICE_LIMIT_EXCEEDED")
    return _issue(kernel, visitor, now)


def _admit(tx: Tx, link_id: int, ip: str, agent: str, now: int) -> bool:
    stored = queries.locked_limit(tx, link_id)
    if stored is None:
        raise Gate("disabled token", status=410)
    if queries.knows(tx, link_id, ip, agent):
        return True
    limit = _LIMITS.get(stored, stored)
    count = queries.device_count(tx, link_id)
    if limit and count >= limit:
        return False
    if limit or count < RECORDED:
        queries.add_device(tx, link_id, ip, agent, now)
    return True


def _issue(kernel: Kernel, visitor: Visitor, now: int) -> str:
    """Times in µs, also where a JWT library would expect seconds."""
    expiry = now + LIFETIME
    if visitor.link.valid_till:
        expiry = min(expiry, visitor.link.valid_till)
    return kernel.crypto.jwt({**_bound(kernel, visitor), "iat": now, "exp": expiry})


def _bound(kernel: Kernel, visitor: Visitor) -> dict[str, Any]:
    """The claims by which a token is for this link only."""
    bound = kernel.crypto.hash(f"link-device:{visitor.token}").translate({43: "-", 47: "_", 61: None})  # URL-safe, unpadded
    return {
        "typ": "link-device",
        "scope": "collection",
        "linkID": str(visitor.link.link_id),
        "ath": bound,
        "iss": "museum",
        "aud": "public-link-device",
    }


def _expiry(kernel: Kernel, visitor: Visitor, shown: str) -> int:
    """Until when (µs) a device token lets in to this link; 0 when it never did."""
    claims = kernel.crypto.signed_claims(shown) if shown else None
    if claims is None:
        return 0
    expiry = claims.get("exp")
    bound = all(same(str(claims.get(name)), value) for name, value in _bound(kernel, visitor).items())
    return expiry if bound and isinstance(expiry, int) else 0
