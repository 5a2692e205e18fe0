"""SQL of an import: it writes every table, rows as they once were. One function a statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...db import Tx
from ...db.engine import Row

IDENTITY = {
    "album_link_devices": "link_id, ip, user_agent", "album_links": "token_hash", "anon_profiles": "anon_id", "authenticator_entities": "id",
    "authenticator_keys": "user_id", "casts": "cast_id", "collection_actions": "id", "collection_files": "collection_id, file_id",
    "collection_shares": "collection_id, to_user_id", "collections": "collection_id", "comments": "comment_id", "contacts": "id",
    "emergency_contacts": "user_id, contact_id", "emergency_recoveries": "id", "entities": "user_id, id", "entity_keys": "user_id, type",
    "family_members": "id", "feeds": "user_id", "file_data": "file_id, type", "file_link_devices": "link_id, ip, user_agent",
    "file_links": "link_id", "files": "file_id", "key_attributes": "user_id", "legacy_kit_openings": "token_hash",
    "legacy_kit_sessions": "id", "legacy_kits": "id", "memory_share_files": "memory_id, file_id", "memory_shares": "memory_id",
    "passkey_recovery": "user_id", "passkeys": "passkey_id", "pastes": "token_hash", "push_tokens": "fcm_token", "reactions": "reaction_id",
    "remote_store": "user_id, key_name", "sessions": "token_hash", "srp_auth": "user_id", "totp": "user_id", "trash": "file_id",
    "users": "user_id",
}  # fmt: skip
"""What makes a row of a table the same one when an import is run again."""
NUMBERED = (("users", "user_id"), ("collections", "collection_id"), ("files", "file_id"), ("memory_shares", "memory_id"))


def everybody(tx: Tx) -> list[Row]:
    """(account, opened at), deleted ones too."""
    return tx.all("SELECT user_id, created_at FROM users")


def put(tx: Tx, table: str, values: Mapping[str, Any]) -> None:
    """A row that is not there yet; one that is stays as it is."""
    tx.run(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(f':{column}' for column in values)}) "
        f"ON CONFLICT ({IDENTITY[table]}) DO NOTHING",
        **values,
    )


def put_object(tx: Tx, row: Mapping[str, Any], now: int) -> None:
    """An object that came; one that was missing in an earlier run, with the size that it turned out to have."""
    tx.run(
        "INSERT INTO objects (object_key, owner_id, store, size, state, created_at) VALUES (:object_key, :owner_id, :store, :size, :state, :now) "
        "ON CONFLICT (object_key) DO UPDATE SET size = excluded.size, store = excluded.store WHERE objects.size = 0",
        now=now,
        **row,
    )


def object_id(tx: Tx, key: str) -> int | None:
    found = tx.value("SELECT object_id FROM objects WHERE object_key = :key", key=key)
    return None if found is None else int(found)


def link_id(tx: Tx, token_hash: str) -> int | None:
    found = tx.value("SELECT link_id FROM album_links WHERE token_hash = :token_hash", token_hash=token_hash)
    return None if found is None else int(found)


def continue_numbers(tx: Tx, engine: str) -> None:
    """Rows that came with their numbers are behind what the database gives out next. SQLite sees to that by itself."""
    if engine == "sqlite":
        return
    for table, column in NUMBERED:
        tx.value(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), GREATEST(nextval(pg_get_serial_sequence('{table}', '{column}')), "
            f"(SELECT COALESCE(max({column}), 0) + 1 FROM {table})), false)"
        )
