"""SQL of families: one function a statement. Who is in one is asked of `kernel.family`."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from ..kernel.family import IN

_ROW = "id, admin_id, member_id, status, storage_limit, invited_at"


@dataclass(frozen=True, slots=True)
class Row:
    """One person's place in one family."""

    id: str
    admin_id: int
    member_id: int
    status: str
    storage_limit: int | None
    invited_at: int


def by_id(tx: Tx, row_id: str) -> Row | None:
    row = tx.one(f"SELECT {_ROW} FROM family_members WHERE id = :id", id=row_id)
    return None if row is None else Row(*row)


def of_pair(tx: Tx, admin_id: int, member_id: int) -> Row | None:
    row = tx.one(f"SELECT {_ROW} FROM family_members WHERE admin_id = :admin_id AND member_id = :member_id", admin_id=admin_id, member_id=member_id)
    return None if row is None else Row(*row)


def place(tx: Tx, user_id: int) -> Row | None:
    """The row that makes this person one of a family."""
    row = tx.one(f"SELECT {_ROW} FROM family_members WHERE member_id = :user_id AND status IN {IN}", user_id=user_id)
    return None if row is None else Row(*row)


@dataclass(frozen=True, slots=True)
class Listed:
    """A member or an invited person with their address and the bytes of their photos."""

    id: str
    member_id: int
    status: str
    storage_limit: int | None
    email_cipher: bytes
    email_nonce: bytes
    bytes: int


def listed(tx: Tx, admin_id: int) -> list[Listed]:
    """Who is in a family or invited, its admin first."""
    rows = tx.all(
        "SELECT m.id, m.member_id, m.status, m.storage_limit, u.email_cipher, u.email_nonce, COALESCE(g.bytes, 0) FROM family_members m "
        "JOIN users u ON u.user_id = m.member_id LEFT JOIN usage g ON g.user_id = m.member_id AND g.app = 'photos' "
        "WHERE m.admin_id = :admin_id AND m.status IN ('SELF', 'INVITED', 'ACCEPTED') AND u.deleted_at IS NULL "
        "ORDER BY CASE WHEN m.status = 'SELF' THEN 0 ELSE 1 END, m.invited_at, m.id",
        admin_id=admin_id,
    )
    return [Listed(*row) for row in rows]


def admins(tx: Tx) -> list[int]:
    """Of every family; for the operator."""
    return [user_id for (user_id,) in tx.all("SELECT admin_id FROM family_members WHERE status = 'SELF' ORDER BY admin_id")]


def save(tx: Tx, row: Row) -> None:
    """A place, whatever the pair's place was before."""
    tx.run(
        f"INSERT INTO family_members ({_ROW}) VALUES (:id, :admin_id, :member_id, :status, :storage_limit, :invited_at) "
        "ON CONFLICT (admin_id, member_id) DO UPDATE SET status = excluded.status, storage_limit = excluded.storage_limit, "
        "invited_at = excluded.invited_at",
        of=row,
    )


def set_status(tx: Tx, row_id: str, status: str) -> None:
    tx.run("UPDATE family_members SET status = :status WHERE id = :id", status=status, id=row_id)


def set_limit(tx: Tx, row_id: str, limit: int | None) -> None:
    tx.run("UPDATE family_members SET storage_limit = :limit WHERE id = :id", limit=limit, id=row_id)


def decline_others(tx: Tx, member_id: int) -> None:
    """Whoever joins a family declines the other invitations."""
    tx.run("UPDATE family_members SET status = 'DECLINED' WHERE member_id = :member_id AND status = 'INVITED'", member_id=member_id)


def forget_led(tx: Tx, user_id: int) -> None:
    """The family of this admin with all its places and invitations."""
    tx.run("DELETE FROM family_members WHERE admin_id = :user_id", user_id=user_id)


def forget_places(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM family_members WHERE member_id = :user_id", user_id=user_id)
