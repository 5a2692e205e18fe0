"""Bodies of requests, and the forms in which times, pages and pictures are answered."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from ..serving.problems import Problem

SMALL, PICTURE = 256 * 1024, 8 * 1024 * 1024
"""Bytes of a body: of words, and of one with a hotpreview in it."""
MOST = 1000
Offset = Annotated[int, QueryParameter(ge=0, le=2**53)]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST)]

Name = Annotated[str, Meta(min_length=1, max_length=255)]
Word = Annotated[str, Meta(max_length=64)]
Line = Annotated[str, Meta(max_length=1024)]
Text = Annotated[str, Meta(max_length=4000)]
Secret = Annotated[str, Meta(max_length=1024)]
Whole = Annotated[int, Meta(ge=0, le=2**53)]
Pixels = Annotated[int, Meta(ge=1, le=10_000_000)]
Stars = Annotated[int, Meta(ge=0, le=5)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
When = Annotated[str, Meta(max_length=64)]
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@]+")


class Register(Struct):
    username: Annotated[str, Meta(min_length=3, max_length=50)]
    email: Annotated[str, Meta(max_length=255)]
    password: Annotated[str, Meta(min_length=6, max_length=1024)]
    display_name: Annotated[str, Meta(max_length=100)] | None = None


class Login(Struct):
    username: Annotated[str, Meta(max_length=255)]
    password: Secret


class Profile(Struct):
    display_name: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    email: Annotated[str, Meta(max_length=255)] | UnsetType = UNSET


class ChangePassword(Struct):
    current_password: Secret
    new_password: Annotated[str, Meta(min_length=6, max_length=1024)]


class Search(Struct, forbid_unknown_fields=True):
    query: Annotated[str, Meta(max_length=500)] | None = None
    rating_min: Stars | None = None
    rating_max: Stars | None = None
    taken_after: When | None = None
    taken_before: When | None = None
    author_id: Whole | None = None
    has_gps: bool | None = None
    has_raw: bool | None = None
    sort_by: str = "taken_at"
    sort_order: str = "desc"
    offset: Whole = 0
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 100


class PhotoChange(Struct, forbid_unknown_fields=True):
    rating: Stars | UnsetType | None = UNSET
    author_id: Whole | UnsetType | None = UNSET
    gps_latitude: Latitude | UnsetType | None = UNSET
    gps_longitude: Longitude | UnsetType | None = UNSET


class OfFile(Struct, kw_only=True):
    """What is said of a file, of either sort."""

    filename: Name
    file_size: Whole | None = None
    file_type: Word | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    exif_dict: dict[str, Any] | None = None
    taken_at: When | None = None
    gps_latitude: Latitude | None = None
    gps_longitude: Longitude | None = None
    import_session_id: Whole | None = None


class NewPhoto(OfFile, kw_only=True):
    hotpreview: str
    perceptual_hash: Word | None = None


class AddToPhoto(OfFile, kw_only=True):
    photo_hothash: Annotated[str, Meta(min_length=1, max_length=128)]


class StorageInfo(Struct):
    storage_path: Line | UnsetType | None = UNSET
    storage_type: Word | UnsetType | None = UNSET
    checksum: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET


class NewAuthor(Struct):
    name: Name
    email: Annotated[str, Meta(max_length=255)] | None = None
    bio: Text | None = None


class AuthorChange(Struct):
    name: Name | UnsetType = UNSET
    email: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET
    bio: Text | UnsetType | None = UNSET


class ImportChange(Struct):
    source_path: Line | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    author_id: Whole | UnsetType | None = UNSET
    status: Word | UnsetType = UNSET
    total_files: Whole | UnsetType = UNSET
    processed_files: Whole | UnsetType = UNSET
    failed_files: Whole | UnsetType = UNSET


class StackChange(Struct):
    stack_type: Annotated[str, Meta(max_length=50)] | UnsetType | None = UNSET
    cover_photo_hothash: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET
    name: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET


class StackPhoto(Struct):
    photo_hothash: Annotated[str, Meta(min_length=1, max_length=128)]


# -- in -------------------------------------------------------------------------------------------


def given(body: Struct) -> dict[str, Any]:
    """The fields that the request named."""
    return {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}


def moment(text: str | None, name: str) -> int | None:
    """µs since 1970 of an ISO 8601 time; one without a zone is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise Problem(400, f"{name} is no ISO 8601 date and time") from None


def address(text: str | None) -> str | None:
    if text and not _EMAIL.fullmatch(text):
        raise Problem(400, "Invalid email format")
    return text or None


def picture(text: str) -> bytes:
    """Base64, with or without the head of a data URL."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        found = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not found:
        raise Problem(400, "hotpreview is no base64 of a picture")
    return found


# -- out ------------------------------------------------------------------------------------------


def time_of(micros: int | None) -> str | None:
    if micros is None:
        return None
    try:
        found = datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=None).isoformat() + "Z"


def page(items: Sequence[Any], total: int, offset: int, limit: int) -> dict[str, Any]:
    meta = {"total": total, "offset": offset, "limit": limit, "page": offset // limit + 1, "pages": -(-total // limit)}
    return {"data": items, "meta": meta, "links": None}


def done(message: str, data: Any = None) -> dict[str, Any]:
    return {"status": "success", "success": True, "message": message} | ({} if data is None else {"data": data})


def jpeg(content: bytes, name: str = "") -> Response[bytes]:
    headers = {"Cache-Control": "public, max-age=3600"} | ({"Content-Disposition": f"inline; filename={name}.jpg"} if name else {})
    return Response(content, media_type="image/jpeg", headers=headers)


def plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
