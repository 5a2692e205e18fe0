"""SQL of what an account has, where it is closed: one function a statement."""

from __future__ import annotations

from ..db import Tx


def apps(tx: Tx, user_id: int) -> list[str]:
    """Apps this person uses: with a session, albums, or the authenticator's key."""
    rows = tx.all(
        "SELECT app FROM sessions WHERE user_id = :user_id UNION SELECT app FROM collections WHERE owner_id = :user_id "
        "UNION SELECT 'auth' FROM authenticator_keys WHERE user_id = :user_id ORDER BY 1",
        user_id=user_id,
    )
    return [app for (app,) in rows]
