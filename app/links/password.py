"""Passwords of links: how one is kept, and the proof that a visitor knows it (collections.md §7.4). No database here.

What arrives is derived from the password by the visitor's app, and would open the link as it is: so it is kept hashed once more. A proof
holds for one link and one password only, and nothing of either can be read from it (§18.3, 6).
"""

from __future__ import annotations

from ..kernel.clock import DAY
from ..kernel.crypto import same
from ..kernel.parts import Kernel
from .queries import Link

SCOPE = "ALBUM_LINK"
LIFETIME = 365 * DAY


def kept(kernel: Kernel, token_hash: str, given: str) -> str:
    """What is stored of a link's password."""
    return kernel.crypto.hash(f"link-password:{token_hash}:{given}")


def matches(kernel: Kernel, link: Link, given: str) -> bool:
    """Whether this is the password of the link (which has one)."""
    return link.pass_hash is not None and same(kept(kernel, link.token_hash, given), link.pass_hash)


def proof(kernel: Kernel, link: Link) -> str:
    """The JWT of a visitor who knows the password."""
    return kernel.crypto.jwt(
        {"claimScope": SCOPE, "passKey": _mark(kernel, link), "expiryTime": kernel.clock.now() + LIFETIME},
    )


def holds(kernel: Kernel, link: Link, jwt: str) -> bool:
    """Whether a proof opens this link; true without one where there is no password."""
    if link.pass_hash is None:
        return True
    claims = kernel.crypto.read_jwt(jwt, scope=SCOPE, now=kernel.clock.now())
    shown = claims and claims.get("passKey")
    return isinstance(shown, str) and same(shown, _mark(kernel, link))


def _mark(kernel: Kernel, link: Link) -> str:
    """Different for every link and every password it had."""
    return kernel.crypto.sign("link-password", link.link_id, link.pass_hash or "")
