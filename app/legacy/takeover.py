"""What both ways of recovering an account need of it: the keys, and that no second factor keeps out who has been let in."""

from __future__ import annotations

from ..accounts import service as accounts
from ..accounts.wire import KeyAttributes
from ..db import Tx
from ..kernel.errors import NotFound
from ..second_factor import service as second_factor


def attributes(tx: Tx, user_id: int) -> KeyAttributes:
    """The key attributes of a live account; 404 without."""
    found = accounts.key_attributes(tx, user_id)
    if found is None or not accounts.is_live(tx, user_id):
        raise NotFound(log=f"user {user_id} has no key attributes, or is gone")
    return found


def end_second_factors(tx: Tx, user_id: int) -> None:
    """No code and no passkey is asked for any more, and log-ins that the old password began come to nothing."""
    second_factor.switch_off(tx, user_id)
    second_factor.forget(tx, user_id)
