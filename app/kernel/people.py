"""Who an address belongs to and who an account is: what every feature that deals with other people asks.

A deleted account is nobody's: it has no address. Statements that change accounts are `app.accounts`'.
"""

from __future__ import annotations

from ..db import Tx
from . import limits
from .clock import DAY, MINUTE, SECOND
from .config import Limit
from .crypto import Crypto, normal_email
from .errors import BadRequest, NotFound, TooMany
from .parts import Kernel

LONGEST_ADDRESS = 320  # characters; what mail systems take
UNKNOWN_A_MINUTE = 5
"""Addresses of nobody that one may ask for in a minute, within the budget of the configuration."""


def usable_address(text: str) -> str:
    """A normalised address; 400 for what no mail system takes, and for control characters (they would end up in logs)."""
    email = normal_email(text)
    if "@" not in email.strip("@") or len(email) > LONGEST_ADDRESS or not email.isprintable():
        raise BadRequest(log="no usable e-mail address")
    return email


def find(tx: Tx, crypto: Crypto, email: str) -> int | None:
    """The account of an address, in whatever spelling."""
    found = tx.value("SELECT user_id FROM users WHERE email_hash = :email_hash", email_hash=crypto.hash(normal_email(email)))
    return None if found is None else int(found)


async def look_up(kernel: Kernel, asker: int, email: str) -> int | None:
    """`find`, asked by somebody who is not the address's owner; 429 `{}` beyond the budgets `lookups` and `unknown_lookups`, so that nobody
    reads off who has an account here (accounts.md §6). Different addresses count, the same one again is free. After too many of nobody's
    every new address waits, also somebody's: the refusal says nothing."""
    email = normal_email(email)
    found, within = await kernel.db.write("people.look_up", _look_up, kernel, asker, email)
    if not within:
        raise TooMany(log=f"user {asker} looks up too many addresses")
    return found


def _look_up(tx: Tx, kernel: Kernel, asker: int, email: str) -> tuple[int | None, bool]:
    """(account, whether the budgets hold). What was refused is not remembered, so that asking again is not free."""
    now, config = kernel.clock.now(), kernel.config.limits
    pair = f"looked up:{asker}:{kernel.crypto.hash(email)}"
    found = find(tx, kernel.crypto, email)
    if limits.standing(tx, pair, now, DAY):
        return found, True
    of_nobody = [(f"unknown_lookups:{asker}", config.unknown_lookups)]
    if config.unknown_lookups.count:
        of_nobody.append((f"unknown_lookups_a_minute:{asker}", Limit(count=UNKNOWN_A_MINUTE, seconds=MINUTE // SECOND)))
    if any(limit.count and limits.standing(tx, bucket, now, limit.seconds * SECOND) >= limit.count for bucket, limit in of_nobody):
        return found, False
    every = config.lookups
    if every.count and limits.count(tx, f"lookups:{asker}", now, every.seconds * SECOND) > every.count:
        return found, False
    if found is None:
        for bucket, limit in of_nobody:
            limits.count(tx, bucket, now, limit.seconds * SECOND)
    limits.count(tx, pair, now, DAY)
    return found, True


def email_of(tx: Tx, crypto: Crypto, user_id: int) -> str:
    """The address of a live account; 404 USER_NOT_FOUND otherwise."""
    row = tx.one("SELECT email_cipher, email_nonce FROM users WHERE user_id = :user_id AND deleted_at IS NULL", user_id=user_id)
    if row is None:
        raise NotFound("User account is deleted", code="USER_NOT_FOUND", log=f"no account {user_id}")
    return crypto.decrypt(row[0], row[1])


def has_keys(tx: Tx, user_id: int) -> bool:
    """Whether an account's key attributes are set: until then its sign-up is not finished."""
    return tx.value("SELECT 1 FROM key_attributes WHERE user_id = :user_id", user_id=user_id) is not None


def is_administrator(tx: Tx, kernel: Kernel, user_id: int) -> bool:
    """Whether the configuration (`admin.users`) names this account, by its number or by its address."""
    named = kernel.config.admin.users
    return str(user_id) in named or any("@" in name and find(tx, kernel.crypto, name) == user_id for name in named)
