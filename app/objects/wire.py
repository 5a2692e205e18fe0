"""Wire shapes of the upload URL routes (files.md §1)."""

from __future__ import annotations

import msgspec

from ..http.query import Lax, Query
from ..kernel.fields import Key, Parts, Word
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
