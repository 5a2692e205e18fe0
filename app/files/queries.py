"""SQL of files: one function a statement. Every statement that is about somebody's file names the owner.

`+owner_id` beside a list of ids: the plus keeps the planner from reading the owner's whole library instead of the ids.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from ..db import Tx
from ..db.engine import Row


class FileRow(msgspec.Struct, kw_only=True):
    """A row of `files` before it has an id. Sizes in bytes, `now` and `stamp` in µs, magic metadata as JSON text."""

    owner_id: int
    app: str
    file_object_id: int | None = None
    thumb_object_id: int | None = None
    file_size: int = 0
    thumb_size: int = 0
    file_header: str = ""
    thumb_header: str = ""
    metadata_header: str
    encrypted_metadata: str
    magic_metadata: str | None = None
    magic_version: int = 0
    magic_count: int = 0
    pub_magic_metadata: str | None = None
    pub_magic_version: int = 0
    pub_magic_count: int = 0
    now: int
    stamp: int


class Content(msgspec.Struct, kw_only=True):
    """What replacing a file's content changes."""

    file_object_id: int
    thumb_object_id: int
    file_size: int
    thumb_size: int
    file_header: str
    thumb_header: str
    metadata_header: str
    encrypted_metadata: str


def insert_file(tx: Tx, row: FileRow) -> int:
    """The new file's id."""
    return int(
        tx.value(
            "INSERT INTO files (owner_id, app, file_object_id, thumb_object_id, file_size, thumb_size, file_header, thumb_header, "
            "  metadata_header, encrypted_metadata, magic_metadata, magic_version, magic_count, "
            "  pub_magic_metadata, pub_magic_version, pub_magic_count, created_at, updation_time) "
            "VALUES (:owner_id, :app, :file_object_id, :thumb_object_id, :file_size, :thumb_size, :file_header, :thumb_header, "
            "  :metadata_header, :encrypted_metadata, :magic_metadata, :magic_version, :magic_count, "
            "  :pub_magic_metadata, :pub_magic_version, :pub_magic_count, :now, :stamp) RETURNING file_id",
            of=row,
        )
    )


def insert_membership(tx: Tx, collection_id: int, file_id: int, owner_id: int, key: tuple[str, str], stamp: int) -> None:
    """`key`: the file's key sealed with the album's, and its nonce."""
    tx.send(
        "INSERT INTO collection_files (collection_id, file_id, owner_id, encrypted_key, key_nonce, added_at, updation_time) "
        "VALUES (:collection_id, :file_id, :owner_id, :encrypted_key, :key_nonce, :stamp, :stamp)",
        collection_id=collection_id,
        file_id=file_id,
        owner_id=owner_id,
        encrypted_key=key[0],
        key_nonce=key[1],
        stamp=stamp,
    )


def committed_before(tx: Tx, owner_id: int, file_object_id: int, thumb_object_id: int) -> Row | None:
    """(file id, updation time, file header, thumbnail header, metadata header, metadata) of the owner's file made of these objects."""
    return tx.one(
        "SELECT file_id, updation_time, file_header, thumb_header, metadata_header, encrypted_metadata FROM files "
        "WHERE file_object_id = :file_object_id AND thumb_object_id = :thumb_object_id AND owner_id = :owner_id AND NOT is_deleted "
        "ORDER BY file_id LIMIT 1",
        file_object_id=file_object_id,
        thumb_object_id=thumb_object_id,
        owner_id=owner_id,
    )


def content(tx: Tx, owner_id: int, file_id: int) -> tuple[Content, str, int] | None:
    """(content, app, updation time) of an owner's file that has objects and is not gone for good. The row is locked."""
    row = tx.one(
        "SELECT file_object_id, thumb_object_id, file_size, thumb_size, file_header, thumb_header, metadata_header, encrypted_metadata, "
        "app, updation_time FROM files WHERE file_id = :file_id AND owner_id = :owner_id AND NOT is_deleted "
        "AND file_object_id IS NOT NULL AND thumb_object_id IS NOT NULL FOR NO KEY UPDATE",
        file_id=file_id,
        owner_id=owner_id,
    )
    if row is None:
        return None
    return Content(**dict(zip(Content.__struct_fields__, row, strict=False))), row[8], row[9]


def replace_content(tx: Tx, owner_id: int, file_id: int, new: Content, stamp: int) -> None:
    tx.run(
        "UPDATE files SET file_object_id = :file_object_id, thumb_object_id = :thumb_object_id, file_size = :file_size, "
        "thumb_size = :thumb_size, file_header = :file_header, thumb_header = :thumb_header, metadata_header = :metadata_header, "
        "encrypted_metadata = :encrypted_metadata, updation_time = :stamp WHERE file_id = :file_id AND owner_id = :owner_id",
        of=new,
        file_id=file_id,
        owner_id=owner_id,
        stamp=stamp,
    )


def albums_holding(tx: Tx, owner_id: int, file_ids: Collection[int]) -> list[int]:
    """Albums, whoever owns them, in which some of the owner's files are live."""
    rows = tx.all(
        "SELECT DISTINCT collection_id FROM collection_files WHERE file_id IN (:ids[]) AND +owner_id = :owner_id AND NOT is_deleted",
        ids=list(file_ids),
        owner_id=owner_id,
    )
    return [c for (c,) in rows]


def stamp_memberships(tx: Tx, owner_id: int, file_ids: Collection[int], stamp: int) -> None:
    """Show these files again to everyone who has them; tombstones stay (files.md §19 W13)."""
    tx.run(
        "UPDATE collection_files SET updation_time = :stamp WHERE file_id IN (:ids[]) AND +owner_id = :owner_id AND NOT is_deleted",
        ids=list(file_ids),
        owner_id=owner_id,
        stamp=stamp,
    )
