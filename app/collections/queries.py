"""SQL of albums and their shares: one function a statement. Memberships of files are in `member_queries`."""

from __future__ import annotations

from typing import Any

from ..db import Tx
from ..db.engine import Part

Row = tuple[Any, ...]

ALBUM = (
    "c.collection_id, c.owner_id, c.app, c.type, c.encrypted_key, c.key_nonce, c.name, c.encrypted_name, c.name_nonce, c.attributes, "
    "c.magic_metadata, c.pub_magic_metadata, c.is_deleted, c.updation_time"
)
SHARE = "s.encrypted_key, s.magic_metadata, s.last_seen, s.shared_at, s.is_deleted, s.updation_time, u.email_cipher, u.email_nonce, s.role"


HEAVY = (6, 7, 9, 10, 11)
"""Indexes of the texts in a row of ALBUM that may be large; of one of ALBUM and SHARE too."""
SHARED_HEAVY = (*HEAVY, 15, 16)


def special(tx: Tx, owner_id: int, app: str, kind: str) -> Row | None:
    """The owner's favorites or uncategorized album in this app."""
    return tx.one(
        f"SELECT {ALBUM} FROM collections c WHERE c.owner_id = :owner_id AND c.app = :app AND c.type = :kind",
        owner_id=owner_id,
        app=app,
        kind=kind,
    )


def insert(tx: Tx, **column: Any) -> int:
    """A new album; its id."""
    return int(
        tx.value(
            "INSERT INTO collections (owner_id, app, type, encrypted_key, key_nonce, name, encrypted_name, name_nonce, attributes, "
            "magic_metadata, pub_magic_metadata, created_at, updation_time) VALUES (:owner_id, :app, :type, :encrypted_key, :key_nonce, "
            ":name, :encrypted_name, :name_nonce, :attributes, :magic_metadata, :pub_magic_metadata, :stamp, :stamp) RETURNING collection_id",
            **column,
        )
    )


def album(tx: Tx, collection_id: int) -> Row:
    """An album that access has been checked for."""
    row = tx.one(f"SELECT {ALBUM} FROM collections c WHERE c.collection_id = :id", id=collection_id)
    assert row is not None
    return row


def owned_since(tx: Tx, owner_id: int, app: str, since: int, limit: int, budget: int) -> Part:
    """Own albums changed after `since`, deleted ones too, ascending."""
    return tx.part(
        f"SELECT {ALBUM} FROM collections c WHERE c.owner_id = :owner_id AND c.app = :app AND c.updation_time > :since "
        "ORDER BY c.updation_time, c.collection_id LIMIT :limit",
        HEAVY,
        budget,
        owner_id=owner_id,
        app=app,
        since=since,
        limit=limit,
    )


def shared_since(tx: Tx, user_id: int, app: str, since: int, limit: int, budget: int) -> Part:
    """Albums of others, live ones by the album's version, ended shares by the share's own: a former sharee hears of the end and no more."""
    return tx.part(
        f"SELECT {ALBUM}, {SHARE} FROM collection_shares s JOIN collections c ON c.collection_id = s.collection_id "
        "JOIN users u ON u.user_id = c.owner_id WHERE s.to_user_id = :user_id AND c.app = :app AND "
        "((NOT s.is_deleted AND c.updation_time > :since) OR (s.is_deleted AND s.updation_time > :since)) "
        "ORDER BY CASE WHEN s.is_deleted THEN s.updation_time ELSE c.updation_time END, c.collection_id LIMIT :limit",
        SHARED_HEAVY,
        budget,
        user_id=user_id,
        app=app,
        since=since,
        limit=limit,
    )


def share_of(tx: Tx, collection_id: int, user_id: int) -> Row | None:
    """The sealed key of a live share."""
    return tx.one(
        "SELECT encrypted_key FROM collection_shares WHERE collection_id = :id AND to_user_id = :user_id AND NOT is_deleted",
        id=collection_id,
        user_id=user_id,
    )


def sharees(tx: Tx, collection_ids: list[int]) -> list[Row]:
    """(collection, user, e-mail cipher, nonce, role) of the live shares of these albums, accounts that still exist."""
    return tx.all(
        "SELECT s.collection_id, s.to_user_id, u.email_cipher, u.email_nonce, s.role FROM collection_shares s "
        "JOIN users u ON u.user_id = s.to_user_id WHERE s.collection_id IN (:ids[]) AND NOT s.is_deleted AND u.email_cipher IS NOT NULL "
        "ORDER BY s.shared_at, s.to_user_id",
        ids=collection_ids,
    )


def email_of(tx: Tx, user_id: int) -> Row | None:
    """(cipher, nonce) of an account's address; nulls when the account is deleted."""
    return tx.one("SELECT email_cipher, email_nonce FROM users WHERE user_id = :user_id", user_id=user_id)


