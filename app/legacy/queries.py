"""SQL of trusted people and their recoveries: one function a statement. Trust is locked before a recovery, an account before both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..db import Tx
from ..db.engine import Row


@dataclass(frozen=True, slots=True)
class Trust:
    """`key` is None once the trust has ended."""

    user_id: int
    contact_id: int
    state: str
    notice_days: int
    key: str | None


@dataclass(frozen=True, slots=True)
class Recovery:
    id: str
    user_id: int
    contact_id: int
    status: str
    wait_till: int
    remind_at: int
    created_at: int


Sealed = tuple[bytes, bytes]
"""An address at rest: cipher and nonce."""

_TRUST = "SELECT user_id, contact_id, state, notice_days, encrypted_key FROM emergency_contacts "
_RECOVERY = "SELECT id, user_id, contact_id, status, wait_till, remind_at, created_at FROM emergency_recoveries "


# --- trust
def lock_trust(tx: Tx, user_id: int, contact_id: int) -> Trust | None:
    """The row, which stands still until COMMIT."""
    row = tx.one(_TRUST + "WHERE user_id = :user_id AND contact_id = :contact_id FOR UPDATE", user_id=user_id, contact_id=contact_id)
    return None if row is None else Trust(*row)


def trust(tx: Tx, user_id: int, contact_id: int) -> Trust | None:
    row = tx.one(_TRUST + "WHERE user_id = :user_id AND contact_id = :contact_id", user_id=user_id, contact_id=contact_id)
    return None if row is None else Trust(*row)


def lock_all_trust(tx: Tx, person: int) -> list[Trust]:
    """Everybody this person trusts or is trusted by, in one order for everybody."""
    rows = tx.all(_TRUST + "WHERE user_id = :person OR contact_id = :person ORDER BY user_id, contact_id FOR UPDATE", person=person)
    return [Trust(*row) for row in rows]


def count_trust(tx: Tx, user_id: int) -> int:
    """Everybody this person trusts or has trusted."""
    return int(tx.value("SELECT count(*) FROM emergency_contacts WHERE user_id = :user_id", user_id=user_id))


def invite(tx: Tx, t: Trust, now: int) -> int:
    """1, or 0 where trust stands already."""
    return tx.run(
        "INSERT INTO emergency_contacts (user_id, contact_id, state, notice_days, encrypted_key, created_at, updated_at) "
        "VALUES (:user_id, :contact_id, 'INVITED', :days, :key, :now, :now) ON CONFLICT (user_id, contact_id) DO UPDATE SET "
        "state = excluded.state, notice_days = excluded.notice_days, encrypted_key = excluded.encrypted_key, updated_at = excluded.updated_at "
        "WHERE emergency_contacts.state NOT IN ('INVITED', 'ACCEPTED')",
        user_id=t.user_id,
        contact_id=t.contact_id,
        days=t.notice_days,
        key=t.key,
        now=now,
    )


def set_state(tx: Tx, t: Trust, now: int) -> None:
    tx.run(
        "UPDATE emergency_contacts SET state = :state, encrypted_key = :key, updated_at = :now WHERE user_id = :user_id AND contact_id = :contact_id",
        user_id=t.user_id,
        contact_id=t.contact_id,
        state=t.state,
        key=t.key,
        now=now,
    )


def set_notice(tx: Tx, user_id: int, contact_id: int, days: int, now: int) -> None:
    tx.run(
        "UPDATE emergency_contacts SET notice_days = :days, updated_at = :now WHERE user_id = :user_id AND contact_id = :contact_id",
        user_id=user_id,
        contact_id=contact_id,
        days=days,
        now=now,
    )


# --- recoveries
def recovery(tx: Tx, recovery_id: str) -> Recovery | None:
    """By its id alone: who may see it is the caller's to say, because strangers and parties are refused differently."""
    row = tx.one(_RECOVERY + "WHERE id = :id", id=recovery_id)
    return None if row is None else Recovery(*row)


def lock_recovery(tx: Tx, user_id: int, contact_id: int) -> Recovery | None:
    """The last one of this pair."""
    row = tx.one(_RECOVERY + "WHERE user_id = :user_id AND contact_id = :contact_id FOR UPDATE", user_id=user_id, contact_id=contact_id)
    return None if row is None else Recovery(*row)


