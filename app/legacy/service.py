"""What other features may ask of legacy: an account that closes trusts nobody and is trusted by nobody."""

from __future__ import annotations

from ..db import Tx
from . import kit_queries as kits
from . import queries
from .trust import LIVE, move

__all__ = ["forget_for_good", "forget_person"]


def forget_person(tx: Tx, user_id: int, now: int) -> None:
    """End all trust with this account, on both sides, with the recoveries under way; kits stay, unusable until the account comes back.

    Call it under the account's lock, before others of the account's rows are touched.
    """
    for trust in queries.lock_all_trust(tx, user_id):
        if trust.state in LIVE:
            move(tx, trust, "REVOKED" if trust.user_id == user_id else "CONTACT_LEFT", now)
    for session in kits.all_active(tx, user_id):
        kits.set_status(tx, session.id, "BLOCKED", now)


def forget_for_good(tx: Tx, user_id: int) -> None:
    """Trust that ended with an account which cannot come back. Its kits go by a job of their own (`jobs.sweep`)."""
    queries.drop_recoveries(tx, user_id)
    queries.drop_trust(tx, user_id)
