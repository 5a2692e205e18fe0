"""The device limit of links (collections.md §7.3): who is let in, and the token by which a browser is known again when its address changes.

A device is an address and a browser's name. What is recorded of it belongs to the link (`Doorkeeper`); the tokens are here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..db import Tx
from ..kernel.clock import DAY
from ..kernel.crypto import same
from ..kernel.errors import Forbidden
from ..kernel.parts import Kernel
from .credentials import Device

LIFETIME = 365 * DAY
RENEWAL = 30 * DAY
AGENT = 512  # characters of a browser's name that count
Knows = Callable[[Tx, Any, str, str], bool]
Admits = Callable[[Tx, Any, str, str, int], bool]


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """The link at whose door a device stands. `scope` and `link_id` as its device tokens name them; `valid_till` in µs, 0 for ever.

    `knows(tx, link id, address, agent)`: whether the device was here. `admits(tx, link id, address, agent, now)`: let it in and remember
    it, unless the places are taken: counted and recorded under the link's lock, so that two at once never both take the last place.
    """

    scope: str  # collection, file
    link_id: int | str
    token: str = field(repr=False)
    valid_till: int
    knows: Knows
    admits: Admits


async def admit(kernel: Kernel, door: Doorkeeper, device: Device) -> str | None:
    """Let a device in: a fresh device token, or None where the one it has is good for long. 403 when the places are taken."""
    now = kernel.clock.now()
    expiry = _expiry(kernel, door, device.token)
    if expiry > now:
        return None if expiry - now >= RENEWAL else _issue(kernel, door, now)
    who = (door.link_id, device.address, device.agent[:AGENT])
    if not await kernel.db.read(door.knows, *who) and not await kernel.db.write("visits.admit", door.admits, *who, now):
        raise Forbidden("device limit exceeded", code="LINK_DEVICE_LIMIT_EXCEEDED")
    return _issue(kernel, door, now)


def _issue(kernel: Kernel, door: Doorkeeper, now: int) -> str:
    """Times in µs, also where a JWT library would expect seconds."""
    expiry = now + LIFETIME
    if door.valid_till:
        expiry = min(expiry, door.valid_till)
    return kernel.crypto.jwt({**_bound(kernel, door), "iat": now, "exp": expiry})


def _bound(kernel: Kernel, door: Doorkeeper) -> dict[str, Any]:
    """The claims by which a token is for this link only."""
    bound = kernel.crypto.hash(f"link-device:{door.token}").translate({43: "-", 47: "_", 61: None})  # URL-safe, unpadded
    return {
        "typ": "link-device",
        "scope": door.scope,
        "linkID": str(door.link_id),
        "ath": bound,
        "iss": "museum",
        "aud": "public-link-device",
    }


def _expiry(kernel: Kernel, door: Doorkeeper, shown: str) -> int:
    """Until when (µs) a device token lets in to this link; 0 when it never did."""
    claims = kernel.crypto.signed_claims(shown) if shown else None
    if claims is None:
        return 0
    expiry = claims.get("exp")
    bound = all(same(str(claims.get(name)), value) for name, value in _bound(kernel, door).items())
    return expiry if bound and isinstance(expiry, int) else 0
