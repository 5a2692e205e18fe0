"""SQL of shared memories: one function a statement."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from ..db import Tx
from ..db.engine import Row
from ..kernel import access, sync
from .wire import NewMemory, NewMemoryFile

_MEMORY = (
    "memory_id, user_id, type, memory_hash, metadata_cipher, metadata_nonce, encrypted_key, key_nonce, token_cipher, token_nonce, is_deleted, "
    "created_at, updated_at"
)


@dataclass(frozen=True, slots=True)
class Memory:
    memory_id: int
    user_id: int
    type: str
    memory_hash: str | None
    metadata_cipher: str | None
    metadata_nonce: str | None
    encrypted_key: str
    key_nonce: str
    token_cipher: bytes = field(repr=False)
    token_nonce: bytes = field(repr=False)
    is_deleted: bool
    created_at: int
    updated_at: int


_FIELDS = tuple(f.name for f in fields(Memory))


def _memory(row: Row) -> Memory:
    return Memory(**dict(zip(_FIELDS, row, strict=True)) | {"is_deleted": bool(row[10])})


def insert(tx: Tx, user_id: int, ask: NewMemory, sealed: tuple[str, bytes, bytes], now: int) -> int | None:
    """The id of a new memory; None when the token (hash, cipher, nonce) was ever in use."""
    token_hash, cipher, nonce = sealed
    found = tx.value(
        "INSERT INTO memory_shares (user_id, type, memory_hash, metadata_cipher, metadata_nonce, encrypted_key, key_nonce, token_hash, "
        "token_cipher, token_nonce, created_at, updated_at) VALUES (:user_id, :kind, :memory_hash, :metadata_cipher, :metadata_nonce, "
        ":encrypted_key, :key_decryption_nonce, :token_hash, :cipher, :nonce, :now, :now) ON CONFLICT (token_hash) DO NOTHING RETURNING memory_id",
        of=ask,
        user_id=user_id,
        kind=ask.type or "share",
        token_hash=token_hash,
        cipher=cipher,
        nonce=nonce,
        now=now,
    )
    return None if found is None else int(found)


def insert_file(tx: Tx, memory_id: int, file: NewMemoryFile, position: int) -> None:
    tx.run(
        "INSERT INTO memory_share_files (memory_id, file_id, position, encrypted_key, key_nonce) "
        "VALUES (:memory_id, :file_id, :place, :encrypted_key, :key_decryption_nonce)",
        of=file,
        memory_id=memory_id,
        place=position,
    )


def count(tx: Tx, user_id: int, since: int) -> int:
    """Live memories of a person that were made after a time (µs)."""
    return int(
        tx.value(
            "SELECT count(*) FROM memory_shares WHERE user_id = :user_id AND created_at > :since AND NOT is_deleted", user_id=user_id, since=since
        )
    )


def one(tx: Tx, memory_id: int) -> Memory | None:
    row = tx.one(f"SELECT {_MEMORY} FROM memory_shares WHERE memory_id = :memory_id", memory_id=memory_id)
    return None if row is None else _memory(row)


def of_user(tx: Tx, user_id: int, since: int) -> list[Memory]:
    """A person's live memories that were made after a time (µs), newest first."""
    rows = tx.all(
        f"SELECT {_MEMORY} FROM memory_shares WHERE user_id = :user_id AND created_at > :since AND NOT is_deleted "
        "ORDER BY created_at DESC, memory_id DESC",
        user_id=user_id,
        since=since,
    )
    return [_memory(row) for row in rows]


def by_token(tx: Tx, token_hash: str) -> Memory | None:
    """The memory of a token, whatever has become of it."""
    row = tx.one(f"SELECT {_MEMORY} FROM memory_shares WHERE token_hash = :token_hash", token_hash=token_hash)
    return None if row is None else _memory(row)


def delete(tx: Tx, user_id: int, memory_id: int, now: int) -> bool:
    """False when this person has no such live memory."""
    return bool(
        tx.run(
            "UPDATE memory_shares SET is_deleted = TRUE, updated_at = :now WHERE memory_id = :memory_id AND user_id = :user_id AND NOT is_deleted",
            memory_id=memory_id,
            user_id=user_id,
            now=now,
        )
    )


def delete_all(tx: Tx, user_id: int, now: int) -> None:
    tx.run("UPDATE memory_shares SET is_deleted = TRUE, updated_at = :now WHERE user_id = :user_id AND NOT is_deleted", user_id=user_id, now=now)


def drop_shown(tx: Tx, user_id: int) -> int:
    """What a person's memories showed."""
    return tx.run("DELETE FROM memory_share_files WHERE memory_id IN (SELECT memory_id FROM memory_shares WHERE user_id = :user_id)", user_id=user_id)


def blank(tx: Tx, user_id: int) -> int:
    """Take everything out of a person's memories but the hashes of their tokens, which are never given out again."""
    return tx.run(
        "UPDATE memory_shares SET is_deleted = TRUE, memory_hash = NULL, metadata_cipher = NULL, metadata_nonce = NULL, encrypted_key = '', "
        "key_nonce = '', token_cipher = :nothing, token_nonce = :nothing WHERE user_id = :user_id",
        user_id=user_id,
        nothing=b"",
    )


_THERE = (
    "FROM memory_share_files r JOIN files f ON f.file_id = r.file_id AND NOT f.is_deleted "
    "WHERE r.memory_id = :memory_id AND EXISTS (SELECT 1 FROM collection_files m JOIN collections c ON c.collection_id = m.collection_id "
    f"WHERE m.file_id = f.file_id AND {access.IN_SIGHT}) AND {access.MAY_READ}"
)
"""Photos of a memory that are in some live album still, and that the person who shared it (`:actor`) may still read."""


def photos(tx: Tx, memory_id: int, user_id: int) -> list[Row]:
    """(id, owner, file header, thumbnail header, metadata, its header, public magic metadata, has sizes, bytes, bytes of the thumbnail, position,
    key, nonce) of each, in order; a list of photos whose texts are too large for one reply ends early."""
    return tx.part(
        "SELECT f.file_id, f.owner_id, f.file_header, f.thumb_header, f.encrypted_metadata, f.metadata_header, f.pub_magic_metadata, f.has_info, "
        f"f.file_size, f.thumb_size, r.position, r.encrypted_key, r.key_nonce {_THERE} ORDER BY r.position, f.file_id",
        (4, 6),
        sync.BUDGET,
        memory_id=memory_id,
        actor=user_id,
    )


def shows(tx: Tx, memory_id: int, user_id: int, file_id: int) -> bool:
    hit = tx.value(f"SELECT 1 {_THERE} AND f.file_id = :file_id", memory_id=memory_id, actor=user_id, file_id=file_id)
    return hit is not None


def forget_files(tx: Tx, before: int) -> int:
    """Drop what memories made before a time (µs), or deleted, showed."""
    return tx.run(
        "DELETE FROM memory_share_files WHERE memory_id IN (SELECT memory_id FROM memory_shares WHERE is_deleted OR created_at <= :before)",
        before=before,
    )
