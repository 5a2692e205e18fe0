"""Wire shapes of the upload URL routes (files.md §1)."""

from __future__ import annotations

import msgspec

from ..http.query import Lax, Query
from ..kernel.fields import Key, Line, Parts, Word
from ..kernel.wire import Body, Needed, Reply


class NewUpload(Body):
    """POST /files/upload-url; length in bytes, MD5 as base64."""

    content_length: Needed[int]
    content_md5: Needed[Key]


class NewMultipart(Body):
    """POST /files/multipart-upload-url; mind the lower-case d of partMd5s. Without them the digests come with the parts."""

    content_length: Needed[int]
    part_length: Needed[int]
    part_md5s: Parts[Word] | None = msgspec.field(default=None, name="partMd5s")


class CompletedPart(Body):
    """A part that was put: its number and the ETag of the answer, with or without quotes."""

    part_number: Needed[int]
    e_tag: Needed[Word]


class Complete(Body):
    """POST /files/multipart-complete: the `completeURL` that came with the part URLs, and the parts in ascending order."""

    complete_url: Needed[Line] = msgspec.field(name="completeURL")
    parts: Needed[Parts[CompletedPart]]


class Completed(Reply):
    object_key: str
    e_tag: str
    size: int


class CountQuery(Query):
    """GET /files/upload-urls and /files/multipart-upload-urls."""

    count: Lax = 0


class UploadUrl(Reply):
    object_key: str
    url: str


class FileUrl(Reply):
    """Where bytes are: GET /files/download/v3/{id}, /files/data/preview and their like."""

    url: str


class UploadUrls(Reply):
    urls: list[UploadUrl]


class PartUrls(Reply):
    object_key: str
    part_urls: list[str]
    complete_url: str = msgspec.field(name="completeURL")


class MultipartUrls(Reply):
    """v1 wraps (files.md §18 S5)."""

    urls: PartUrls
