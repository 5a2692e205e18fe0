"""Wire shapes of /collections/* and /collection-actions/* (collections.md §1–§5)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..files.entry import File
from ..http.query import Lax, Query
from ..kernel.fields import Address, Batch, Few, Key, Title, Word
from ..kernel.wire import Body, MagicMetadata, Needed, Reply

# --- requests


class CollectionAttributes(Body):
    """Where a device folder comes from (mobile)."""

    encrypted_path: Title = ""
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


class BulkItem(Body):
    """An album with its key sealed to the recipient. What is wrong with one is said of it alone, so nothing is required here."""

    collection_id: int = 0
    encrypted_key: Key = ""
    role: Word = ""


class BulkShare(Body):
    """POST /collections/share/bulk (§5.6): many albums for one person, who has this address. `source`: manual or automatic."""

    recipient_user_id: Needed[int]
    recipient_email: Needed[Address]
    source: Needed[Word]
    collections: Needed[Batch[BulkItem]]


class BulkUnshare(Body):
    """POST /collections/unshare/bulk (§5.6)."""

    recipient_user_id: Needed[int]
    source: Needed[Word]
    collection_ids: Needed[Batch[int]]


class BatchItem(Body):
    """One person in a batch share; elements are not checked while decoding."""

    collection_id: int = 0
    email: Address = ""
    encrypted_key: Key = ""
    role: Word = ""


class BatchShare(Body):
    """POST /collections/share/batch (§5.7): one album for 1 to 10 people."""

    shares: Needed[Few[BatchItem]]


class FileItem(Body):
    """A file with its key sealed for the album it is to appear in."""

    id: int = 0
    encrypted_key: Key = ""
    key_decryption_nonce: Key = ""


class Items(Body):
    """POST /collections/add-files and /collections/restore-files (§3.3, §3.5)."""

    collection_id: Needed[int]
    files: Needed[Batch[FileItem]]


class Restore(Items, kw_only=True):
    """POST /files/restore: as /collections/restore-files; with `fileIDs`, only those of `files`."""

    file_ids: Batch[int] | None = None


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


class NewLink(Body):
    """POST /collections/share-url (§6.1). `valid_till` in µs, 0 for ever; `enable_join` null means yes."""

    collection_id: Needed[int]
    enable_collect: bool = False
    enable_comment: bool = False
    enable_join: bool | None = None
    valid_till: int = 0
    device_limit: int = 0


class LinkChange(Body):
    """PUT /collections/share-url (§6.2): null leaves a value as it is."""

    collection_id: Needed[int]
    valid_till: int | None = None
    device_limit: int | None = None
    pass_hash: Key | None = None
    nonce: Key | None = None
    mem_limit: int | None = None
    ops_limit: int | None = None
    enable_download: bool | None = None
    enable_collect: bool | None = None
    enable_comment: bool | None = None
    disable_password: bool | None = None
    enable_join: bool | None = None
    min_role: Word | None = None


# --- queries


class SinceQuery(Query):
    """GET /collections/v2; µs."""

    since_time: Lax = 0


class ListingQuery(Query):
    """GET /collections/v3: a cursor for each list, and at most so many albums of each."""

    since_time: Lax = 0
    shared_since_time: Lax = 0
    limit: Lax = 1000


class AlbumQuery(Query):
    """GET /collections/sharees."""

    collection_id: Lax = 0


class FileQuery(Query):
    """GET /collections/file."""

    collection_id: Lax = 0
    file_id: Lax = 0


class DiffQuery(Query):
    """GET /collections/v2/diff; µs."""

    collection_id: Lax = 0
    since_time: Lax = 0


class DeleteQuery(Query):
    """DELETE /collections/v3/{id}: both values come from the query, the path is not looked at (§2.8)."""

    collection_id: Needed[int]
    keep_files: bool


class ActionsQuery(Query):
    """GET /collection-actions/…; µs."""

    since_time: int = 0


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
    attributes: Raw = msgspec.field(default_factory=lambda: Raw(b'{"version":0}'))
    sharees: list[Person] | None = None
    public_urls: Sequence[Reply] | None = msgspec.field(name="publicURLs", default=None)
    updation_time: int = 0
    shared_at: int | UnsetType = UNSET
    is_deleted: bool | UnsetType = UNSET
    magic_metadata: Raw | UnsetType = UNSET
    pub_magic_metadata: Raw | UnsetType = UNSET
    shared_magic_metadata: Raw | UnsetType = UNSET
    app: str = "photos"


class PublicUrl(Reply):
    """A link as its owner and sharees see it. UNSET fields are absent: without a password, without a least role."""

    url: str
    device_limit: int
    valid_till: int
    enable_download: bool
    enable_collect: bool
    enable_comment: bool
    enable_join: bool
    password_enabled: bool
    nonce: str | UnsetType = UNSET
    mem_limit: int | UnsetType = UNSET
    ops_limit: int | UnsetType = UNSET
    min_role: str | UnsetType = UNSET


class OneLink(Reply):
    result: PublicUrl


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


class BulkResult(Reply):
    """What became of one album: shared, already_shared, blocked_previous_removal, unshared, already_unshared, not_shared, failed."""

    collection_id: int
    status: str


class BulkResults(Reply):
    """One for each album, in the order asked."""

    results: list[BulkResult]


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
