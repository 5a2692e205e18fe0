"""What the face answers with: photos, albums, tags, people of Immich's API, as 3.3.5 has them. Times are ISO 8601 in UTC. How photos and albums of a
library become these is in `present`."""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import PurePath

import msgspec

from ..client.crypto import b64
from ..client.shapes import ARCHIVED, HIDDEN, VISIBLE, Album
from ..library.identity import Kind
from ..library.library import Library
from ..library.tags import Tag as KnownTag

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = int((datetime(9999, 12, 31, tzinfo=UTC) - EPOCH).total_seconds()) * 1_000_000
EARLIEST = int((datetime(1, 1, 2, tzinfo=UTC) - EPOCH).total_seconds()) * 1_000_000
VISIBILITIES = {"timeline": VISIBLE, "archive": ARCHIVED, "hidden": HIDDEN, "locked": HIDDEN}
PLAIN_ALBUMS = ("album", "folder")
MIME = {
    ".avif": "image/avif", ".heic": "image/heic", ".heif": "image/heif", ".hif": "image/heif", ".dng": "image/dng", ".jxl": "image/jxl",
    ".webp": "image/webp", ".insp": "image/jpeg", ".mov": "video/quicktime", ".mkv": "video/x-matroska", ".mts": "video/mp2t",
    ".m2ts": "video/mp2t", ".webm": "video/webm", ".m4v": "video/x-m4v", ".3gp": "video/3gpp", ".mxf": "application/mxf", ".insv": "video/mp4",
}  # fmt: skip


class Shape(msgspec.Struct, rename="camel"):
    """An answer, or a part of one."""


class User(Shape):
    id: str
    email: str
    name: str
    avatar_color: str
    profile_image_path: str
    profile_changed_at: str


class Tag(Shape):
    id: str
    name: str
    value: str
    created_at: str
    updated_at: str
    color: str | None = None
    parent_id: str | None = None


class Stack(Shape):
    id: str
    primary_asset_id: str
    asset_count: int


class Person(Shape):
    """Who it is, as Ente's apps know them: they keep no birthdays."""

    id: str
    name: str
    is_hidden: bool
    is_favorite: bool
    thumbnail_path: str
    updated_at: str
    birth_date: str | None = None
    color: str | None = None
    other_people: list[str] = []
    shared_by: list[str] = []
    shared_with: list[str] = []


class Exif(Shape):
    """Only what is known; places by name are filled in where they can be."""

    make: str | None = None
    model: str | None = None
    lens_model: str | None = None
    exif_image_width: int | None = None
    exif_image_height: int | None = None
    file_size_in_byte: int | None = None
    orientation: str | None = None
    date_time_original: str | None = None
    modify_date: str | None = None
    time_zone: str | None = None
    f_number: float | None = None
    focal_length: float | None = None
    iso: int | None = None
    exposure_time: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    description: str = ""
    projection_type: str | None = None
    rating: int | None = None


class Asset(Shape):
    """`duration` in milliseconds; `checksum` is SHA-1 in base64, empty where the bridge has never read the file."""

    id: str
    type: str
    owner_id: str
    original_file_name: str
    original_path: str
    original_mime_type: str | None
    checksum: str
    created_at: str
    updated_at: str
    file_created_at: str
    file_modified_at: str
    local_date_time: str
    width: int | None
    height: int | None
    duration: int | None
    visibility: str
    is_favorite: bool
    is_archived: bool
    is_trashed: bool
    live_photo_video_id: str | None = None
    thumbhash: str | None = None
    library_id: str | None = None
    duplicate_id: str | None = None
    is_offline: bool = False
    is_edited: bool = False
    has_metadata: bool = True
    resized: bool = True
    exif_info: Exif | None = None
    people: list[Person] = []
    tags: list[Tag] = []
    stack: Stack | None = None
    owner: User | None = None


class AlbumUser(Shape):
    user: User
    role: str


class AlbumShape(Shape):
    id: str
    album_name: str
    description: str
    album_thumbnail_asset_id: str | None
    album_users: list[AlbumUser]
    asset_count: int
    created_at: str
    updated_at: str
    shared: bool
    has_shared_link: bool
    start_date: str | None = None
    end_date: str | None = None
    last_modified_asset_timestamp: str | None = None
    is_activity_enabled: bool = False
    order: str = "desc"
    owner_id: str = ""


@lru_cache(4096)
def iso(micros: int) -> str:
    """2026-08-01T12:00:00.000Z; times that no calendar has become the nearest that it has."""
    at = EPOCH + timedelta(microseconds=min(max(micros, EARLIEST), LATEST))
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"


def user(library: Library, number: int | None = None, email: str = "") -> User:
    """The account, or somebody who shares with it."""
    number = library.keys.user_id if number is None else number
    email = library.link.email if number == library.keys.user_id else email
    return User(library.ids.of(Kind.USER, number), email, email.partition("@")[0], "primary", "", iso(0))


def mime(name: str, video: bool) -> str:
    suffix = PurePath(name).suffix.lower()
    return MIME.get(suffix) or mimetypes.guess_type("a" + suffix)[0] or ("video/mp4" if video else "image/jpeg")


def tag(library: Library, known: KnownTag) -> Tag:
    at = iso(known.created)
    parent = library.ids.named(Kind.TAG, known.parent) if known.parent else None
    return Tag(known.id, known.name, known.value, at, at, known.color, parent)


def text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def checksum(sha1: bytes | None) -> str:
    return b64(sha1) if sha1 else ""


def listed(album: Album) -> bool:
    """Whether tools see it as an album."""
    return album.kind in PLAIN_ALBUMS and not album.hidden
