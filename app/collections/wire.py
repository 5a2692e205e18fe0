"""Wire shapes of /collections/* and /collection-actions/* (collections.md §1–§5)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..files.entry import File
from ..kernel.fields import Address, Batch, Key, Title, Word
from ..kernel.wire import Body, MagicMetadata, Needed, Reply

# --- requests


class CollectionAttributes(Body):
    """Where a device folder comes from (mobile)."""

    encrypted_path: Key = ""
    path_decryption_nonce: Key = ""
    version: int = 0


class NewCollection(Body, kw_only=True):
    """POST /collections (§2.1)."""

    encrypted_key: Needed[Key]
    key_decryption_nonce: Needed[Key]
    name: Title = ""
    encrypted_name: Title = ""
    name_decryption_nonce: Key = ""
    type: Needed[Word]
    attributes: CollectionAttributes | None = None
    magic_metadata: MagicMetadata | None = None
    pub_magic_metadata: MagicMetadata | None = None


class Rename(Body):
    """POST /collections/rename (§2.6)."""

    collection_id: Needed[int]
    encrypted_name: Needed[Title]
    name_decryption_nonce: Needed[Key]


class NewMetadata(Body):
    """PUT /collections/{magic,public-magic,sharee-magic}-metadata (§2.7)."""

    id: Needed[int]
    magic_metadata: Needed[MagicMetadata]


class Share(Body):
    """POST /collections/share (§5.1)."""

    collection_id: Needed[int]
    email: Needed[Address]
    encrypted_key: Needed[Key]
    role: Word = "VIEWER"


class Unshare(Body):
    """POST /collections/unshare (§5.2)."""

    collection_id: Needed[int]
    email: Needed[Address]


class FileItem(Body):
    """A file with its key sealed for the album it is to appear in."""

    id: int = 0
    encrypted_key: Key = ""
    key_decryption_nonce: Key = ""


class Items(Body):
    """POST /collections/add-files and /collections/restore-files (§3.3, §3.5)."""

    collection_id: Needed[int]
    files: Needed[Batch[FileItem]]


class Move(Body):
    """POST /collections/move-files (§3.4)."""

    from_collection_id: Needed[int]
    to_collection_id: Needed[int]
    files: Needed[Batch[FileItem]]


class FileIds(Body):
    """POST /collections/v3/remove-files and /collections/suggest-delete (§3.6, §3.7)."""

    collection_id: Needed[int]
    file_ids: Needed[Batch[int]]


class Reject(Body):
    """POST /collection-actions/reject-delete-suggestions (§4)."""

    file_ids: Needed[Batch[int]]


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
