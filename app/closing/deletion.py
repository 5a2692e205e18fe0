"""Deleting one's own account (accounts.md §5.14): a challenge only the password's owner can open, then one transaction.

The address is free at once. What the person stored stays, unreachable, until the jobs of those who keep it remove it.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from ..accounts import service as accounts
from ..cast import service as cast
from ..collections import service as collections
from ..contacts import service as contacts
from ..db import Tx
from ..families import service as families
from ..file_links import service as file_links
from ..kernel import sessions, sync
from ..kernel.access import Session
from ..kernel.clock import DAY
from ..kernel.crypto import Crypto, seal_text
from ..kernel.errors import CodedBadRequest, Forbidden, NotFound, Unauthorized
from ..kernel.logs import NOTICE
from ..kernel.parts import Kernel
from ..legacy import service as legacy
from ..mail import service as mail
from ..memories import service as memories
from ..push import service as push
from ..second_factor import service as second_factor
from . import queries, restoring
from .wire import AccountDeleted, DeleteAccount, DeleteChallenge

SCOPE = "DELETE_ACCOUNT"
log = logging.getLogger("darkroom.closing")


async def challenge(kernel: Kernel, actor: Session) -> DeleteChallenge:
    """A token sealed to the account's public key; 404 without keys."""
    keys = await kernel.db.read(accounts.key_attributes, actor.user_id)
    if keys is None:
        raise NotFound(log=f"user {actor.user_id} has no key attributes")
    claims = {"userID": actor.user_id, "expiryTime": kernel.clock.now() + DAY, "claimScope": SCOPE}
    sealed = seal_text(kernel.crypto.jwt(claims), keys.public_key)
    return DeleteChallenge(allow_delete=True, encrypted_challenge=sealed, apps=await kernel.db.scan(queries.apps, actor.user_id))


def _opened(crypto: Crypto, token: str, now: int) -> dict[str, Any]:
    """The claims of an opened challenge; 400 for anything else."""
    claims = crypto.read_jwt(token, scope=SCOPE, now=now)
    if claims is None:
        expired = crypto.read_jwt(token, scope=SCOPE, now=0) is not None
        raise CodedBadRequest("token expired" if expired else "invalid challenge")
    return claims


async def delete(kernel: Kernel, actor: Session, ask: DeleteAccount) -> AccountDeleted:
    """Delete the caller's account. 400 for a bad or expired challenge, 403 for somebody else's."""
    now = kernel.clock.now()
    if _opened(kernel.crypto, ask.challenge, now).get("userID") != actor.user_id:
        raise Forbidden(log=f"user {actor.user_id} presented the challenge of another account")
    feedback = {"reason": ask.reason or ask.reason_category, "feedback": ask.feedback}
    email = await mail.address_of(kernel, actor.user_id)
    await kernel.db.write("closing.delete", close, kernel, actor.user_id, msgspec.json.encode(feedback).decode(), now)
    log.log(NOTICE, "account %d was deleted by its owner; `darkroom user restore %d EMAIL` undoes it", actor.user_id, actor.user_id)
    _say_farewell(kernel, actor.user_id, email)
    return AccountDeleted(is_subscription_cancelled=True, user_id=actor.user_id)


def _say_farewell(kernel: Kernel, user_id: int, email: str) -> None:
    texts = ("Your account was deleted, as you asked. For seven days it can come back as it was, but for what it shared with others.",)
    where = restoring.mailed(kernel, user_id, email)
    mail.post(kernel, email, mail.Mail("Your account has been deleted", texts, link=where, action="Bring it back"))


def close(tx: Tx, kernel: Kernel, user_id: int, feedback: str, now: int) -> None:
    """Everything a deletion undoes: what is shared either way, screens, sessions, push tokens, the address. A feature that lets a person do
    something without a session has a `forget_person` of its own here."""
    sync.lock_account(tx, user_id)
    families.forget_person(tx, user_id)
    legacy.forget_person(tx, user_id, now)
    collections.forget_person(tx, kernel, user_id, now)
    cast.forget_person(tx, user_id)
    file_links.forget_person(tx, user_id, now)
    memories.forget_person(tx, user_id, now)
    sessions.end_all(tx, user_id)
    second_factor.end_logins(tx, user_id)
    push.forget_person(tx, user_id)
    if not accounts.mark_deleted(tx, user_id, feedback, now):
        raise Unauthorized(log=f"account {user_id} is deleted already")
    contacts.address_changed(tx, user_id, now)
