"""Wire shapes of /files (files.md §0.4, §3, §4, §6). The `File` of diffs is in entry.py; here is what clients send and what writes answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from ..wire import Body, Reply, Safe
from .entry import Info, Metadata

Int = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""A JSON integer of 64 bits: a longer one is 400, as in museum, and never reaches the database."""


class Magic(Body):
    """Magic metadata: an encrypted JSON object, its number of keys, and the version that guards it against lost updates."""

    version: Safe = 0
    count: Safe = 0
    data: str = ""
    header: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("version", "count", "data", "header")

    def well_formed(self) -> bool:
        """Whether every field is there (list elements are not checked while decoding, files.md §0.2)."""
        return all(getattr(self, name) for name in self.required())


class Object(Body):
    """An uploaded object; `size` in bytes, 0: do not compare."""

    object_key: str = ""
    decryption_header: str = ""
    size: Int = 0

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("object_key", "decryption_header")


class Sealed(Body):
    """The encrypted metadata of a file."""

    encrypted_data: str = ""
    decryption_header: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("decryption_header",)


class NewMeta(Body):
    """POST /files/meta: a file without objects."""

    id: Int = 0
    collection_id: Int = 0
    encrypted_key: str = ""
    key_decryption_nonce: str = ""
    metadata: Sealed = field(default_factory=Sealed)
    magic_metadata: Magic | None = None
    pub_magic_metadata: Magic | None = None


class NewFile(NewMeta):
    """POST /files; with an id, and as PUT /files/update, the new content of a file."""

    file: Object = field(default_factory=Object)
    thumbnail: Object = field(default_factory=Object)


class NewThumbnail(Body):
    """PUT /files/thumbnail; `thumbnail.size` is not read."""

    file_id: Int = 0
    thumbnail: Object = field(default_factory=Object)

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("file_id",)


class MagicChange(Body):
    id: Int = 0
    magic_metadata: Magic = field(default_factory=Magic)

    def check(self) -> None:
        """Not while decoding: a stale version is a conflict before it is malformed (files.md §4.2, recorded)."""


class MagicChanges(Body):
    """PUT /files/magic-metadata and /files/public-magic-metadata."""

    metadata_list: list[MagicChange] | None = None
    skip_version: bool = False

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("metadata_list",)


class CopyItem(Body):
    id: Int = 0
    encrypted_key: str = ""
    key_decryption_nonce: str = ""


class CopyFiles(Body):
    """POST /files/copy; the keys are sealed with the destination's key."""

    src_collection_id: Int = 0
    dst_collection_id: Int = 0
    files: list[CopyItem] | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("files",)


class FileIDs(Body):
    """POST /files/size, /files/info."""

    file_ids: list[Int] | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("file_ids",)


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
    magic_metadata: Magic | UnsetType = UNSET
    pub_magic_metadata: Magic | UnsetType = UNSET
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


class LargeThumbnails(Reply):
    large_thumbnail_files: list[int]


class Count(Reply):
    count: int
