"""Who is in whose family (misc.md §8): what quotas, automatic shares and the account's details ask. `app.families` alone writes it.

A family is its admin's: everybody in it stores on the admin's plan. At most one of a person's rows has the status SELF (the admin's own) or
ACCEPTED. The admin's row is the family's lock; it is taken after a person's own account and before albums and feeds (`kernel.sync`).
"""

from __future__ import annotations

from ..db import Tx

IN = "('SELF', 'ACCEPTED')"
"""SQL: the statuses of who is in a family."""


def admin_of(tx: Tx, user_id: int) -> int | None:
    """The admin of this person's family, themselves perhaps; None outside one."""
    found = tx.value(f"SELECT admin_id FROM family_members WHERE member_id = :user_id AND status IN {IN}", user_id=user_id)
    return None if found is None else int(found)


def lock(tx: Tx, user_id: int) -> None:
    """Lock the family of this person, if there is one: until COMMIT nobody stores on its plan, joins or leaves. Call it right after
    `sync.lock_account`."""
    tx.lock(
        "SELECT f.id FROM family_members f WHERE f.member_id = f.admin_id AND f.admin_id = "
        f"  (SELECT m.admin_id FROM family_members m WHERE m.member_id = :user_id AND m.status IN {IN}) FOR NO KEY UPDATE",
        user_id=user_id,
    )


def are_one(tx: Tx, a: int, b: int) -> bool:
    """Whether two people are in the same family."""
    hit = tx.value(
        "SELECT 1 FROM family_members m JOIN family_members o ON o.admin_id = m.admin_id "
        f"WHERE m.member_id = :a AND m.status IN {IN} AND o.member_id = :b AND o.status IN {IN}",
        a=a,
        b=b,
    )
    return hit is not None


def member_ids(tx: Tx, admin_id: int) -> list[int]:
    rows = tx.all(f"SELECT member_id FROM family_members WHERE admin_id = :admin_id AND status IN {IN} ORDER BY member_id", admin_id=admin_id)
    return [user_id for (user_id,) in rows]


def sharers(tx: Tx, user_id: int) -> list[int]:
    """Everybody who stores on the same plan as this person, who is among them."""
    admin_id = admin_of(tx, user_id)
    return [user_id] if admin_id is None else member_ids(tx, admin_id)


def stored(tx: Tx, admin_id: int, app: str) -> tuple[int, int]:
    """(bytes, files) of all in a family together."""
    row = tx.one(
        "SELECT CAST(SUM(g.bytes) AS BIGINT), CAST(SUM(g.files) AS BIGINT) FROM family_members m "
        f"JOIN usage g ON g.user_id = m.member_id AND g.app = :app WHERE m.admin_id = :admin_id AND m.status IN {IN}",
        admin_id=admin_id,
        app=app,
    )
    return (row[0] or 0, row[1] or 0) if row else (0, 0)
