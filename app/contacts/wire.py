"""Wire shapes of /contacts/* and /attachments/* (misc.md §5). Bytes are standard base64; times are µs."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from ..http.query import Query
from ..kernel.errors import AppError, CodedBadRequest
from ..kernel.fields import Key, Title, Word
from ..kernel.wire import Body, Needed, Reply


class NewContact(Body):
    """POST /contacts. The key never changes afterwards."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest

    contact_user_id: Needed[int]
    encrypted_key: Needed[Key]
    encrypted_data: Needed[Title]


class ChangedContact(Body):
    """PUT /contacts/{id}."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest

    contact_user_id: Needed[int]
    encrypted_data: Needed[Title]


class NewAttachment(Body):
    """POST /attachments/{type}/upload-url; length in bytes, MD5 as base64."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest

    content_length: Needed[int]
    content_md5: Needed[Key]


class Attach(Body):
    """PUT /contacts/{id}/attachments/{type}: `size` bytes were uploaded."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest

    attachment_id: Needed[Word]
    size: Needed[int]


class DiffQuery(Query):
    since_time: int
    limit: Needed[int]


class PictureQuery(Query):
    attachment_id: Word = field(default="", name="attachmentID")


class Contact(Reply):
    """`email` is the contact's address as it is now. A deleted contact has null in place of all that it held."""

    id: str
    user_id: int
    contact_user_id: int
    email: str | None
    profile_picture_attachment_id: str | None
    encrypted_key: str | None
    encrypted_data: str | None
    is_deleted: bool
    created_at: int
    updated_at: int


class Diff(Reply):
    diff: list[Contact]


class Staged(Reply):
    attachment_id: str
    url: str
