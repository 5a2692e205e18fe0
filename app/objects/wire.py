"""Wire shapes of the upload URL routes (files.md §1)."""

from __future__ import annotations

import msgspec

from ..wire import Body, Reply


class NewUpload(Body):
    """POST /files/upload-url; length in bytes, MD5 as base64."""

    content_length: int = 0
    content_md5: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("content_length", "content_md5")


class NewMultipart(Body):
    """POST /files/multipart-upload-url; mind the lower-case d of partMd5s."""

    content_length: int = 0
    part_length: int = 0
    part_md5s: list[str] = msgspec.field(default_factory=list, name="partMd5s")

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("content_length", "part_length")


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
