"""Wire shapes of /files (files.md §0.4, §3, §4, §6). The `File` of diffs is in entry.py; here is what clients send and what writes answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from ..kernel import fields
from ..kernel.fields import Batch, Key, Library, Most, Word
from ..kernel.wire import Body, MagicMetadata, Needed, Reply, Safe
from .entry import Info, Metadata

Int = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""A JSON integer of 64 bits: a longer one is 400, as in museum, and never reaches the database."""


class ChangedMagic(Body):
    """Magic metadata in a list of changes, whose elements are not checked while decoding (files.md §0.2): what is missing is zero here, and
    refused by the service after what it refuses first."""

    version: Safe = 0
    count: Safe = 0
    data: fields.Metadata = ""
    header: Key = ""

    def well_formed(self) -> bool:
        """Whether every field is there."""
        return all((self.version, self.count, self.data, self.header))


class Object(Body):
    """An uploaded object; `size` in bytes, 0: do not compare."""

    object_key: Needed[Word]
    decryption_header: Needed[Key]
    size: Int = 0


class NewContent(Body, kw_only=True):
    """The encrypted metadata of a file."""

    encrypted_data: fields.Metadata = ""
    decryption_header: Needed[Key]


class NewMeta(Body, kw_only=True):
    """POST /files/meta: a file without objects."""

    id: Int = 0
    collection_id: Int = 0
    encrypted_key: Key = ""
    key_decryption_nonce: Key = ""
    metadata: Needed[NewContent]
    magic_metadata: MagicMetadata | None = None
    pub_magic_metadata: MagicMetadata | None = None


class NewFile(NewMeta, kw_only=True):
    """POST /files; with an id, and as PUT /files/update, the new content of a file."""

    file: Needed[Object]
    thumbnail: Needed[Object]


class NewThumbnail(Body):
    """PUT /files/thumbnail; `thumbnail.size` is not read."""

    file_id: Needed[Int]
    thumbnail: Needed[Object]


class MagicChange(Body):
    """A stale version is a conflict before it is malformed (files.md §4.2, recorded), so the latter is the service's to say."""

    id: Int = 0
    magic_metadata: ChangedMagic = field(default_factory=ChangedMagic)


class MagicChanges(Body):
    """PUT /files/magic-metadata and /files/public-magic-metadata."""

    metadata_list: Needed[Batch[MagicChange]]
    skip_version: bool = False


class PublicMagicChanges(MagicChanges):
    """The same for public ones, of which a client may send more at once."""

    metadata_list: Needed[Most[MagicChange]]


class CopyItem(Body):
    id: Int = 0
    encrypted_key: Key = ""
    key_decryption_nonce: Key = ""


class CopyFiles(Body, kw_only=True):
    """POST /files/copy; the keys are sealed with the destination's key."""

    src_collection_id: Int = 0
    dst_collection_id: Int = 0
    files: Needed[Batch[CopyItem]]


class SizeOf(Body):
    """POST /files/size: mobile sends all that it has uploaded at once."""

    file_ids: Needed[Library[Int]]


class FileIDs(Body):
    """POST /files/info, /trash/delete."""

    file_ids: Needed[Batch[Int]]


class StoredObject(Reply):
    """An object as the reply to a commit shows it."""

    object_key: str | UnsetType = UNSET
    decryption_header: str = ""
    size: int = 0


class Committed(Reply, kw_only=True):
    """The reply to POST /files and POST /files/meta: the request completed."""

    id: int
    owner_id: int
    collection_id: int
    collection_owner_id: int | None = None
    encrypted_key: str
    key_decryption_nonce: str
    file: StoredObject
    thumbnail: StoredObject
    metadata: Metadata
    is_deleted: bool = False
    updation_time: int
    magic_metadata: MagicMetadata | UnsetType = UNSET
    pub_magic_metadata: MagicMetadata | UnsetType = UNSET
    info: Info


class Updated(Reply):
    """The reply to PUT /files/update."""

    id: int
    updation_time: int


class Copied(Reply):
    """Old id (as text) → new id."""

    old_to_new_file_id_map: dict[str, int]


class Size(Reply):
    """Bytes."""

    size: int


class FileInfo(Reply):
    id: int
    file_info: Info


class FilesInfo(Reply):
    files_info: list[FileInfo]


class Duplicate(Reply):
    """Files of equal size, in bytes."""

    file_ids: list[int]
    size: int


class Duplicates(Reply):
    duplicates: list[Duplicate]


class Count(Reply):
    count: int
