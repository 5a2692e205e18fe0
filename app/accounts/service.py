"""What the other features may ask of accounts: opening one, its keys, its address, its plan in the wire's form, closing and restoring it.

Also `authorise`, with which every log-in ends. Finding people and their addresses is `app.kernel.people`'s.
"""

from __future__ import annotations

from ..db import Tx
from ..invitations import service as invitations
from ..kernel import limits, quota, sync
from ..kernel.clock import DAY
from ..kernel.config import Config
from ..kernel.parts import Kernel
from . import queries
from .arrival import tell as tell_of_login
from .granting import Grant, authorise, passed
from .keys import check as check_keys
from .keys import check_sizes, check_strength
from .keys import keep as keep_keys
from .queries import KEY_COLUMNS, has_totp, key_attributes, mark_deleted, restore, rewrap_keys, set_email, set_totp, standing
from .wire import Subscription

__all__ = [
    "KEY_COLUMNS",
    "Grant",
    "authorise",
    "check_keys",
    "check_sizes",
    "check_strength",
    "has_totp",
    "is_deleted",
    "is_live",
    "keep_keys",
    "key_attributes",
    "mark_deleted",
    "may_register",
    "may_register_now",
    "passed",
    "register",
    "restore",
    "rewrap_keys",
    "set_email",
    "set_totp",
    "standing",
    "subscription",
    "tell_of_login",
]

PRODUCT = "darkroom"


def may_register(tx: Tx, kernel: Kernel, email: str) -> bool:
    """Whether this address, which has no account, may get one as things stand."""
    rules = kernel.config.registration
    if rules.mode in ("open", "closed"):
        return rules.mode == "open"
    if email.rpartition("@")[2] in rules.domains or invitations.is_invited(tx, kernel.crypto, email, kernel.clock.now()):
        return True
    return rules.mode != "invite" and not queries.anybody(tx)


def may_register_now(tx: Tx, kernel: Kernel, email: str) -> bool:
    """The same in the transaction that makes the account: of two first people at once only one is the first."""
    if kernel.config.registration.mode == "first" and not queries.anybody(tx):
        limits.count(tx, "registration", kernel.clock.now(), DAY)  # a row that is there once it is asked for: whoever comes second waits for it
    return may_register(tx, kernel, email)


def register(tx: Tx, kernel: Kernel, email: str, source: str = "") -> int:
    """A new account with its feed, for an address that has none: the caller has looked in the same transaction. When two look at once,
    the loser's transaction is repeated."""
    now = kernel.clock.now()
    user_id = queries.insert_user(tx, (*kernel.crypto.encrypt(email), kernel.crypto.hash(email)), source[:256], now)
    if (limit := invitations.use(tx, kernel.crypto, email, now)) is not None:
        queries.set_quota(tx, user_id, limit)
    sync.open_feed(tx, user_id, now)
    return user_id


def to_purge(tx: Tx, before: int, limit: int) -> list[int]:
    """Accounts deleted before a time (µs) whose data is still there."""
    return queries.to_purge(tx, before, limit)


def forget_person(tx: Tx, user_id: int, now: int) -> None:
    """The keys of an account that can no longer be restored; its row stays as a tombstone."""
    queries.forget_keys(tx, user_id)
    queries.mark_purged(tx, user_id, now)


def is_live(tx: Tx, user_id: int) -> bool:
    """Whether there is such an account and its owner has not deleted it."""
    return queries.user(tx, user_id) is not None


def is_deleted(tx: Tx, user_id: int) -> bool:
    """Whether there was such an account and its owner has deleted it."""
    return queries.is_deleted(tx, user_id)


def subscription(tx: Tx, config: Config, user_id: int) -> Subscription:
    """The operator's limit in the shape of a hosted plan, the same at every call: one that is paid for and far from its end unless the
    operator set one. The product is none that is sold, and not "free", for which the apps show what one could buy."""
    plan = quota.shown(tx, config, user_id)
    return Subscription(
        id=user_id,
        user_id=user_id,
        product_id=PRODUCT,
        storage=plan.limit - plan.bonus,  # clients add the bonus
        original_transaction_id="none",
        expiry_time=plan.ends_at,
        payment_provider="",
        attributes={},
        price="",
        period="year",
    )
