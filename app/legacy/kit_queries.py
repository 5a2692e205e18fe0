"""SQL of recovery kits, their recoveries and who opened them: one function a statement. A kit is locked before its session."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from ..db.engine import Row


@dataclass(frozen=True, slots=True)
class Kit:
    """A kit that is there. Blobs and key are base64 as received."""

    id: str
    user_id: int
    notice_hours: int
    recovery_blob: str
    owner_blob: str
    auth_public_key: str
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    kit_id: str
    status: str
    wait_till: int
    remind_at: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Opening:
    """Who opened a kit when, and with which parts (JSON)."""

    token_hash: bytes
    session_id: str
    challenge_hash: bytes
    part_indexes: str
    ip: str
    user_agent: str
    created_at: int


_KIT = "SELECT k.id, k.user_id, k.notice_hours, k.recovery_blob, k.owner_blob, k.auth_public_key, k.created_at, k.updated_at FROM legacy_kits k "
_SESSION = "SELECT s.id, s.kit_id, s.status, s.wait_till, s.remind_at, s.created_at FROM legacy_kit_sessions s "


# --- kits
def kit(tx: Tx, user_id: int, kit_id: str) -> Kit | None:
    """A kit of this person."""
    row = tx.one(_KIT + "WHERE k.id = :id AND k.user_id = :user_id AND k.deleted_at IS NULL", id=kit_id, user_id=user_id)
    return None if row is None else Kit(*row)


def lock_kit(tx: Tx, user_id: int, kit_id: str) -> Kit | None:
    """A kit of this person, which stands still until COMMIT."""
    row = tx.one(_KIT + "WHERE k.id = :id AND k.user_id = :user_id AND k.deleted_at IS NULL FOR UPDATE", id=kit_id, user_id=user_id)
    return None if row is None else Kit(*row)


def found_kit(tx: Tx, kit_id: str) -> Kit | None:
    """For a finder, who has no account here: any kit of an account that is there."""
    row = tx.one(
        _KIT + "JOIN users u ON u.user_id = k.user_id WHERE k.id = :id AND k.deleted_at IS NULL AND u.deleted_at IS NULL",
        id=kit_id,
    )
    return None if row is None else Kit(*row)


def is_taken(tx: Tx, kit_id: str) -> bool:
    """Whether there is or was a kit with this id."""
    return tx.value("SELECT 1 FROM legacy_kits WHERE id = :id", id=kit_id) is not None


def kits(tx: Tx, user_id: int) -> list[Kit]:
    """Newest first."""
    rows = tx.all(_KIT + "WHERE k.user_id = :user_id AND k.deleted_at IS NULL ORDER BY k.created_at DESC, k.id", user_id=user_id)
    return [Kit(*row) for row in rows]


def count_all(tx: Tx, user_id: int) -> int:
    """Kits of this person, and deleted ones that are still remembered."""
    return int(tx.value("SELECT count(*) FROM legacy_kits WHERE user_id = :user_id", user_id=user_id))


def insert(tx: Tx, k: Kit) -> None:
    tx.run(
        "INSERT INTO legacy_kits (id, user_id, notice_hours, recovery_blob, owner_blob, auth_public_key, created_at, updated_at) "
        "VALUES (:id, :user_id, :hours, :recovery_blob, :owner_blob, :public_key, :now, :now)",
        id=k.id,
        user_id=k.user_id,
        hours=k.notice_hours,
        recovery_blob=k.recovery_blob,
        owner_blob=k.owner_blob,
        public_key=k.auth_public_key,
        now=k.created_at,
    )


def set_notice(tx: Tx, user_id: int, kit_id: str, hours: int, now: int) -> None:
    tx.run(
        "UPDATE legacy_kits SET notice_hours = :hours, updated_at = :now WHERE id = :id AND user_id = :user_id",
        id=kit_id,
        user_id=user_id,
        hours=hours,
        now=now,
    )


def bury(tx: Tx, user_id: int, kit_id: str, now: int) -> None:
    """What the kit opened is gone; the row stays for a while, for those who have begun to use it."""
    tx.run(
        "UPDATE legacy_kits SET recovery_blob = NULL, owner_blob = NULL, deleted_at = :now, updated_at = :now WHERE id = :id AND user_id = :user_id",
        id=kit_id,
        user_id=user_id,
        now=now,
    )


# --- recoveries
def active(tx: Tx, kit_id: str) -> Session | None:
    """The one under way."""
    row = tx.one(_SESSION + "WHERE s.kit_id = :kit_id AND s.status IN ('WAITING', 'READY')", kit_id=kit_id)
    return None if row is None else Session(*row)


def all_active(tx: Tx, user_id: int) -> list[Session]:
    """Those under way with any of this person's kits."""
    rows = tx.all(
        _SESSION + "JOIN legacy_kits k ON k.id = s.kit_id WHERE k.user_id = :user_id AND s.status IN ('WAITING', 'READY') ORDER BY s.id",
        user_id=user_id,
    )
    return [Session(*row) for row in rows]


