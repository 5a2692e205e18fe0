"""The audit log: what administrators did, by command, page or route. Written together with the act, read by administration (`app.admin`).

`by`: `command`, `page`, `user 17`. A line names accounts by their number and holds no address.
"""

from __future__ import annotations

from ..db import Tx


def note(tx: Tx, at: int, by: str, act: str, user_id: int | None = None, detail: str = "") -> None:
    """`at` in µs."""
    tx.run(
        "INSERT INTO admin_acts (at, actor, act, user_id, detail) VALUES (:at, :actor, :act, :user_id, :detail)",
        at=at,
        actor=by,
        act=act,
        user_id=user_id,
        detail=detail,
    )
