"""SQL of contacts: one function a statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..db import Tx
from ..db.engine import Row


@dataclass(frozen=True, slots=True)
class Stored:
    """A contact's row. `data` None: deleted. `email` is the contact's (cipher, nonce), None without an account."""

    id: str
    user_id: int
    contact_user_id: int
    key: str
    data: str | None
    picture_id: str | None
    picture_object_id: int | None
    created_at: int
    updated_at: int
    email: tuple[bytes, bytes] | None = None


PAGE = 32 << 20  # characters of contacts on a page
_SELECT = (
    "SELECT c.id, c.user_id, c.contact_user_id, c.encrypted_key, c.encrypted_data, c.picture_id, c.picture_object_id, c.created_at, "
    "c.updated_at, u.email_cipher, u.email_nonce FROM contacts c JOIN users u ON u.user_id = c.contact_user_id "
)


def _stored(row: Row) -> Stored:
    cipher, nonce = row[9:]
    return Stored(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], None if cipher is None else (cipher, nonce))


def contact(tx: Tx, user_id: int, contact_id: str) -> Stored | None:
    """None when this person has no such contact."""
    row = tx.one(_SELECT + "WHERE c.id = :id AND c.user_id = :user_id", id=contact_id, user_id=user_id)
    return None if row is None else _stored(row)


def id_of(tx: Tx, user_id: int, contact_user_id: int) -> str | None:
    """The id of a person's contact, deleted ones included."""
    found: str | None = tx.value(
        "SELECT id FROM contacts WHERE user_id = :user_id AND contact_user_id = :other", user_id=user_id, other=contact_user_id
    )
    return found


def count(tx: Tx, user_id: int) -> int:
    """A person's contacts, deleted ones included."""
    return int(tx.value("SELECT count(*) FROM contacts WHERE user_id = :user_id", user_id=user_id))


def changed_since(tx: Tx, user_id: int, since: int, limit: int) -> list[Stored]:
    rows = tx.part(
        _SELECT + "WHERE c.user_id = :user_id AND c.updated_at > :since ORDER BY c.updated_at LIMIT :limit",
        (3, 4),
        PAGE,
        user_id=user_id,
        since=since,
        limit=limit,
    )
    return [_stored(row) for row in rows]


def insert(tx: Tx, contact: Stored) -> None:
    tx.run(
        "INSERT INTO contacts (id, user_id, contact_user_id, encrypted_key, encrypted_data, created_at, updated_at) "
        "VALUES (:id, :user_id, :other, :key, :data, :created_at, :updated_at)",
        id=contact.id,
        user_id=contact.user_id,
        other=contact.contact_user_id,
        key=contact.key,
        data=contact.data,
        created_at=contact.created_at,
        updated_at=contact.updated_at,
    )


def update(tx: Tx, user_id: int, contact_id: str, contact_user_id: int, data: str, stamp: int) -> None:
    tx.run(
        "UPDATE contacts SET contact_user_id = :other, encrypted_data = :data, updated_at = :stamp WHERE id = :id AND user_id = :user_id",
        id=contact_id,
        user_id=user_id,
        other=contact_user_id,
        data=data,
        stamp=stamp,
    )


def bury(tx: Tx, user_id: int, contact_id: str, stamp: int) -> None:
    """Leave a tombstone: what the contact held is gone, but for the key."""
    tx.run(
        "UPDATE contacts SET encrypted_data = NULL, picture_id = NULL, picture_object_id = NULL, picture_size = 0, updated_at = :stamp "
        "WHERE id = :id AND user_id = :user_id",
        id=contact_id,
        user_id=user_id,
        stamp=stamp,
    )