def presented(tx: Tx, session_id: str, token_hash: bytes) -> tuple[Session, int] | None:
    """(session, the kit's owner) for who shows a token of it."""
    row = tx.one(
        "SELECT s.id, s.kit_id, s.status, s.wait_till, s.remind_at, s.created_at, k.user_id FROM legacy_kit_openings o "
        "JOIN legacy_kit_sessions s ON s.id = o.session_id JOIN legacy_kits k ON k.id = s.kit_id "
        "WHERE o.token_hash = :token_hash AND o.session_id = :session_id",
        token_hash=token_hash,
        session_id=session_id,
    )
    return None if row is None else (Session(*row[:6]), row[6])


def begin(tx: Tx, s: Session) -> None:
    tx.run(
        "INSERT INTO legacy_kit_sessions (id, kit_id, status, wait_till, remind_at, created_at, updated_at) "
        "VALUES (:id, :kit_id, :status, :wait_till, :remind_at, :now, :now)",
        id=s.id,
        kit_id=s.kit_id,
        status=s.status,
        wait_till=s.wait_till,
        remind_at=s.remind_at,
        now=s.created_at,
    )


def set_status(tx: Tx, session_id: str, status: str, now: int) -> int:
    """Only of one that is under way."""
    return tx.run(
        "UPDATE legacy_kit_sessions SET status = :status, updated_at = :now WHERE id = :id AND status IN ('WAITING', 'READY')",
        id=session_id,
        status=status,
        now=now,
    )


def look_later(tx: Tx, session_id: str, remind_at: int) -> None:
    tx.run("UPDATE legacy_kit_sessions SET remind_at = :at WHERE id = :id AND status = 'WAITING'", id=session_id, at=remind_at)


def due(tx: Tx, now: int, limit: int) -> list[tuple[Session, int]]:
    """(session, the kit's owner)."""
    rows = tx.all(
        "SELECT s.id, s.kit_id, s.status, s.wait_till, s.remind_at, s.created_at, k.user_id FROM legacy_kit_sessions s "
        "JOIN legacy_kits k ON k.id = s.kit_id WHERE s.status = 'WAITING' AND s.remind_at <= :now ORDER BY s.remind_at LIMIT :limit FOR UPDATE OF s",
        now=now,
        limit=limit,
    )
    return [(Session(*row[:6]), row[6]) for row in rows]


# --- openings
def note_opening(tx: Tx, o: Opening) -> bool:
    """False when this challenge was used before."""
    return bool(
        tx.run(
            "INSERT INTO legacy_kit_openings (token_hash, session_id, challenge_hash, part_indexes, ip, user_agent, created_at) "
            "VALUES (:token_hash, :session_id, :challenge_hash, :parts, :ip, :user_agent, :now) ON CONFLICT (challenge_hash) DO NOTHING",
            token_hash=o.token_hash,
            session_id=o.session_id,
            challenge_hash=o.challenge_hash,
            parts=o.part_indexes,
            ip=o.ip,
            user_agent=o.user_agent,
            now=o.created_at,
        )
    )


def count_openings(tx: Tx, kit_id: str, since: int) -> int:
    return int(
        tx.value(
            "SELECT count(*) FROM legacy_kit_openings o JOIN legacy_kit_sessions s ON s.id = o.session_id "
            "WHERE s.kit_id = :kit_id AND o.created_at > :since",
            kit_id=kit_id,
            since=since,
        )
    )


def openings(tx: Tx, session_id: str, limit: int) -> list[Row]:
    """(parts as JSON, address, user agent), the first ones first."""
    return tx.all(
        "SELECT part_indexes, ip, user_agent FROM legacy_kit_openings WHERE session_id = :session_id ORDER BY created_at LIMIT :limit",
        session_id=session_id,
        limit=limit,
    )


# --- what is over
def of_the_gone(tx: Tx, before: int, limit: int) -> list[tuple[str, int]]:
    """(id, owner) of kits whose account was deleted before (µs)."""
    rows = tx.all(
        "SELECT k.id, k.user_id FROM legacy_kits k JOIN users u ON u.user_id = k.user_id "
        "WHERE k.deleted_at IS NULL AND u.deleted_at < :before LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [(kit_id, user_id) for kit_id, user_id in rows]


def over(tx: Tx, before: int, limit: int) -> list[str]:
    """Recoveries that ended before (µs)."""
    rows = tx.all("SELECT id FROM legacy_kit_sessions WHERE status NOT IN ('WAITING', 'READY') AND updated_at < :before LIMIT :limit",
                  before=before, limit=limit)  # fmt: skip
    return [session_id for (session_id,) in rows]


def drop_sessions(tx: Tx, session_ids: list[str]) -> None:
    tx.run("DELETE FROM legacy_kit_sessions WHERE id IN (:ids[])", ids=session_ids)


def drop_openings(tx: Tx, session_ids: list[str]) -> None:
    tx.run("DELETE FROM legacy_kit_openings WHERE session_id IN (:ids[])", ids=session_ids)


def drop_kits(tx: Tx, before: int) -> int:
    """Kits that were deleted before (µs) and that no recovery names."""
    return tx.run(
        "DELETE FROM legacy_kits WHERE deleted_at < :before AND NOT EXISTS (SELECT 1 FROM legacy_kit_sessions s WHERE s.kit_id = legacy_kits.id)",
        before=before,
    )
