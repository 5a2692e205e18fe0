"""The `File` object as diffs, look-ups and the trash show it (files.md §0.4, collections.md §1.4): columns, struct, and who sees what.

No statements here: features put COLUMNS into their own SELECT over `files f` joined with a membership `m` and its album `c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Raw, UnsetType

from ..kernel import access
from ..kernel.wire import Lean, Reply

SCRUBBED = "-"
"""What stands for the payload of a file that is gone for good (files.md §18 S27): clients know it and do not decrypt."""

COLUMNS = (
    "f.file_id, f.owner_id, m.collection_id, c.owner_id, m.added_at, m.encrypted_key, m.key_nonce, f.file_header, f.thumb_header, "
    "f.encrypted_metadata, f.metadata_header, f.magic_metadata, f.pub_magic_metadata, f.has_info, f.file_size, f.thumb_size, "
    "m.is_deleted, m.updation_time, m.action, m.action_user, f.is_deleted"
)
FROM = "collection_files m JOIN files f ON f.file_id = m.file_id JOIN collections c ON c.collection_id = m.collection_id"
OWNER = 1
"""Index of the file's owner in a row of COLUMNS."""
HEAVY = (9, 11, 12)
"""Indexes of the texts in a row of COLUMNS that may be large."""
UPDATED = 17
"""Index of the membership's updation_time in a row of COLUMNS."""


class Attributes(Reply, gc=False):
    """Header of a stored object. `size` is 0 in diffs."""

    decryption_header: str
    size: int = 0


class Metadata(Reply, gc=False):
    encrypted_data: str
    decryption_header: str
    size: int = 0


class Info(Lean, gc=False):
    """Sizes in bytes; zeros are left out."""

    file_size: int = 0
    thumb_size: int = 0


class File(Reply, kw_only=True, gc=False):
    """A file in an album. UNSET fields are absent. None of these can be part of a cycle: the collector need not look at a page's thousands."""

    id: int
    owner_id: int = 0
    collection_id: int = 0
    collection_owner_id: int | None = None
    collection_added_at: int | UnsetType = UNSET
    encrypted_key: str = ""
    key_decryption_nonce: str = ""
    file: Attributes
    thumbnail: Attributes
    metadata: Metadata
    is_deleted: bool = False
    updation_time: int = 0
    magic_metadata: Raw | UnsetType = UNSET
    pub_magic_metadata: Raw | UnsetType = UNSET
    info: Info | UnsetType = UNSET
    action: str | UnsetType = UNSET
    action_user: int | UnsetType = UNSET


def raw(text: str | None) -> Raw | UnsetType:
    """Stored JSON text as it goes out, absent when there is none."""
    return UNSET if text is None else Raw(text.encode())


def build(row: tuple[Any, ...], viewer: int | None) -> File:
    """One row of COLUMNS as this viewer may see it (None: a visitor of a link).

    Only the file's owner sees private metadata and pending removal requests; for everybody else a file that is asked to be removed is
    gone already (collections.md §3.1). A tombstone keeps what clients' parsers demand and drops the magic metadata; a file that is gone
    for good keeps nothing.
    """
    (file_id, owner, collection, album_owner, added, key, nonce, file_header, thumb_header, metadata, metadata_header, magic, pub, has_info,
     file_size, thumb_size, removed, updated, action, action_user, purged) = row  # fmt: skip
    mine = viewer == owner
    if purged:
        file_header = thumb_header = metadata = metadata_header = SCRUBBED
    gone = metadata == SCRUBBED or access.out_of_sight(bool(removed), bool(purged), action, mine=mine)
    return File(
        id=file_id,
        owner_id=owner,
        collection_id=collection,
        collection_owner_id=album_owner,
        collection_added_at=added,
        encrypted_key=key,
        key_decryption_nonce=nonce,
        file=Attributes(decryption_header=file_header),
        thumbnail=Attributes(decryption_header=thumb_header),
        metadata=Metadata(encrypted_data=metadata, decryption_header=metadata_header),
        is_deleted=gone,
        updation_time=updated,
        magic_metadata=UNSET if gone or not mine else raw(magic),
        pub_magic_metadata=UNSET if gone else raw(pub),
        info=Info(file_size=file_size, thumb_size=thumb_size) if has_info else UNSET,
        action=action if mine and action is not None and not gone else UNSET,
        action_user=action_user if mine and action_user is not None and not gone else UNSET,
    )


def bare(row: Sequence[Any]) -> File:
    """(id, owner, file header, thumbnail header, metadata, its header, public magic metadata, has sizes, bytes, bytes of the thumbnail) as a file
    outside of any album: no key, no private metadata."""
    file_id, owner, file_header, thumb_header, metadata, metadata_header, pub, has_info, file_size, thumb_size = row
    return File(
        id=file_id,
        owner_id=owner,
        file=Attributes(decryption_header=file_header),
        thumbnail=Attributes(decryption_header=thumb_header),
        metadata=Metadata(encrypted_data=metadata, decryption_header=metadata_header),
        pub_magic_metadata=raw(pub),
        info=Info(file_size=file_size, thumb_size=thumb_size) if has_info else UNSET,
    )
