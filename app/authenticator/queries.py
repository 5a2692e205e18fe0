"""SQL of the authenticator: one function a statement."""

from __future__ import annotations

from ..db import Tx
from .wire import Entity, Key

PAGE = 32 << 20  # characters of codes on a page
_ENTITY = "id, user_id, encrypted_data, header, is_deleted, created_at, updated_at"


def key(tx: Tx, user_id: int) -> Key | None:
    row = tx.one("SELECT encrypted_key, header, created_at FROM authenticator_keys WHERE user_id = :user_id", user_id=user_id)
    return None if row is None else Key(user_id=user_id, encrypted_key=row[0], header=row[1], created_at=row[2])


def insert_key(tx: Tx, user_id: int, encrypted_key: str, header: str, now: int) -> bool:
    """False when there is a key already."""
    return bool(
        tx.run(
            "INSERT INTO authenticator_keys (user_id, encrypted_key, header, created_at) VALUES (:user_id, :encrypted_key, :header, :now) "
            "ON CONFLICT (user_id) DO NOTHING",
            user_id=user_id,
            encrypted_key=encrypted_key,
            header=header,
            now=now,
        )
    )


def insert_entity(tx: Tx, entity: Entity) -> None:
    tx.run(
        "INSERT INTO authenticator_entities (id, user_id, encrypted_data, header, created_at, updated_at) "
        "VALUES (:id, :user_id, :encrypted_data, :header, :created_at, :updated_at)",
        of=entity,
    )


def is_deleted(tx: Tx, user_id: int, entity_id: str) -> bool | None:
    """None when this user has no such code."""
    found = tx.value("SELECT is_deleted FROM authenticator_entities WHERE id = :id AND user_id = :user_id", id=entity_id, user_id=user_id)
    return None if found is None else bool(found)


def update_entity(tx: Tx, user_id: int, entity_id: str, data: str | None, header: str | None, stamp: int) -> int:
    """Replace a live code's payload; null payloads make it a tombstone."""
    return tx.run(
        "UPDATE authenticator_entities SET encrypted_data = :data, header = :header, is_deleted = :gone, updated_at = :stamp "
        "WHERE id = :id AND user_id = :user_id AND NOT is_deleted",
        id=entity_id,
        user_id=user_id,
        data=data,
        header=header,
        gone=data is None,
        stamp=stamp,
    )


def changed_since(tx: Tx, user_id: int, since: int, limit: int) -> list[Entity]:
    rows = tx.part(
        f"SELECT {_ENTITY} FROM authenticator_entities WHERE user_id = :user_id AND updated_at > :since ORDER BY updated_at LIMIT :limit",
        (2,),
        PAGE,
        user_id=user_id,
        since=since,
        limit=limit,
    )
    return [Entity(id=i, user_id=u, encrypted_data=d, header=h, is_deleted=bool(gone), created_at=c, updated_at=t) for i, u, d, h, gone, c, t in rows]


def forget_some(tx: Tx, user_id: int, limit: int) -> int:
    """Remove up to so many of a person's; how many there were."""
    sql = (
        "DELETE FROM authenticator_entities WHERE user_id = :user_id "
        "AND id IN (SELECT id FROM authenticator_entities WHERE user_id = :user_id LIMIT :limit)"
    )
    return tx.run(sql, user_id=user_id, limit=limit)


def forget_person(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM authenticator_entities WHERE user_id = :user_id", user_id=user_id)
    tx.run("DELETE FROM authenticator_keys WHERE user_id = :user_id", user_id=user_id)
