"""How every log-in ends: `authorise`, inside the transaction that judged the last credential that was owed.

A password or a mailed code goes to `second_factor.service.admit` first, which calls this where nothing more is owed.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from ..http.client import Client
from ..kernel import sessions, sync
from ..kernel.crypto import seal_token, session_handle, token_hash
from ..kernel.errors import NotFound, Unauthorized
from ..kernel.parts import Kernel
from . import queries
from .wire import KeyAttributes, Passed


@dataclass(frozen=True, slots=True)
class Grant:
    """An issued session. `keys` is None for an account that has not set them yet."""

    user_id: int
    keys: KeyAttributes | None
    token: str


def authorise(tx: Tx, kernel: Kernel, user_id: int, client: Client) -> Grant:
    """A new session for a person who has just proved to be this one. 401 when the account was deleted meanwhile.

    Takes the account's lock, so that a log-in cannot slip past a deletion or a password change that ends all sessions.
    """
    sync.lock_account(tx, user_id)
    if queries.user(tx, user_id) is None:
        raise Unauthorized(log=f"account {user_id} was deleted")
    token, now = kernel.ids.token(), kernel.clock.now()
    hashed = token_hash(token)
    session = sessions.StoredSession(hashed, session_handle(hashed), client.ip or None, client.user_agent or None, now, now)
    sessions.insert(tx, user_id, client.app, session)
    return Grant(user_id, queries.key_attributes(tx, user_id), token)


def passed(grant: Grant) -> Passed:
    """The answer of a right second factor. 404 for an account without keys: nothing could be sealed to it."""
    if grant.keys is None:
        raise NotFound(log=f"user {grant.user_id} has no key attributes")
    return Passed(id=grant.user_id, key_attributes=grant.keys, encrypted_token=seal_token(grant.token, grant.keys.public_key))
