"""Undoing the deletion of an account by the signed link its owner holds (accounts.md §5.14): as a page of ours, and for the accounts app's.

The address comes back while it is free. Sessions, shares and links that ended with the account do not.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from ..accounts import service as accounts
from ..contacts import service as contacts
from ..db import Tx
from ..http.answer import Answer
from ..http.query import Query
from ..kernel import people, sync
from ..kernel.clock import DAY
from ..kernel.crypto import normal_email
from ..kernel.errors import CodedBadRequest, Conflict, Gone
from ..kernel.parts import Kernel
from .wire import Recovery, RecoveryLink

SCOPE = "RestoreAccount"
PATH = "/users/recover-account"
APP_PATH = "/recover-account"
"""Where the accounts app has its page."""
LIFETIME = 7 * DAY
_PASTED = re.compile(r"[?#&](?:recoveryToken|token)=([^&#\s]+)")
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>Darkroom</title><body><h1>{title}</h1><p>{text}</p>{more}</body></html>"
)
_READY = ("Bring the account back?", "It was deleted. For seven days it can come back as it was, but for what it shared with others.")
_DONE = ("The account is back", "Log in with the same address and password as before.")
_FAILED = ("The account could not be restored", "The link is wrong or older than seven days, or somebody has signed up with the address since.")


def link(kernel: Kernel, user_id: int, email: str) -> str:
    """Path and query of a link that restores this account for seven days; to be handed to the owner of the address only."""
    return f"{PATH}?token={token(kernel, user_id, email)}"


def mailed(kernel: Kernel, user_id: int, email: str) -> str:
    """The same to the accounts app, or where there is none to our own page."""
    app = kernel.config.app_address("accounts")
    if app is None:
        return kernel.config.own_address + link(kernel, user_id, email)
    return f"{app}{APP_PATH}#recoveryToken={quote(token(kernel, user_id, email), safe='')}"


def token(kernel: Kernel, user_id: int, email: str) -> str:
    return kernel.crypto.jwt({"userID": user_id, "expiryTime": kernel.clock.now() + LIFETIME, "email": email, "claimScope": SCOPE})


class LinkInvalid(CodedBadRequest):
    """400: not signed here, or for something else."""

    code = "ACCOUNT_RECOVERY_INVALID_LINK"


class LinkExpired(Gone):
    code = "ACCOUNT_RECOVERY_LINK_EXPIRED"


class Unavailable(Gone):
    """410: no such account, one that lives under another address, or one without keys."""

    code = "ACCOUNT_RECOVERY_UNAVAILABLE"


class AddressTaken(Conflict):
    """409: somebody has signed up with the address since."""

    code = "ACCOUNT_RECOVERY_EMAIL_IN_USE"


REFUSALS = (LinkExpired, Unavailable, AddressTaken)


class PageQuery(Query):
    token: str = ""


async def page(kernel: Kernel, query: PageQuery) -> Answer:
    """A page with one button. Opening it changes nothing: programs that scan mails open the links in them. 400 BAD_REQUEST without a token.

    A whole link in the place of the token is taken for it: what the form of `pages` sends.
    """
    if not query.token:
        raise CodedBadRequest("token missing")
    pasted = _PASTED.search(query.token)
    given = unquote(pasted[1]) if pasted else query.token.strip()
    try:
        found = await validate(kernel, RecoveryLink(token=given))
    except (LinkInvalid, *REFUSALS):
        return _page(*_FAILED)
    if found.status == "recovered":
        return _page(*_DONE)
    where = quote(f"{PATH}/page".rpartition("/users/")[2]) + f"?token={quote(given, safe='')}"
    return _page(*_READY, f'<form method="post" action="{where}"><button>Bring it back</button></form>')


async def press(kernel: Kernel, query: PageQuery) -> Answer:
    """What the page's button does: restore, and say in HTML how it went."""
    if not query.token:
        raise CodedBadRequest("token missing")
    try:
        await recover(kernel, RecoveryLink(token=query.token))
    except (LinkInvalid, *REFUSALS):
        return _page(*_FAILED)
    return _page(*_DONE)


def _page(title: str, text: str, more: str = "") -> Answer:
    policy = b"default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    headers = [(b"content-security-policy", policy), (b"referrer-policy", b"no-referrer")]
    return Answer(_PAGE.format(title=title, text=text, more=more).encode(), media=b"text/html; charset=utf-8", headers=headers)


async def validate(kernel: Kernel, ask: RecoveryLink) -> Recovery:
    """Whether a link would restore its account ("ready") or has done so ("recovered"); changes nothing."""
    return Recovery(status=await kernel.db.read(_state, kernel, *_opened(kernel, ask.token)))


async def recover(kernel: Kernel, ask: RecoveryLink) -> Recovery:
    """Give a deleted account its address back. The same again answers the same."""
    await kernel.db.write("closing.restore", bring_back, kernel, *_opened(kernel, ask.token))
    return Recovery(status="recovered")


def _opened(kernel: Kernel, token: str) -> tuple[int, str]:
    """(user id, address) of a link."""
    claims = kernel.crypto.read_jwt(token, scope=SCOPE, now=kernel.clock.now())
    if claims is None:
        if kernel.crypto.read_jwt(token, scope=SCOPE, now=0) is not None:
            raise LinkExpired("account recovery link has expired")
        raise LinkInvalid("invalid account recovery link")
    user_id, email = claims.get("userID"), claims.get("email")
    if not isinstance(user_id, int) or not isinstance(email, str):
        raise LinkInvalid("invalid account recovery link")
    return user_id, normal_email(email)


def _state(tx: Tx, kernel: Kernel, user_id: int, email: str) -> str:
    """How an account and its old address stand."""
    owner = people.find(tx, kernel.crypto, email)
    if owner == user_id:
        return "recovered"
    if not accounts.is_deleted(tx, user_id) or not people.has_keys(tx, user_id):
        raise Unavailable("account cannot be recovered", log=f"account {user_id} is not deleted, or has no keys")
    if owner is not None:
        raise AddressTaken("email address is in use")
    return "ready"


def bring_back(tx: Tx, kernel: Kernel, user_id: int, email: str) -> None:
    """Restore a deleted account under this address; what `_state` refuses."""
    sync.lock_account(tx, user_id)
    if _state(tx, kernel, user_id, email) == "ready":  # a sign-up with the address at this moment: whoever comes second is repeated and sees it
        accounts.restore(tx, user_id, (*kernel.crypto.encrypt(email), kernel.crypto.hash(email)))
        contacts.address_changed(tx, user_id, kernel.clock.now())
