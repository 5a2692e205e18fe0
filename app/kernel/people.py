"""Who an address belongs to and who an account is: what every feature that deals with other people asks.

A deleted account is nobody's: it has no address. Statements that change accounts are `app.accounts`'.
"""

from __future__ import annotations

from ..db import Tx
from .crypto import Crypto, normal_email
from .errors import BadRequest, NotFound, TooMany
from .parts import Kernel

LONGEST_ADDRESS = 320  # characters; what mail systems take


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


async def look_up(kernel: Kernel, user_id: int, email: str) -> int | None:
    """`find`, asked by somebody who is not the address's owner. 429 for whoever has asked for too many addresses that nobody has, so that
    nobody finds out by trying who is here (collections.md §0.7)."""
    if kernel.limiter.spent("strangers", f"user {user_id}"):
        raise TooMany(log=f"user {user_id} looks up strangers")
    found = await kernel.db.read(find, kernel.crypto, email)
    if found is None:
        await kernel.limiter.left("strangers", f"user {user_id}")
    return found


def email_of(tx: Tx, crypto: Crypto, user_id: int) -> str:
    """The address of a live account; 404 USER_NOT_FOUND otherwise."""
    row = tx.one("SELECT email_cipher, email_nonce FROM users WHERE user_id = :user_id AND deleted_at IS NULL", user_id=user_id)
    if row is None:
        raise NotFound("User account is deleted", code="USER_NOT_FOUND", log=f"no account {user_id}")
    return crypto.decrypt(row[0], row[1])


def has_keys(tx: Tx, user_id: int) -> bool:
    """Whether an account's key attributes are set: until then its sign-up is not finished."""
    return tx.value("SELECT 1 FROM key_attributes WHERE user_id = :user_id", user_id=user_id) is not None
