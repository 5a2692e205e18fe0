"""The devices that opened an album's link, counted against its limit (collections.md §7.3). Takes a `tx` everywhere."""

from __future__ import annotations

from ..db import Tx
from ..kernel.errors import Gate
from . import link_queries

RECORDED = 500  # devices remembered of a link without a limit, which costs a row each
_LIMITS = {50: 500}  # the greatest number that can be chosen means more


def knows(tx: Tx, link_id: int, address: str, agent: str) -> bool:
    """Whether this device was let in before."""
    return link_queries.knows(tx, link_id, address, agent)


def admit(tx: Tx, link_id: int, address: str, agent: str, now: int) -> bool:
    """Let a device in and remember it; False when the places are taken. Gate 410 for a link that ended meanwhile."""
    stored = link_queries.locked_limit(tx, link_id)
    if stored is None:
        raise Gate("disabled token", status=410)
    if knows(tx, link_id, address, agent):
        return True
    limit = _LIMITS.get(stored, stored)
    count = link_queries.device_count(tx, link_id)
    if limit and count >= limit:
        return False
    if limit or count < RECORDED:
        link_queries.add_device(tx, link_id, address, agent, now)
    return True
