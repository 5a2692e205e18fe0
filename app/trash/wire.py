"""Wire shapes of the trash (files.md §9)."""

from __future__ import annotations

from ..db.engine import Row
from ..files.entry import SCRUBBED, Attributes, File, Info, Metadata, raw
from ..files.wire import Int
from ..http.query import Lax, Query
from ..kernel.fields import Batch
from ..kernel.wire import Body, Needed, Reply


class TrashItem(Body):
    file_id: Int = 0
    collection_id: Int = 0


class TrashFiles(Body):
    """POST /files/trash: each file, and the own album it is trashed from."""

    items: Needed[Batch[TrashItem]]


class Empty(Body):
    """POST /trash/empty: everything trashed up to this time (µs)."""

    last_updated_at: Needed[Int]


class SinceQuery(Query):
    """GET /trash/v2/diff; µs."""

    since_time: Lax = 0


class Trashed(Reply):
    """A file that is, or was, in the trash. Times in µs."""

    file: File
    is_deleted: bool
    is_restored: bool
    delete_by: int
    created_at: int
    updated_at: int


class Page(Reply):
    diff: list[Trashed]
    has_more: bool


COLUMNS = (
    "t.file_id, t.user_id, t.collection_id, m.encrypted_key, m.key_nonce, f.file_header, f.thumb_header, f.encrypted_metadata, "
    "f.metadata_header, f.magic_metadata, f.pub_magic_metadata, f.file_size, f.thumb_size, f.updation_time, "
    "t.is_deleted, t.is_restored, t.delete_by, t.created_at, t.updated_at"
)
HEAVY = (7, 9, 10)
"""Indexes of the texts in a row of COLUMNS that may be large."""


def build(row: Row) -> Trashed:
    """One row of COLUMNS. A file that is gone for good keeps its keys and ids, as parsers demand them, and of its payload "-" is left.

    A restored one is sent whole: mobile opens it before it looks at `isRestored` (strict/mobile.json, TrashItem).
    """
    (file_id, owner, collection, key, nonce, file_header, thumb_header, metadata, metadata_header, magic, pub, file_size, thumb_size,
     file_stamp, deleted, restored, delete_by, created, updated) = row  # fmt: skip
    if deleted:
        file_header = thumb_header = metadata = metadata_header = SCRUBBED
        magic = pub = None
    file = File(
        id=file_id,
        owner_id=owner,
        collection_id=collection,
        encrypted_key=key,
        key_decryption_nonce=nonce,
        file=Attributes(decryption_header=file_header),
        thumbnail=Attributes(decryption_header=thumb_header),
        metadata=Metadata(encrypted_data=metadata, decryption_header=metadata_header),
        updation_time=file_stamp,
        magic_metadata=raw(magic),
        pub_magic_metadata=raw(pub),
        info=Info(file_size=file_size, thumb_size=thumb_size),
    )
    return Trashed(
        file=file,
        is_deleted=bool(deleted),
        is_restored=bool(restored),
        delete_by=delete_by,
        created_at=created,
        updated_at=updated,
    )
