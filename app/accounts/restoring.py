"""Undoing the deletion of an account by the signed link its owner holds (accounts.md §5.14): a page for a browser, not for the apps.

The address comes back while it is free. Sessions, shares and links that ended with the account do not.
"""

from __future__ import annotations

from ..db import Tx
from ..kernel import sync
from ..kernel.clock import DAY
from ..kernel.crypto import normal_email
from ..kernel.errors import CodedBadRequest
from ..kernel.parts import Kernel
from . import queries

SCOPE = "RestoreAccount"
PATH = "/users/recover-account"
LIFETIME = 7 * DAY
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>Darkroom</title><body><h1>{title}</h1><p>{text}</p></body></html>"
)
_DONE = ("The account is back", "Log in with the same address and password as before.")
_FAILED = ("The account could not be restored", "The link is wrong or older than seven days, or somebody has signed up with the address since.")


def link(kernel: Kernel, user_id: int, email: str) -> str:
    """Path and query of a link that restores this account for seven days; to be handed to the owner of the address only.

    museum mails it. Here `darkroom user restore` prints it: the account no longer has an address to send it to.
    """
    token = kernel.crypto.jwt({"userID": user_id, "expiryTime": kernel.clock.now() + LIFETIME, "email": email, "claimScope": SCOPE})
    return f"{PATH}?token={token}"


def is_deleted(tx: Tx, user_id: int) -> bool:
    return queries.is_deleted(tx, user_id)


async def page(kernel: Kernel, token: str) -> bytes:
    """Restore, and say in HTML how it went. 400 BAD_REQUEST without a token."""
    if not token:
        raise CodedBadRequest("token missing")
    claims = kernel.crypto.read_jwt(token, scope=SCOPE, now=kernel.clock.now())
    user_id, email = (None, None) if claims is None else (claims.get("userID"), claims.get("email"))
    done = isinstance(user_id, int) and isinstance(email, str) and await restore(kernel, user_id, email)
    title, text = _DONE if done else _FAILED
    return _PAGE.format(title=title, text=text).encode()


async def restore(kernel: Kernel, user_id: int, email: str) -> bool:
    """Give a deleted account its address back; whether the account has it now."""
    return await kernel.db.write("accounts.restore", _restore, kernel, user_id, normal_email(email))


def _restore(tx: Tx, kernel: Kernel, user_id: int, email: str) -> bool:
    email_hash = kernel.crypto.hash(email)
    queries.lock_codes(tx, email_hash)  # a sign-up with the address waits for us, or we see it
    sync.lock_account(tx, user_id)
    owner = queries.user_by_email(tx, email_hash)
    if owner is not None:
        return owner == user_id
    return bool(queries.restore(tx, user_id, (*kernel.crypto.encrypt(email), email_hash)))
