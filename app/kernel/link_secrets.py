"""The secrets of links of any kind: the token, the password, and the proof that a visitor knows it (collections.md §7.4).

A token is looked up by its hash and kept encrypted, because its owner is shown it again. What arrives as a password is derived from it by
the visitor's app, and would open the link as it is: so it is kept hashed once more. A proof holds for one link and one password only, and
nothing of either can be read from it (§18.3, 6). Wrong passwords are counted for the network they come from, and for the link whoever guesses.
"""

from __future__ import annotations

from typing import Protocol

from ..db import Tx
from . import limits
from .clock import DAY
from .crypto import same
from .errors import BadRequest, Unauthorized
from .parts import Kernel

SCOPE = "LINK"
PROOF_LIFETIME = 30 * DAY
TOKEN_CHARS = 16


class Link(Protocol):
    """What the secrets of a link hang on. `pass_hash` None: no password."""

    @property
    def link_id(self) -> int | str: ...
    @property
    def token_hash(self) -> str: ...
    @property
    def pass_hash(self) -> str | None: ...


def token_hash(kernel: Kernel, token: str) -> str:
    """The form in which a token is looked up."""
    return kernel.crypto.hash(f"link:{token}")


def fresh_token(kernel: Kernel) -> tuple[str, bytes, bytes]:
    """(look-up hash, cipher, nonce) of a token nobody has seen."""
    token = kernel.ids.alnum(TOKEN_CHARS)
    return token_hash(kernel, token), *kernel.crypto.encrypt(token)


def kept(kernel: Kernel, token_hash: str, given: str) -> str:
    """What is stored of a link's password."""
    return kernel.crypto.hash(f"link-password:{token_hash}:{given}")


def matches(kernel: Kernel, link: Link, given: str) -> bool:
    """Whether this is the password of the link (which has one)."""
    return link.pass_hash is not None and same(kept(kernel, link.token_hash, given), link.pass_hash)


async def proof_for(kernel: Kernel, link: Link, given: str, address: str) -> str:
    """The proof that somebody at this address gets for the password: wrong 401, no password to know 400, too many tries or wrong ones 429."""
    await kernel.limiter.allow("link_password", f"ip {address} link {link.link_id}")
    if link.pass_hash is None:
        raise BadRequest(log="the link has no password")
    guess, is_right = limits.Guess(limits.LINK, link.link_id, address), matches(kernel, link, given)
    if not await kernel.db.write("links.guess", _may_guess, kernel, guess, is_right):
        raise limits.breached()
    if not is_right:
        raise Unauthorized(log=f"wrong password for link {link.link_id}")
    return proof(kernel, link)


def _may_guess(tx: Tx, kernel: Kernel, guess: limits.Guess, is_right: bool) -> bool:
    may = limits.may_guess(tx, kernel.config.limits, guess, kernel.clock.now())
    if may and is_right:
        limits.right_guess(tx, guess)
    return may


def proof(kernel: Kernel, link: Link) -> str:
    """The JWT of a visitor who knows the password."""
    return kernel.crypto.jwt(
        {"claimScope": SCOPE, "passKey": _mark(kernel, link), "expiryTime": kernel.clock.now() + PROOF_LIFETIME},
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