def begin(tx: Tx, r: Recovery) -> None:
    """Takes the row of the pair's last recovery, which has ended."""
    tx.run(
        "INSERT INTO emergency_recoveries (id, user_id, contact_id, status, wait_till, remind_at, created_at, updated_at) "
        "VALUES (:id, :user_id, :contact_id, :status, :wait_till, :remind_at, :now, :now) ON CONFLICT (user_id, contact_id) DO UPDATE SET "
        "id = excluded.id, status = excluded.status, wait_till = excluded.wait_till, remind_at = excluded.remind_at, "
        "created_at = excluded.created_at, updated_at = excluded.updated_at",
        id=r.id,
        user_id=r.user_id,
        contact_id=r.contact_id,
        status=r.status,
        wait_till=r.wait_till,
        remind_at=r.remind_at,
        now=r.created_at,
    )


def set_status(tx: Tx, recovery_id: str, status: str, now: int) -> int:
    """Only of one that is under way."""
    return tx.run(
        "UPDATE emergency_recoveries SET status = :status, updated_at = :now WHERE id = :id AND status IN ('WAITING', 'READY')",
        id=recovery_id,
        status=status,
        now=now,
    )


def open_now(tx: Tx, recovery_id: str, now: int) -> int:
    return tx.run(
        "UPDATE emergency_recoveries SET status = 'READY', wait_till = :now, updated_at = :now WHERE id = :id AND status IN ('WAITING', 'READY')",
        id=recovery_id,
        now=now,
    )


def look_later(tx: Tx, recovery_id: str, remind_at: int) -> None:
    tx.run("UPDATE emergency_recoveries SET remind_at = :at WHERE id = :id AND status = 'WAITING'", id=recovery_id, at=remind_at)


def due(tx: Tx, now: int, limit: int) -> list[Recovery]:
    rows = tx.all(_RECOVERY + "WHERE status = 'WAITING' AND remind_at <= :now ORDER BY remind_at LIMIT :limit FOR UPDATE", now=now, limit=limit)
    return [Recovery(*row) for row in rows]


# --- what both sides see
Seen = tuple[Trust, Sealed, Sealed, Recovery | None]
"""(trust, owner's address, trusted person's address, recovery under way)."""

_SEEN = (
    "SELECT e.user_id, e.contact_id, e.state, e.notice_days, u.email_cipher, u.email_nonce, c.email_cipher, c.email_nonce, "
    "r.id, r.status, r.wait_till, r.created_at FROM emergency_contacts e JOIN users u ON u.user_id = e.user_id "
    "JOIN users c ON c.user_id = e.contact_id LEFT JOIN emergency_recoveries r ON r.user_id = e.user_id AND r.contact_id = e.contact_id "
    "AND r.status IN ('WAITING', 'READY') "
)
_LIVE = "AND e.state IN ('INVITED', 'ACCEPTED') AND u.deleted_at IS NULL AND c.deleted_at IS NULL ORDER BY e.created_at, e.user_id, e.contact_id "


def trusted_by(tx: Tx, user_id: int, limit: int) -> list[Seen]:
    """People this person trusts."""
    return _seen(tx.all(_SEEN + "WHERE e.user_id = :user_id " + _LIVE + "LIMIT :limit", user_id=user_id, limit=limit))


def trusting(tx: Tx, contact_id: int, limit: int) -> list[Seen]:
    """People who trust this person."""
    return _seen(tx.all(_SEEN + "WHERE e.contact_id = :contact_id " + _LIVE + "LIMIT :limit", contact_id=contact_id, limit=limit))


def _seen(rows: Sequence[Row]) -> list[Seen]:
    out: list[Seen] = []
    for user_id, contact_id, state, days, uc, un, cc, cn, recovery_id, status, wait_till, created_at in rows:
        under_way = None if recovery_id is None else Recovery(recovery_id, user_id, contact_id, status, wait_till, 0, created_at)
        out.append((Trust(user_id, contact_id, state, days, None), (uc, un), (cc, cn), under_way))
    return out


def drop_recoveries(tx: Tx, person: int) -> int:
    """Recoveries of a person's account and by them."""
    return tx.run("DELETE FROM emergency_recoveries WHERE user_id = :person OR contact_id = :person", person=person)


def drop_trust(tx: Tx, person: int) -> int:
    """Whom a person trusted, and who trusted them."""
    return tx.run("DELETE FROM emergency_contacts WHERE user_id = :person OR contact_id = :person", person=person)
