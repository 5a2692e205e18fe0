"""The step of a sign-up after the address is proved: the keys (accounts.md §5.5). The password's verifier comes before or after them.

Newer apps set the keys first, phones before August 2026 the verifier. A sign-up that died at any step is taken up again with a fresh code,
by the same app or by another, perhaps with another password.
"""

from __future__ import annotations

from ..accounts import service as accounts
from ..accounts.wire import KeyAttributes, NewAttributes
from ..db import Tx
from ..kernel import sync
from ..kernel.access import Session
from ..kernel.parts import Kernel
from . import srp_queries


async def set_attributes(kernel: Kernel, actor: Session, ask: NewAttributes) -> None:
    """Store the keys; 400 BAD_REQUEST for odd ones, 403 when others are stored."""
    accounts.check_keys(ask.key_attributes)
    await kernel.db.write("login.set_attributes", _set_attributes, actor, ask.key_attributes)


def _set_attributes(tx: Tx, actor: Session, keys: KeyAttributes) -> None:
    sync.lock_account(tx, actor.user_id)
    if accounts.keep_keys(tx, actor.user_id, keys):
        srp_queries.drop_verifier(tx, actor.user_id, actor.created_at)  # of an attempt before this session: it may be of another password
