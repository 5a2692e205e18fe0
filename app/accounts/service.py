"""What the other parts of the server may ask of accounts: finding people, issuing sessions, plans in their wire form, pending codes.

Every log-in ends in `authorise`, inside the transaction that judged the credential; a second factor is put in front there.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from ..http.request import Request
from ..kernel import quota, sync
from ..kernel.access import App
from ..kernel.clock import DAY
from ..kernel.config import Config
from ..kernel.crypto import Crypto, normal_email, seal_token, session_handle, token_hash
from ..kernel.errors import NotFound, Unauthorized
from ..kernel.parts import Kernel
from . import queries
from .codes import PendingCode, pending_codes
from .wire import Authorised, KeyAttributes, Subscription

__all__ = ["Device", "Grant", "PendingCode", "answer", "authorise", "email_of", "find", "key_attributes", "pending_codes", "register", "subscription"]

CENTURY = 36525 * DAY
key_attributes = queries.key_attributes
"""`(tx, user_id) -> KeyAttributes | None`."""


@dataclass(frozen=True, slots=True)
class Device:
    """Which device a session is issued to."""

    app: App
    ip: str
    user_agent: str

    @classmethod
    def of(cls, request: Request) -> Device:
        return cls(request.app, request.client_ip, request.header(b"user-agent")[:512])


@dataclass(frozen=True, slots=True)
class Grant:
    """An issued session. `keys` is None for an account that has not set them yet."""

    user_id: int
    keys: KeyAttributes | None
    token: str


def authorise(tx: Tx, kernel: Kernel, user_id: int, device: Device) -> Grant:
    """A new session for a person who has just proved to be this one. 401 when the account was deleted meanwhile.

    Takes the account's lock, so that a log-in cannot slip past a deletion or a password change that ends all sessions.
    """
    sync.lock_account(tx, user_id)
    if queries.user(tx, user_id) is None:
        raise Unauthorized(log=f"account {user_id} was deleted")
    token, now = kernel.ids.token(), kernel.clock.now()
    hashed = token_hash(token)
    session = queries.StoredSession(hashed, session_handle(hashed), device.ip or None, device.user_agent or None, now, now)
    queries.insert_session(tx, user_id, device.app, session)
    return Grant(user_id, queries.key_attributes(tx, user_id), token)


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


def register(tx: Tx, kernel: Kernel, email: str, source: str = "") -> int:
    """A new account with its feed, for an address that has none: the caller has looked in the same transaction. When two look at once,
    the loser's transaction is repeated."""
    now = kernel.clock.now()
    user_id = queries.insert_user(tx, (*kernel.crypto.encrypt(email), kernel.crypto.hash(email)), source[:256], now)
    sync.open_feed(tx, user_id, now)
    return user_id


def find(tx: Tx, crypto: Crypto, email: str) -> int | None:
    """The account of an address, in whatever spelling."""
    return queries.user_by_email(tx, crypto.hash(normal_email(email)))


def email_of(tx: Tx, crypto: Crypto, user_id: int) -> str:
    """The address of a live account; 404 USER_NOT_FOUND otherwise."""
    row = queries.user(tx, user_id)
    if row is None:
        raise NotFound("User account is deleted", code="USER_NOT_FOUND", log=f"no account {user_id}")
    return crypto.decrypt(row.email_cipher, row.email_nonce)


def subscription(tx: Tx, config: Config, user_id: int) -> Subscription:
    """The operator's limit in the shape of a hosted plan: the free product, far from its end unless the operator set one."""
    row = queries.user(tx, user_id)
    if row is None:
        raise NotFound("User account is deleted", code="USER_NOT_FOUND", log=f"no account {user_id}")
    plan = quota.plan(tx, config, user_id)
    return Subscription(
        id=user_id,
        user_id=user_id,
        product_id="free",
        storage=plan.limit,
        original_transaction_id="none",
        expiry_time=row.created_at + CENTURY if plan.ends_at is None else plan.ends_at,
        payment_provider="",
        attributes={},
        price="",
        period="year",
    )
