"""SQL of casts: one function a statement."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from .wire import Device, Keys


@dataclass(frozen=True, slots=True)
class Watching:
    """A TV that shows an album for a person who still takes part in it."""

    cast_id: str
    user_id: int
    collection_id: int
    app: str
    last_used_at: int


def insert(tx: Tx, cast_id: str, code: str, keys: Keys, where: tuple[str, str], now: int) -> bool:
    """A code for a TV at (address, name); False when the code is taken."""
    ip, name = where
    return bool(
        tx.run(
            "INSERT INTO casts (cast_id, code, public_key, pq_public_key, ip, device_name, created_at, last_used_at) "
            "VALUES (:cast_id, :code, :key, :pq_key, :ip, :name, :now, :now) ON CONFLICT (code) DO NOTHING",
            cast_id=cast_id,
            code=code,
            key=keys.public_key,
            pq_key=keys.pq_public_key or None,
            ip=ip,
            name=name,
            now=now,
        )
    )


def unanswered(tx: Tx) -> int:
    return int(tx.value("SELECT count(*) FROM casts WHERE user_id IS NULL"))


def drop_oldest_unanswered(tx: Tx) -> None:
    tx.run("DELETE FROM casts WHERE cast_id IN (SELECT cast_id FROM casts WHERE user_id IS NULL ORDER BY last_used_at LIMIT 1)")


def by_code(tx: Tx, code: str, since: int) -> tuple[Keys, str | None] | None:
    """What a TV offered, and what a phone answered, of a code made after `since` (µs) or answered since."""
    row = tx.one(
        "SELECT public_key, pq_public_key, payload FROM casts WHERE code = :code AND (user_id IS NOT NULL OR created_at > :since)",
        code=code,
        since=since,
    )
    return None if row is None else (Keys(public_key=row[0], pq_public_key=row[1] or ""), row[2])


def sessions_of(tx: Tx, user_id: int) -> int:
    return int(tx.value("SELECT count(*) FROM casts WHERE user_id = :user_id", user_id=user_id))


def answer(tx: Tx, code: str, user_id: int, collection_id: int, token_hash: str, payload: str, at: tuple[int, int], since: int) -> str | None:
    """Make a session of a code at (now, stamp); its id, None for a code that is unknown, over or another person's, and for no album."""
    found = tx.value(
        "UPDATE casts SET user_id = :user_id, collection_id = :collection_id, token_hash = :token_hash, payload = :payload, claimed_at = :claimed, "
        "last_used_at = :now WHERE code = :code AND (user_id = :user_id OR (user_id IS NULL AND created_at > :since)) "
        "AND EXISTS (SELECT 1 FROM collections c WHERE c.collection_id = :collection_id) RETURNING cast_id",
        code=code,
        user_id=user_id,
        collection_id=collection_id,
        token_hash=token_hash,
        payload=payload,
        now=at[0],
        claimed=at[1],
        since=since,
    )
    return None if found is None else str(found)


def is_taken(tx: Tx, token_hash: str, code: str) -> bool:
    return tx.value("SELECT 1 FROM casts WHERE token_hash = :token_hash AND code <> :code", token_hash=token_hash, code=code) is not None


def watching(tx: Tx, token_hash: str, since: int) -> Watching | None:
    """The session of a token, if it was used after `since` (µs) and its person has not left the album meanwhile, even if they are back."""
    row = tx.one(
        "SELECT t.cast_id, t.user_id, t.collection_id, c.app, t.last_used_at FROM casts t "
        "JOIN collections c ON c.collection_id = t.collection_id AND NOT c.is_deleted "
        "JOIN users u ON u.user_id = t.user_id AND u.deleted_at IS NULL "
        "WHERE t.token_hash = :token_hash AND t.last_used_at > :since AND (c.owner_id = t.user_id OR EXISTS (SELECT 1 FROM collection_shares s "
        "WHERE s.collection_id = t.collection_id AND s.to_user_id = t.user_id AND NOT s.is_deleted AND s.shared_at <= t.claimed_at))",
        token_hash=token_hash,
        since=since,
    )
    return None if row is None else Watching(*row)


def touch(tx: Tx, cast_id: str, now: int) -> None:
    tx.run("UPDATE casts SET last_used_at = :now WHERE cast_id = :cast_id", cast_id=cast_id, now=now)


def devices(tx: Tx, user_id: int, since: int) -> list[Device]:
    """A person's sessions that were used after `since` (µs), newest first."""
    rows = tx.all(
        "SELECT cast_id, collection_id, ip, last_used_at, device_name FROM casts WHERE user_id = :user_id AND last_used_at > :since "
        "ORDER BY claimed_at DESC, cast_id",
        user_id=user_id,
        since=since,
    )
    return [Device(device_id=i, collection_id=c, device_ip=ip, last_used_at=at, device_name=name) for i, c, ip, at, name in rows]


def delete(tx: Tx, user_id: int, cast_id: str) -> None:
    tx.run("DELETE FROM casts WHERE cast_id = :cast_id AND user_id = :user_id", cast_id=cast_id, user_id=user_id)


def delete_all(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM casts WHERE user_id = :user_id", user_id=user_id)


def delete_expired(tx: Tx, codes_before: int, sessions_before: int) -> int:
    """Codes made, and sessions last used, before these times (µs)."""
    return tx.run(
        "DELETE FROM casts WHERE last_used_at <= :codes AND (user_id IS NULL OR last_used_at <= :sessions)",
        codes=codes_before,
        sessions=sessions_before,
    )
