"""What the face answers with: photos, albums, tags, people of Immich's API, as 3.3.5 has them. Times are ISO 8601 in UTC."""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any

import msgspec

from ..client import stream
from ..client.crypto import b64
from ..client.errors import Damaged
from ..client.shapes import ARCHIVED, HIDDEN, LIVE_PHOTO, VIDEO, Album, File
from ..library import live
from ..library.identity import Kind
from ..library.library import Library, Photo
from ..library.noted import Noted, is_favourite, noted, visibility
from ..library.tags import Tag as KnownTag
from ..library.tags import tag_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = int((datetime(9999, 12, 31, tzinfo=UTC) - EPOCH).total_seconds()) * 1_000_000
EARLIEST = int((datetime(1, 1, 2, tzinfo=UTC) - EPOCH).total_seconds()) * 1_000_000
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
    people: list[Any] = []
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


def iso(micros: int) -> str:
    """2026-08-01T12:00:00.000Z; times that no calendar has become the nearest that it has."""
    at = EPOCH + timedelta(microseconds=min(max(micros, EARLIEST), LATEST))
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z" if at.year >= 1000 else f"{at.year:04}-01-01T00:00:00.000Z"


def local_iso(file: File) -> str:
    """The time on the wall where it was taken, written as if it were UTC; UTC where nobody knows."""
    text = file.public.values.get("dateTime")
    if isinstance(text, str):
        try:
            found = datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            pass
        else:
            return iso((found - EPOCH) // timedelta(microseconds=1))
    return iso(file.taken)


def user(library: Library, number: int | None = None, email: str = "") -> User:
    """The account, or somebody who shares with it."""
    number = library.keys.user_id if number is None else number
    email = library.link.email if number == library.keys.user_id else email
    return User(library.ids.of(Kind.USER, number), email, email.partition("@")[0], "primary", "", iso(0))


def mime(name: str, video: bool) -> str:
    suffix = PurePath(name).suffix.lower()
    return MIME.get(suffix) or mimetypes.guess_type("a" + suffix)[0] or ("video/mp4" if video else "image/jpeg")


def album_path(library: Library, photo: Photo) -> str:
    """The folder that a photo is shown in where tools show folders: its first album that is one."""
    albums = (library.albums[n] for n in sorted(photo.places) if n in library.albums)
    name = next((album.name for album in albums if album.kind in PLAIN_ALBUMS and not album.hidden), "")
    return "/" + name.replace("/", "_") if name else "/"


def original_path(library: Library, photo: Photo) -> str:
    folder = album_path(library, photo)
    return f"{folder.rstrip('/')}/{photo.file.title}"


def whole(value: object) -> int | None:
    """A size in pixels; 0 is none."""
    return int(value) if isinstance(value, int | float) and value > 0 else None


def text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def size(file: File) -> int | None:
    """Bytes of the content in the clear."""
    try:
        return stream.plain_size(file.content_size) if file.content_size else None
    except Damaged:
        return None


def milliseconds(file: File) -> int | None:
    seconds = file.metadata.get("duration")
    if file.kind != VIDEO:
        return None
    return round(seconds * 1000) if isinstance(seconds, int | float) and 0 <= seconds < 2_000_000 else 0


def exif(photo: Photo, said: Noted | None = None) -> Exif:
    file, said = photo.file, said or noted(photo)
    values, place = file.public.values, file.place
    return Exif(
        make=text(values.get("cameraMake")),
        model=text(values.get("cameraModel")),
        exif_image_width=whole(values.get("w")),
        exif_image_height=whole(values.get("h")),
        file_size_in_byte=size(file),
        date_time_original=iso(file.taken),
        modify_date=iso(file.modified),
        time_zone=_zone(values.get("offsetTime")),
        latitude=place[0] if place else None,
        longitude=place[1] if place else None,
        description=file.caption,
        rating=said.rating if said.rating and 1 <= said.rating <= 5 else None,
    )


def _zone(value: object) -> str | None:
    """ "UTC+2" of "+02:00"."""
    if not isinstance(value, str) or len(value) != 6 or value[0] not in "+-":
        return None
    hours, minutes = value[1:3].lstrip("0"), value[4:]
    return f"UTC{value[0]}{hours or '0'}" + (f":{minutes}" if minutes != "00" else "")


def tag(library: Library, known: KnownTag) -> Tag:
    at = iso(known.created)
    parent = library.ids.named(Kind.TAG, known.parent) if known.parent else None
    return Tag(known.id, known.name, known.value, at, at, known.color, parent)


def stacks(library: Library) -> dict[str, list[Photo]]:
    """Stack → its photos, the one that stands for the others first. A stack of one is none."""

    def make() -> dict[str, list[Photo]]:
        found: dict[str, list[tuple[bool, int, Photo]]] = {}
        for number, photo in library.photos.items():
            if photo.own.get("stack") and library.mine(photo) and library.shown(photo) and (said := noted(photo)).stack:
                found.setdefault(said.stack, []).append((not said.first, number, photo))
        return {stack: [photo for *_, photo in sorted(some, key=lambda one: one[:2])] for stack, some in found.items() if len(some) > 1}

    return library.derived("stacks", make)


def asset(library: Library, photo: Photo, *, details: bool = False, with_exif: bool = True, trashed: bool = False) -> Asset:
    """`details`: with tags, stack and owner, as for one photo."""
    file, said = photo.file, noted(photo)
    kept = visibility(photo)
    live_id = live.video_id(library, photo) if file.kind == LIVE_PHOTO else None
    made = Asset(
        id=library.uuid_of(photo),
        type="VIDEO" if file.kind == VIDEO else "IMAGE",
        owner_id=library.ids.of(Kind.USER, file.owner_id),
        original_file_name=file.title,
        original_path=original_path(library, photo),
        original_mime_type=mime(file.title, file.kind == VIDEO),
        checksum=_checksum(said.sha1),
        created_at=iso(file.updated),
        updated_at=iso(file.updated),
        file_created_at=iso(file.taken),
        file_modified_at=iso(file.modified),
        local_date_time=local_iso(file),
        width=whole(file.public.values.get("w")),
        height=whole(file.public.values.get("h")),
        duration=milliseconds(file),
        visibility={ARCHIVED: "archive", HIDDEN: "hidden"}.get(kept, "timeline"),
        is_favorite=is_favourite(library, photo),
        is_archived=kept == ARCHIVED,
        is_trashed=trashed,
        live_photo_video_id=live_id,
        exif_info=exif(photo, said) if with_exif or details else None,
    )
    if details:
        made.tags = [tag(library, tag_of(library, value)) for value in said.tags]
        made.owner = user(library, file.owner_id)
        if members := stacks(library).get(said.stack):
            made.stack = Stack(said.stack, library.uuid_of(members[0]), len(members))
    return made


def _checksum(sha1: str) -> str:
    try:
        return b64(bytes.fromhex(sha1))
    except ValueError:
        return ""


def listed(album: Album) -> bool:
    """Whether tools see it as an album."""
    return album.kind in PLAIN_ALBUMS and not album.hidden


def album(library: Library, found: Album) -> AlbumShape:
    photos = [photo for photo in album_photos(library).get(found.id, ()) if library.shown(photo)]
    times = [photo.file.taken for photo in photos]
    about = found.private.values.get("brg")
    description = about.get("description") if isinstance(about, dict) else None
    owner = user(library, found.owner_id, found.owner_email)
    users = [AlbumUser(owner, "owner")]
    if found.owner_id != library.keys.user_id:
        users.append(AlbumUser(user(library), "viewer"))
    return AlbumShape(
        id=library.ids.of(Kind.ALBUM, found.id),
        album_name=found.name,
        description=description if isinstance(description, str) else "",
        album_thumbnail_asset_id=_cover(library, found, photos),
        album_users=users,
        asset_count=len(photos),
        created_at=iso(found.updated),
        updated_at=iso(found.updated),
        shared=found.shared,
        has_shared_link=found.linked,
        start_date=iso(min(times)) if times else None,
        end_date=iso(max(times)) if times else None,
        last_modified_asset_timestamp=iso(max(photo.file.updated for photo in photos)) if photos else None,
        order="asc" if found.public.values.get("asc") is True else "desc",
        owner_id=owner.id,
    )


def album_photos(library: Library) -> dict[int, list[Photo]]:
    """Album → its photos, the latest first."""

    def make() -> dict[int, list[Photo]]:
        found: dict[int, list[Photo]] = {}
        for photo in sorted(library.photos.values(), key=lambda photo: (-photo.file.taken, photo.file.id)):
            for number in photo.places:
                found.setdefault(number, []).append(photo)
        return found

    return library.derived("album photos", make)


def _cover(library: Library, found: Album, photos: list[Photo]) -> str | None:
    chosen = found.public.values.get("coverID")
    if isinstance(chosen, int) and chosen in library.photos and found.id in library.photos[chosen].places:
        return library.uuid_of(library.photos[chosen])
    return library.uuid_of(photos[0]) if photos else None
