"""SQL of the entities: one function a statement."""

from __future__ import annotations

from ..db import Tx
from ..db.engine import Row
from .wire import Entity, Key

PAGE = 32 << 20  # characters of records on a page: apps that are given less than they asked for ask for the rest at their next sync
_ENTITY = "id, user_id, type, encrypted_data, header, is_deleted, created_at, updated_at"


def _entity(row: Row) -> Entity:
    i, u, kind, data, header, gone, created, updated = row
    return Entity(id=i, user_id=u, type=kind, encrypted_data=data, header=header, is_deleted=bool(gone), created_at=created, updated_at=updated)


def key(tx: Tx, user_id: int, kind: str) -> Key | None:
    row = tx.one("SELECT encrypted_key, header, created_at FROM entity_keys WHERE user_id = :user_id AND type = :kind", user_id=user_id, kind=kind)
    return None if row is None else Key(user_id=user_id, type=kind, encrypted_key=row[0], header=row[1], created_at=row[2])


def insert_key(tx: Tx, user_id: int, kind: str, encrypted_key: str, header: str, now: int) -> bool:
    """False when there is a key of this type already."""
    return bool(
        tx.run(
            "INSERT INTO entity_keys (user_id, type, encrypted_key, header, created_at) VALUES (:user_id, :kind, :encrypted_key, :header, :now) "
            "ON CONFLICT (user_id, type) DO NOTHING",
            user_id=user_id,
            kind=kind,
            encrypted_key=encrypted_key,
            header=header,
            now=now,
        )
    )


def entity(tx: Tx, user_id: int, entity_id: str) -> Entity | None:
    row = tx.one(f"SELECT {_ENTITY} FROM entities WHERE user_id = :user_id AND id = :id", user_id=user_id, id=entity_id)
    return None if row is None else _entity(row)


def insert(tx: Tx, user_id: int, entity_id: str, kind: str, data: str, header: str, stamp: int) -> Entity:
    row = tx.one(
        "INSERT INTO entities (user_id, id, type, encrypted_data, header, created_at, updated_at) "
        f"VALUES (:user_id, :id, :kind, :data, :header, :stamp, :stamp) RETURNING {_ENTITY}",
        user_id=user_id,
        id=entity_id,
        kind=kind,
        data=data,
        header=header,
        stamp=stamp,
    )
    assert row is not None
    return _entity(row)


def update(tx: Tx, user_id: int, entity_id: str, data: str | None, header: str | None, stamp: int) -> Entity:
    """Replace the payload of a record that is there; null payloads make it a tombstone."""
    row = tx.one(
        "UPDATE entities SET encrypted_data = :data, header = :header, is_deleted = :gone, updated_at = :stamp "
        f"WHERE user_id = :user_id AND id = :id RETURNING {_ENTITY}",
        user_id=user_id,
        id=entity_id,
        data=data,
        header=header,
        gone=data is None,
        stamp=stamp,
    )
    assert row is not None
    return _entity(row)


def changed_since(tx: Tx, user_id: int, kind: str, since: int, limit: int) -> list[Entity]:
    rows = tx.part(
        f"SELECT {_ENTITY} FROM entities WHERE user_id = :user_id AND type = :kind AND updated_at > :since ORDER BY updated_at LIMIT :limit",
        (3,),
        PAGE,
        user_id=user_id,
        kind=kind,
        since=since,
        limit=limit,
    )
    return [_entity(row) for row in rows]


def forget_some(tx: Tx, user_id: int, limit: int) -> int:
    """Remove up to so many of a person's; how many there were."""
    sql = "DELETE FROM entities WHERE user_id = :user_id AND id IN (SELECT id FROM entities WHERE user_id = :user_id LIMIT :limit)"
    return tx.run(sql, user_id=user_id, limit=limit)


def forget_person(tx: Tx, user_id: int) -> None:
    tx.run("DELETE FROM entities WHERE user_id = :user_id", user_id=user_id)
    tx.run("DELETE FROM entity_keys WHERE user_id = :user_id", user_id=user_id)