def person_by_email(tx: Tx, collection_id: int, email_hash: str) -> int | None:
    """The owner or live sharee of an album who has an address."""
    found = tx.value(
        "SELECT u.user_id FROM users u JOIN collections c ON c.collection_id = :id WHERE u.email_hash = :email_hash AND (u.user_id = c.owner_id "
        "OR EXISTS (SELECT 1 FROM collection_shares s WHERE s.collection_id = c.collection_id AND s.to_user_id = u.user_id AND NOT s.is_deleted))",
        id=collection_id,
        email_hash=email_hash,
    )
    return None if found is None else int(found)


def share_ended(tx: Tx, collection_id: int, user_id: int) -> bool | None:
    """Whether somebody's share is a tombstone; None when there never was one."""
    found = tx.value(
        "SELECT CASE WHEN is_deleted THEN 1 ELSE 0 END FROM collection_shares WHERE collection_id = :id AND to_user_id = :user_id",
        id=collection_id,
        user_id=user_id,
    )
    return None if found is None else bool(found)


def rename(tx: Tx, collection_id: int, encrypted_name: str, nonce: str) -> None:
    """Also drops a plaintext name of old, which would hide the new one."""
    tx.run(
        "UPDATE collections SET name = '', encrypted_name = :encrypted_name, name_nonce = :nonce WHERE collection_id = :id",
        id=collection_id,
        encrypted_name=encrypted_name,
        nonce=nonce,
    )


def set_magic(tx: Tx, collection_id: int, text: str) -> None:
    tx.run("UPDATE collections SET magic_metadata = :text WHERE collection_id = :id", id=collection_id, text=text)


def set_public_magic(tx: Tx, collection_id: int, text: str) -> None:
    tx.run("UPDATE collections SET pub_magic_metadata = :text WHERE collection_id = :id", id=collection_id, text=text)


def set_sharee_magic(tx: Tx, collection_id: int, user_id: int, text: str, stamp: int) -> None:
    tx.run(
        "UPDATE collection_shares SET magic_metadata = :text, updation_time = :stamp "
        "WHERE collection_id = :id AND to_user_id = :user_id AND NOT is_deleted",
        id=collection_id,
        user_id=user_id,
        text=text,
        stamp=stamp,
    )


def mark_deleted(tx: Tx, collection_id: int) -> None:
    tx.run("UPDATE collections SET is_deleted = TRUE WHERE collection_id = :id", id=collection_id)


def upsert_share(tx: Tx, collection_id: int, user_id: int, key: str, role: str, stamp: int) -> None:
    """Share, or change the role of a share. A live share keeps its sealed key (it is the same album key) and its sharedAt."""
    tx.run(
        "INSERT INTO collection_shares (collection_id, to_user_id, encrypted_key, role, shared_at, updation_time) "
        "VALUES (:id, :user_id, :key, :role, :stamp, :stamp) ON CONFLICT (collection_id, to_user_id) DO UPDATE SET role = excluded.role, "
        "updation_time = excluded.updation_time, last_seen = NULL, "
        "encrypted_key = CASE WHEN collection_shares.is_deleted THEN excluded.encrypted_key ELSE collection_shares.encrypted_key END, "
        "shared_at = CASE WHEN collection_shares.is_deleted THEN excluded.shared_at ELSE collection_shares.shared_at END, is_deleted = FALSE",
        id=collection_id,
        user_id=user_id,
        key=key,
        role=role,
        stamp=stamp,
    )


def live_shares(tx: Tx, collection_ids: list[int]) -> list[Row]:
    """(collection, sharee, owner, name, encrypted name, name nonce, public metadata) of live shares: what each sharee knows of the album now."""
    return tx.all(
        "SELECT s.collection_id, s.to_user_id, c.owner_id, c.name, c.encrypted_name, c.name_nonce, c.pub_magic_metadata FROM collection_shares s "
        "JOIN collections c ON c.collection_id = s.collection_id WHERE s.collection_id IN (:ids[]) AND NOT s.is_deleted",
        ids=collection_ids,
    )


def end_shares(tx: Tx, ends: list[tuple[int, int, str]], stamp: int) -> None:
    """Turn shares (collection, sharee, what the sharee last saw as JSON) into tombstones."""
    tx.run(
        "UPDATE collection_shares SET is_deleted = TRUE, updation_time = :stamp, magic_metadata = NULL, last_seen = (SELECT r.seen "
        "FROM :ends[collection int, sharee int, seen text] r "
        "WHERE r.collection = collection_shares.collection_id AND r.sharee = collection_shares.to_user_id) "
        "WHERE NOT is_deleted AND collection_id IN (:ids[]) AND to_user_id IN (:users[]) AND EXISTS ("
        "SELECT 1 FROM :ends[collection int, sharee int, seen text] r "
        "WHERE r.collection = collection_shares.collection_id AND r.sharee = collection_shares.to_user_id)",
        ends=ends,
        ids=[c for c, _, _ in ends],
        users=[u for _, u, _ in ends],
        stamp=stamp,
    )


