"""How every log-in ends: `authorise`, inside the transaction that judged the credential. A second factor is put in front there.

Also what others may ask of log-in: the pending codes of an address.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..accounts import service as accounts
from ..accounts.wire import KeyAttributes
from ..db import Tx
from ..kernel import sessions, sync
from ..kernel.crypto import seal_token, session_handle, token_hash
from ..kernel.errors import Unauthorized
from ..kernel.parts import Kernel
from .client import Client
from .codes import PendingCode, pending_codes
from .wire import Authorised

__all__ = ["Client", "Grant", "PendingCode", "answer", "authorise", "pending_codes"]


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
    if not accounts.is_live(tx, user_id):
        raise Unauthorized(log=f"account {user_id} was deleted")
    token, now = kernel.ids.token(), kernel.clock.now()
    hashed = token_hash(token)
    session = sessions.StoredSession(hashed, session_handle(hashed), client.ip or None, client.user_agent or None, now, now)
    sessions.insert(tx, user_id, client.app, session)
    return Grant(user_id, accounts.key_attributes(tx, user_id), token)


def answer(grant: Grant, srp_m2: str = "") -> Authorised:
    """The log-in answer: the token sealed to the account's public key, in clear only where there is none (accounts.md §5.3)."""
    sealed = grant.keys is not None
    return Authorised(
        id=grant.user_id,
        passkey_session_id="",
        accounts_url="",
        two_factor_session_id="",
        two_factor_session_id_v2="",
        key_attributes=grant.keys,
        encrypted_token=seal_token(grant.token, grant.keys.public_key) if grant.keys is not None else "",
        token="" if sealed else grant.token,
        srp_m2=srp_m2,
    )
