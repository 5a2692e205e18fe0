"""Undoing the deletion of an account by the signed link its owner holds (accounts.md §5.14): a page for a browser, not for the apps.

The address comes back while it is free. Sessions, shares and links that ended with the account do not.
"""

from __future__ import annotations

from ..accounts import service as accounts
from ..db import Tx
from ..http.answer import Answer
from ..http.query import Query
from ..kernel import people, sync
from ..kernel.clock import DAY
from ..kernel.crypto import normal_email
from ..kernel.errors import CodedBadRequest
from ..kernel.parts import Kernel

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


class PageQuery(Query):
    token: str = ""


async def page(kernel: Kernel, query: PageQuery) -> Answer:
    """Restore, and say in HTML how it went. 400 BAD_REQUEST without a token."""
    if not query.token:
        raise CodedBadRequest("token missing")
    claims = kernel.crypto.read_jwt(query.token, scope=SCOPE, now=kernel.clock.now())
    user_id, email = (None, None) if claims is None else (claims.get("userID"), claims.get("email"))
    done = isinstance(user_id, int) and isinstance(email, str) and await restore(kernel, user_id, email)
    title, text = _DONE if done else _FAILED
    body = _PAGE.format(title=title, text=text).encode()
    return Answer(body, media=b"text/html; charset=utf-8", headers=[(b"content-security-policy", b"default-src 'none'")])


async def restore(kernel: Kernel, user_id: int, email: str) -> bool:
    """Give a deleted account its address back; whether the account has it now."""
    return await kernel.db.write("closing.restore", _restore, kernel, user_id, normal_email(email))


def _restore(tx: Tx, kernel: Kernel, user_id: int, email: str) -> bool:
    email_hash = kernel.crypto.hash(email)
    sync.lock_account(tx, user_id)
    owner = people.find(tx, kernel.crypto, email)  # a sign-up with the address at this moment: whoever comes second is repeated and sees it
    if owner is not None:
        return owner == user_id
    return bool(accounts.restore(tx, user_id, (*kernel.crypto.encrypt(email), email_hash)))
