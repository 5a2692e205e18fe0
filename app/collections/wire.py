"""Wire shapes of /collections/* and /collection-actions/* (collections.md §1–§5)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..files.entry import File
from ..wire import Body, MagicMetadata, Reply

# --- requests


class CollectionAttributes(Body):
    """Where a device folder comes from (mobile)."""

    encrypted_path: str = ""
    path_decryption_nonce: str = ""
    version: int = 0


class NewCollection(Body):
    """POST /collections (§2.1)."""

    encrypted_key: str = ""
    key_decryption_nonce: str = ""
    name: str = ""
    encrypted_name: str = ""
    name_decryption_nonce: str = ""
    type: str = ""
    attributes: CollectionAttributes | None = None
    magic_metadata: MagicMetadata | None = None
    pub_magic_metadata: MagicMetadata | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("encrypted_key", "key_decryption_nonce", "type")


class Rename(Body):
    """POST /collections/rename (§2.6)."""

    collection_id: int = 0
    encrypted_name: str = ""
    name_decryption_nonce: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("collection_id", "encrypted_name", "name_decryption_nonce")


class NewMetadata(Body):
    """PUT /collections/{magic,public-magic,sharee-magic}-metadata (§2.7)."""

    id: int = 0
    magic_metadata: MagicMetadata | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("id", "magic_metadata")


class Share(Body):
    """POST /collections/share (§5.1)."""

    collection_id: int = 0
    email: str = ""
    encrypted_key: str = ""
    role: str = "VIEWER"

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("collection_id", "email", "encrypted_key")


class Unshare(Body):
    """POST /collections/unshare (§5.2)."""

    collection_id: int = 0
    email: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("collection_id", "email")


class FileItem(Body):
    """A file with its key sealed for the album it is to appear in."""

    id: int = 0
    encrypted_key: str = ""
    key_decryption_nonce: str = ""


class Items(Body):
    """POST /collections/add-files and /collections/restore-files (§3.3, §3.5)."""

    collection_id: int = 0
    files: list[FileItem] | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("collection_id", "files")


class Move(Body):
    """POST /collections/move-files (§3.4)."""

    from_collection_id: int = 0
    to_collection_id: int = 0
    files: list[FileItem] | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("from_collection_id", "to_collection_id", "files")


class FileIds(Body):
    """POST /collections/v3/remove-files and /collections/suggest-delete (§3.6, §3.7)."""

    collection_id: int = 0
    file_ids: list[int] | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("collection_id", "file_ids")


class Reject(Body):
    """POST /collection-actions/reject-delete-suggestions (§4)."""

    file_ids: list[int] | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("file_ids",)


# --- replies


class Person(Reply):
    """An owner or sharee; `name` is always empty, `role` for an owner too."""

    id: int
    email: str = ""
    name: str = ""
    role: str = ""


class Collection(Reply):
    """An album as one person sees it (§1.1). UNSET fields are absent. Times in µs."""

    id: int
    owner: Person
    encrypted_key: str
    key_decryption_nonce: str | UnsetType = UNSET
    name: str = ""
    encrypted_name: str = ""
    name_decryption_nonce: str = ""
    type: str = "album"
    attributes: Raw = Raw(b'{"version":0}')
    sharees: list[Person] | None = None
    public_urls: Sequence[Reply] | None = msgspec.field(name="publicURLs", default=None)
    updation_time: int = 0
    shared_at: int | UnsetType = UNSET
    is_deleted: bool | UnsetType = UNSET
    magic_metadata: Raw | UnsetType = UNSET
    pub_magic_metadata: Raw | UnsetType = UNSET
    shared_magic_metadata: Raw | UnsetType = UNSET
    app: str = "photos"


class OneCollection(Reply):
    collection: Collection


class Collections(Reply):
    collections: list[Collection]


class CollectionsV3(Reply):
    owned: list[Collection]
    shared: list[Collection]


class Sharees(Reply):
    sharees: list[Person]


class Diff(Reply):
    """A page of an album (§3.1), ascending by updationTime."""

    diff: list[File]
    has_more: bool


class OneFile(Reply):
    file: File


class Action(Reply):
    """A request between the people of an album (§4)."""

    id: str
    user_id: int
    actor_user_id: int
    collection_id: int
    file_id: int
    action: str
    is_pending: bool
    created_at: int
    updated_at: int


class Actions(Reply):
    actions: list[Action]
    has_more: bool


class Updated(Reply):
    updated: int