def albums_of_person(tx: Tx, user_id: int) -> list[Row]:
    """(collection, owner) of every album the person owns or is a live sharee of."""
    return tx.all(
        "SELECT collection_id, owner_id FROM collections WHERE owner_id = :user_id "
        "UNION SELECT s.collection_id, c.owner_id FROM collection_shares s JOIN collections c ON c.collection_id = s.collection_id "
        "WHERE s.to_user_id = :user_id AND NOT s.is_deleted",
        user_id=user_id,
    )


def insert_actions(tx: Tx, rows: list[tuple[str, int, int]], actor: int, collection_id: int, action: str, stamp: int) -> None:
    """Requests (id, addressee, file) of an actor; one that is pending already is renewed instead of doubled."""
    tx.run(
        "INSERT INTO collection_actions (id, user_id, actor_id, collection_id, file_id, action, created_at, updated_at) "
        "SELECT r.id, r.addressee, :actor, :collection_id, r.file, :action, :stamp, :stamp "
        "FROM :rows[id text, addressee int, file int] r WHERE TRUE "
        "ON CONFLICT (user_id, collection_id, file_id, action) WHERE is_pending "
        "DO UPDATE SET actor_id = excluded.actor_id, updated_at = excluded.updated_at",
        rows=rows,
        actor=actor,
        collection_id=collection_id,
        action=action,
        stamp=stamp,
    )


_ACTION = "a.id, a.user_id, a.actor_id, a.collection_id, a.file_id, a.action, a.is_pending, a.created_at, a.updated_at"


def pending_removals(tx: Tx, user_id: int, since: int, limit: int) -> list[Row]:
    """Removal requests to this person whose photo is still there with the request on it."""
    return tx.all(
        f"SELECT {_ACTION} FROM collection_actions a JOIN collection_files m ON m.collection_id = a.collection_id AND m.file_id = a.file_id "
        "WHERE a.user_id = :user_id AND a.action = 'REMOVE' AND a.is_pending AND a.updated_at > :since "
        "AND NOT m.is_deleted AND m.action = 'REMOVE' ORDER BY a.updated_at, a.id LIMIT :limit",
        user_id=user_id,
        since=since,
        limit=limit,
    )


def pending_suggestions(tx: Tx, user_id: int, since: int, limit: int) -> list[Row]:
    """Suggested deletions of this person's own files that have not been in the trash since."""
    return tx.all(
        f"SELECT {_ACTION} FROM collection_actions a JOIN files f ON f.file_id = a.file_id AND f.owner_id = a.user_id "
        "WHERE a.user_id = :user_id AND a.action = 'DELETE_SUGGESTED' AND a.is_pending AND a.updated_at > :since AND NOT f.is_deleted "
        "AND NOT EXISTS (SELECT 1 FROM trash t WHERE t.file_id = a.file_id AND t.updated_at >= a.updated_at) "
        "ORDER BY a.updated_at, a.id LIMIT :limit",
        user_id=user_id,
        since=since,
        limit=limit,
    )


def reject_suggestions(tx: Tx, user_id: int, file_ids: list[int], stamp: int) -> int:
    return tx.run(
        "UPDATE collection_actions SET is_pending = FALSE, updated_at = :stamp "
        "WHERE user_id = :user_id AND action = 'DELETE_SUGGESTED' AND is_pending AND file_id IN (:ids[])",
        user_id=user_id,
        ids=file_ids,
        stamp=stamp,
    )


def albums_with_names(tx: Tx, owner_id: int, limit: int) -> list[int]:
    """Albums of an owner that `blank` has not been at."""
    rows = tx.all(
        "SELECT collection_id FROM collections WHERE owner_id = :owner_id AND encrypted_key <> '' ORDER BY collection_id LIMIT :limit",
        owner_id=owner_id,
        limit=limit,
    )
    return [collection_id for (collection_id,) in rows]


def blank(tx: Tx, owner_id: int, collection_ids: list[int]) -> int:
    """Turn albums into tombstones that say nothing."""
    return tx.run(
        "UPDATE collections SET is_deleted = TRUE, encrypted_key = '', key_nonce = '', name = '', encrypted_name = '', name_nonce = '', "
        "attributes = '{}', magic_metadata = NULL, pub_magic_metadata = NULL WHERE owner_id = :owner_id AND collection_id IN (:ids[])",
        owner_id=owner_id,
        ids=collection_ids,
    )


def drop_places(tx: Tx, user_id: int) -> int:
    """What was shared with a person, whom nobody shows anything any more."""
    return tx.run("DELETE FROM collection_shares WHERE to_user_id = :user_id", user_id=user_id)


def drop_actions(tx: Tx, user_id: int) -> int:
    """Requests to a person and by them."""
    return tx.run("DELETE FROM collection_actions WHERE user_id = :user_id OR actor_id = :user_id", user_id=user_id)