# --- who knows whom
_KNOWN = (
    "SELECT 1 FROM users u WHERE u.user_id = :other AND u.deleted_at IS NULL AND u.user_id <> :user_id AND ("
    "  EXISTS (SELECT 1 FROM emergency_contacts e WHERE e.state IN ('INVITED', 'ACCEPTED') AND e.user_id = :user_id AND e.contact_id = :other) "
    "  OR EXISTS (SELECT 1 FROM emergency_contacts e WHERE e.state IN ('INVITED', 'ACCEPTED') AND e.user_id = :other AND e.contact_id = :user_id) "
    "  OR EXISTS (SELECT 1 FROM collection_shares s JOIN collections c ON c.collection_id = s.collection_id "
    "    WHERE s.to_user_id = :user_id AND NOT s.is_deleted AND NOT c.is_deleted AND c.owner_id = :other) "
    "  OR EXISTS (SELECT 1 FROM collection_shares s JOIN collections c ON c.collection_id = s.collection_id "
    "    WHERE s.to_user_id = :other AND NOT s.is_deleted AND NOT c.is_deleted AND c.owner_id = :user_id) "
    "  OR EXISTS (SELECT 1 FROM collection_shares s JOIN collection_shares t ON t.collection_id = s.collection_id "
    "    JOIN collections c ON c.collection_id = s.collection_id "
    "    WHERE s.to_user_id = :user_id AND NOT s.is_deleted AND t.to_user_id = :other AND NOT t.is_deleted AND NOT c.is_deleted))"
)


def may_know(tx: Tx, user_id: int, other: int) -> bool:
    """Whether one trusts the other with an account, or both are in one album; with a live account only."""
    found = tx.value(_KNOWN, user_id=user_id, other=other)
    return found is not None


# --- pictures
def place(tx: Tx, user_id: int, picture_id: str) -> tuple[str, str] | None:
    """(object key, store) of one of a person's pictures, by its name."""
    row = tx.one(
        "SELECT o.object_key, o.store FROM contacts c JOIN objects o ON o.object_id = c.picture_object_id "
        "WHERE c.user_id = :user_id AND c.picture_id = :picture_id",
        user_id=user_id,
        picture_id=picture_id,
    )
    return None if row is None else (row[0], row[1])


def place_of(tx: Tx, user_id: int, contact_id: str) -> tuple[str, str, str] | None:
    """(object key, store, name) of a contact's picture."""
    row = tx.one(
        "SELECT o.object_key, o.store, c.picture_id FROM contacts c JOIN objects o ON o.object_id = c.picture_object_id "
        "WHERE c.id = :id AND c.user_id = :user_id",
        id=contact_id,
        user_id=user_id,
    )
    return None if row is None else (row[0], row[1], row[2])


def set_picture(tx: Tx, user_id: int, contact_id: str, picture: tuple[str, int, int] | None, stamp: int) -> None:
    """`picture` is (name, object id, bytes)."""
    name, object_id, size = picture or (None, None, 0)
    tx.run(
        "UPDATE contacts SET picture_id = :name, picture_object_id = :object_id, picture_size = :size, updated_at = :stamp "
        "WHERE id = :id AND user_id = :user_id",
        id=contact_id,
        user_id=user_id,
        name=name,
        object_id=object_id,
        size=size,
        stamp=stamp,
    )


def picture_bytes(tx: Tx, user_ids: list[int]) -> int:
    """What these accounts' pictures take up."""
    return int(tx.value("SELECT COALESCE(SUM(picture_size), 0) FROM contacts WHERE user_id IN (:user_ids[])", user_ids=user_ids))


# --- others' contacts
def keepers(tx: Tx, contact_user_id: int) -> list[int]:
    """Who keeps this person as a live contact."""
    rows = tx.all(
        "SELECT user_id FROM contacts WHERE contact_user_id = :other AND encrypted_data IS NOT NULL ORDER BY user_id", other=contact_user_id
    )
    return [user_id for (user_id,) in rows]


def touch(tx: Tx, contact_user_id: int, keepers: Sequence[int], stamp: int) -> None:
    tx.run(
        "UPDATE contacts SET updated_at = :stamp WHERE contact_user_id = :other AND user_id IN (:keepers[]) AND encrypted_data IS NOT NULL",
        other=contact_user_id,
        keepers=list(keepers),
        stamp=stamp,
    )


# --- accounts that are gone
def of_the_gone(tx: Tx, before: int, limit: int) -> list[int]:
    """Accounts that were deleted before (µs) and still have contacts."""
    rows = tx.all(
        "SELECT u.user_id FROM users u WHERE u.deleted_at < :before AND EXISTS (SELECT 1 FROM contacts c WHERE c.user_id = u.user_id) LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [user_id for (user_id,) in rows]


def forget(tx: Tx, user_id: int) -> list[int | None]:
    """Remove a person's contacts; the objects of their pictures."""
    rows = tx.all("DELETE FROM contacts WHERE user_id = :user_id RETURNING picture_object_id", user_id=user_id)
    return [object_id for (object_id,) in rows]
