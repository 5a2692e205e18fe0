"""Wire shapes of derived data (files.md §8), and of the JSON objects that the server keeps in the store."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ..http.query import Query
from ..kernel.errors import AppError, CodedBadRequest
from ..kernel.fields import Batch, Derived, Key, Word
from ..kernel.wire import Body, Lean, Needed, Reply


class NewData(Body):
    """PUT /files/data. Without `last_updated_at` the write is unconditional; 0 means that there must be nothing yet."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest
    file_id: Needed[int]
    kind: Needed[Word] = msgspec.field(name="type")
    encrypted_data: Derived = ""
    decryption_header: Key = ""
    version: int | None = None
    last_updated_at: int | None = None


class NewVideo(Body):
    """PUT /files/video-data: registers an uploaded blob of `object_size` bytes and its playlist."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest
    file_id: Needed[int]
    object_id: Needed[Word]
    object_size: Needed[int]
    playlist: Needed[Derived]
    playlist_header: Needed[Key]
    version: int | None = None


class Wanted(Body):
    """POST /files/data/fetch."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest
    kind: Word = msgspec.field(default="", name="type")
    file_ids: Batch[int] | None = None


class Since(Body):
    """POST /files/data/status-diff; µs."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest
    last_updated_at: int | None = None


class OneWanted(Query):
    """GET /files/data/fetch, /files/data/preview and their like for visitors. `prefer_no_content`: 204 instead of 404."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest
    file_id: Needed[int]
    kind: str = msgspec.field(default="", name="type")
    prefer_no_content: bool = False


class NewBlob(Query):
    """GET /files/data/preview-upload-url."""

    file_id: Needed[int]
    kind: Needed[str] = msgspec.field(name="type")
    is_multi_part: bool = False
    count: str = ""


class Content(msgspec.Struct, rename="camel"):
    """The object in the store: what clients encrypted, and which client it was."""

    v: int
    encrypted_data: str
    header: str
    client: str


class Data(Reply):
    file_id: int
    type: str
    encrypted_data: str
    decryption_header: str
    updated_at: int


class One(Reply):
    data: Data


class Fetched(Reply):
    """All three are lists, never null: mobile casts them. `pending` have no data yet, `err` could not be read just now."""

    data: list[Data]
    pending: list[int] = msgspec.field(name="pendingIndexFileIDs")
    errors: list[int] = msgspec.field(name="errFileIDs")


class Status(Reply):
    """A row of the change feed; size in bytes, times in µs."""

    file_id: int
    user_id: int
    type: str
    is_deleted: bool
    object_id: str | None
    object_nonce: None
    size: int
    updated_at: int


class StatusDiff(Reply):
    """null when there is nothing new (files.md §18 S10)."""

    diff: list[Status] | None


class PreviewUpload(Lean):
    object_id: str
    url: str = ""
    part_urls: list[str] | None = msgspec.field(default=None, name="partURLs")
    complete_url: str = msgspec.field(default="", name="completeURL")
