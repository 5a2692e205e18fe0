"""What administrators and sign-up ask of invitations, and how a code is redeemed: by naming the address that may sign up."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from ..kernel import people
from ..kernel.clock import DAY, Ids
from ..kernel.crypto import Crypto, normal_email
from ..kernel.errors import BadRequest, CodedBadRequest, Conflict, Forbidden, NotFound, TooMany
from ..kernel.parts import Kernel
from . import queries

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that is taken for another
LENGTH, GROUP = 16, 4  # 80 bits
_READ_AS = str.maketrans("OILU", "011V", "- ")
DAYS = 14
"""How long a code is good without a word."""


@dataclass(frozen=True, slots=True)
class Invite:
    """`email` "" where none is known; `code_id` None for an invitation by address; times in µs."""

    code_id: int | None
    email: str
    created_at: int
    expires_at: int | None
    used_at: int | None


# --- for administrators, in their transaction
def invite(tx: Tx, kernel: Kernel, email: str, days: int | None, quota: int | None) -> None:
    """Let a normalised address sign up, for so many days (None: for ever), with this limit in bytes (None: the default, 0: none)."""
    now = kernel.clock.now()
    queries.invite(tx, _sealed(kernel.crypto, email), now, None if days is None else now + days * DAY, quota)


def withdraw(tx: Tx, kernel: Kernel, email: str) -> bool:
    """Whether one was open."""
    return bool(queries.withdraw(tx, kernel.crypto.hash(email)))


def make_code(tx: Tx, kernel: Kernel, code: str, days: int | None, quota: int | None) -> None:
    """Make a `new_code` good for one account."""
    now = kernel.clock.now()
    queries.add_code(tx, _code_hash(kernel.crypto, code), now, now + (DAYS if days is None else days) * DAY, quota)


def withdraw_code(tx: Tx, code_id: int) -> bool:
    return bool(queries.withdraw_code(tx, code_id))


def listed(tx: Tx, kernel: Kernel, limit: int) -> list[Invite]:
    """The last ones first."""
    rows = queries.listed(tx, limit)
    return [Invite(r.code_id, kernel.crypto.decrypt(*r.sealed) if r.sealed else "", r.created_at, r.expires_at, r.used_at) for r in rows]


def new_code(ids: Ids) -> str:
    """`XXXX-XXXX-XXXX-XXXX`."""
    text = "".join(_LETTERS[b & 31] for b in ids.bytes(LENGTH))
    return "-".join(text[n : n + GROUP] for n in range(0, LENGTH, GROUP))


def path_of(code: str) -> str:
    """Of the link that redeems a code."""
    return f"/invite?code={code}"


# --- for sign-up
def is_invited(tx: Tx, crypto: Crypto, email: str, now: int) -> bool:
    return queries.is_invited(tx, crypto.hash(email), now)


def use(tx: Tx, crypto: Crypto, email: str, now: int) -> int | None:
    """An invitation brings one account, whatever becomes of that. The limit in bytes that comes with it; None without one or an invitation."""
    hashed = crypto.hash(email)
    found = queries.use(tx, hashed, now) or queries.use_code(tx, hashed, now)
    return None if found is None else found[0]


# --- for whoever has a code
async def redeem(kernel: Kernel, ip: str, code: str, email: str) -> str:
    """Let an address sign up by a code; it may be named anew until there is the account. The address as it is kept.

    403 where nobody may sign up, 404 for a code that is none (any more), 409 for an address with an account, 429 for who tries too often.
    """
    await kernel.limiter.allow("sensitive", f"ip {ip} /invite")
    if kernel.config.registration.mode == "closed":
        raise Forbidden("This server takes no new accounts.", log="a code while registration is closed")
    if not await kernel.limiter.left("probes", f"ip {ip}"):  # who has a code could ask for everybody's address
        raise TooMany("Too many tries. Wait an hour.", log="too many addresses named for a code")
    try:
        email = people.usable_address(email)
    except BadRequest:
        raise CodedBadRequest("That is no e-mail address.", log="no address for a code") from None
    await kernel.db.write("invitations.redeem", _redeem, kernel, code, email)
    return email


def _redeem(tx: Tx, kernel: Kernel, code: str, email: str) -> None:
    now, hashed = kernel.clock.now(), _code_hash(kernel.crypto, code)
    if not queries.is_good(tx, hashed, now):
        raise NotFound("This invitation is not good (any more). Ask who gave it to you for another.", log="an unknown code of an invitation")
    if people.find(tx, kernel.crypto, email) is not None:
        raise Conflict("This address has an account already: log in with it.", log="a code for an address with an account")
    queries.name_address(tx, hashed, _sealed(kernel.crypto, email), now)


def _code_hash(crypto: Crypto, code: str) -> str:
    return crypto.hash(f"invite code\0{code.upper().translate(_READ_AS)}")


def _sealed(crypto: Crypto, email: str) -> queries.Sealed:
    email = normal_email(email)
    return (*crypto.encrypt(email), crypto.hash(email))
