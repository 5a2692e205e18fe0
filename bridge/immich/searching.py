"""Search: by words of names and descriptions, date, type, camera, place, rating, tag, favourite, archive, album and person.

It is answered from what this bridge knows of every photo; the server cannot search what it cannot read. What Immich finds by machine learning is
refused as it refuses it where that is switched off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from ..client.shapes import IMAGE, LIVE_PHOTO, VIDEO
from ..library.library import Library
from ..library.search import Entry, Wanted
from ..serving.problems import Problem
from . import lookup, present
from .shapes import AlbumShape, Asset, Shape
from .times import micros
from .uploads import sha1_hex

Text = Annotated[str, Meta(max_length=1000)]
Named = Text | UnsetType | None
"""null: that have none."""
Ids = Annotated[list[str], Meta(max_length=1000)]
Size = Annotated[int, Meta(ge=1, le=1000)]
KINDS: dict[str, tuple[int, ...]] = {"IMAGE": (IMAGE, LIVE_PHOTO), "VIDEO": (VIDEO,), "AUDIO": (), "OTHER": ()}
EVERY = (IMAGE, LIVE_PHOTO, VIDEO)
TIMES = {"created": "added", "updated": "updated", "taken": "taken", "trashed": "trashed"}
COLUMNS = {"fileCreatedAt": "taken", "localDateTime": "local", "fileSizeInBytes": "size", "rating": "rating"}


class Filters(Shape):
    """What every kind of search takes."""

    album_ids: Ids | None = None
    person_ids: Ids | None = None
    tag_ids: Ids | UnsetType | None = UNSET
    city: Named = UNSET
    state: Named = UNSET
    country: Named = UNSET
    make: Named = UNSET
    model: Named = UNSET
    lens_model: Named = UNSET
    description: Text | None = None
    created_after: str | None = None
    created_before: str | None = None
    updated_after: str | None = None
    updated_before: str | None = None
    taken_after: str | None = None
    taken_before: str | None = None
    trashed_after: str | None = None
    trashed_before: str | None = None
    is_encoded: bool | None = None
    is_favorite: bool | None = None
    is_motion: bool | None = None
    is_not_in_album: bool | None = None
    is_offline: bool | None = None
    library_id: str | None = None
    ocr: Text | None = None
    rating: Annotated[int, Meta(ge=-1, le=5)] | UnsetType | None = UNSET
    type: Literal["IMAGE", "VIDEO", "AUDIO", "OTHER"] | None = None
    visibility: str | None = None
    with_deleted: bool | None = None
    filter: dict[str, Any] | None = None


class Shown(Filters):
    size: Size | None = None
    with_exif: bool | None = None
    with_people: bool | None = None
    with_stacked: bool | None = None


class OrderBy(Shape):
    field: Literal["fileCreatedAt", "localDateTime", "fileSizeInBytes", "rating"] | None = None
    direction: Literal["asc", "desc"] | None = None


class Metadata(Shown):
    id: str | None = None
    checksum: str | None = None
    original_file_name: Text | None = None
    original_path: Text | None = None
    encoded_video_path: Text | None = None
    preview_path: Text | None = None
    thumbnail_path: Text | None = None
    order: Literal["asc", "desc"] | None = None
    order_by: OrderBy | None = None
    page: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    cursor: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,15}$")] | None = None


class FoundAssets(Shape):
    items: list[Asset]
    count: int
    total: int
    next_page: str | None
    next_cursor: str | None
    facets: list[str] = msgspec.field(default_factory=list)


class FoundAlbums(Shape):
    items: list[AlbumShape] = msgspec.field(default_factory=list)
    count: int = 0
    total: int = 0
    facets: list[str] = msgspec.field(default_factory=list)


class Found(Shape):
    assets: FoundAssets
    albums: FoundAlbums = msgspec.field(default_factory=FoundAlbums)


def wanted_of(library: Library, data: Filters) -> Wanted:
    """One's own photos; of albums, all that are in them. Ids that are unknown are refused."""
    if data.filter is not None:
        raise Problem(400, "filter is not supported: use the filters beside it")
    albums = tuple(lookup.album(library, text).id for text in dict.fromkeys(data.album_ids or ()))
    times = _times(data)
    exact = {"city": data.city, "state": data.state, "country": data.country, "make": data.make, "model": data.model, "lens": data.lens_model}
    values: dict[str, Any] = lookup.visible(data.visibility)
    kinds = KINDS[data.type] if data.type else EVERY
    if data.is_motion is not None:
        kinds = tuple(kind for kind in kinds if (kind == LIVE_PHOTO) == data.is_motion)
    every = len(kinds) == len(EVERY)  # then nothing needs to be asked
    if not kinds or data.is_encoded or data.is_offline or data.library_id or data.ocr:
        values["ids"] = []  # nothing here is transcoded, offline, in an external library or read for its text
    return Wanted(
        caption=data.description or "",
        exact={name: value or "" for name, value in exact.items() if not isinstance(value, UnsetType)},
        kinds=() if every else kinds,
        times=times,
        rating=data.rating if isinstance(data.rating, int) else None,
        unrated=data.rating is None,
        tags=tuple(lookup.tag(library, text).value for text in data.tag_ids or ()) if not isinstance(data.tag_ids, UnsetType) else (),
        untagged=data.tag_ids is None,
        albums=albums,
        persons=tuple(lookup.person(library, text).id for text in data.person_ids or ()),
        favourite=data.is_favorite,
        in_album=None if data.is_not_in_album is None else not data.is_not_in_album,
        owner=None if albums else library.keys.user_id,
        any_trash=data.with_deleted if data.with_deleted is not None else "trashed" in times,
        **values,
    )


def _times(data: Filters) -> dict[str, tuple[int | None, int | None]]:
    found: dict[str, tuple[int | None, int | None]] = {}
    for name, column in TIMES.items():
        after, before = getattr(data, f"{name}_after"), getattr(data, f"{name}_before")
        if after is not None or before is not None:
            found[column] = (_micros(after, f"{name}After"), _micros(before, f"{name}Before"))
    return found


def _micros(text: str | None, name: str) -> int | None:
    return None if text is None else micros(text, name)


def _of_metadata(library: Library, data: Metadata) -> Wanted:
    made = wanted_of(library, data)
    values: dict[str, Any] = {"title": data.original_file_name or ""}
    ids = made.ids
    if data.encoded_video_path or data.preview_path or data.thumbnail_path:
        ids = []
    if data.id is not None:
        number = library.number_of(data.id)
        ids = [number] if number is not None and ids is None else []
    if data.original_path:
        ids = _at_path(library, data.original_path, ids)
    if data.checksum is not None:
        sha1 = sha1_hex(data.checksum)
        if sha1 is None:
            raise Problem(400, "checksum must be a SHA-1 in hex or base64")
        values["sha1"] = bytes.fromhex(sha1)
    return replace(made, ids=ids, **values)


def _at_path(library: Library, text: str, among: Sequence[int] | None) -> list[int]:
    """Photos whose folder and name have this in them."""
    folders, sought = present.all_folders(library), text.casefold()
    entries = library.search.titles(Wanted(ids=among, any_trash=True))
    return [number for number, title in entries if sought in f"{folders.get(number, '/').rstrip('/')}/{title}".casefold()]


def _order(data: Metadata) -> str:
    by = data.order_by or OrderBy()
    column = COLUMNS[by.field or "fileCreatedAt"]
    sign = "" if (by.direction or data.order) == "asc" else " DESC"
    return f"{column}{sign}, id{sign}"


@post("/api/search/metadata", permission="asset.read", status_code=200, sync_to_thread=False)
def metadata(data: JSONBody[Metadata], library: NamedDependency[Library]) -> Found:
    wanted, size = _of_metadata(library, data), data.size or 250
    page = int(data.cursor) if data.cursor is not None else data.page or 1
    offset = min((page - 1) * size, 2**62)
    entries = library.search.entries(wanted, order=_order(data), limit=size + 1, offset=offset)
    more, entries = len(entries) > size, entries[:size]
    items = _assets(library, entries, data)
    following = str(page + 1) if more else None
    total = library.search.count(wanted) if more or page > 1 else len(entries)
    return Found(FoundAssets(items, len(items), total, following, following))


def _assets(library: Library, entries: Sequence[Entry], data: Shown) -> list[Asset]:
    exif = data.with_exif is not False  # tools that never said otherwise read it
    return present.assets(library, entries, exif=exif, with_people=bool(data.with_people), with_stack=bool(data.with_stacked))


@post("/api/search/random", permission="asset.read", status_code=200, sync_to_thread=False)
def random(data: JSONBody[Shown], library: NamedDependency[Library]) -> list[Asset]:
    return _assets(library, library.search.random(wanted_of(library, data), data.size or 250), data)


@post("/api/search/statistics", permission="asset.statistics", status_code=200, sync_to_thread=False)
def statistics(data: JSONBody[Filters], library: NamedDependency[Library]) -> dict[str, int]:
    return {"total": library.search.count(wanted_of(library, data))}


@post("/api/search/smart", permission="asset.read", status_code=200)
async def smart(data: JSONBody[dict[str, Any]]) -> None:
    """No model looks at photos here: the features say so, and this is what Immich answers then."""
    raise Problem(400, "Smart search is not enabled")


SUGGESTED = {
    "country": "country", "state": "state", "city": "city", "camera-make": "make", "camera-model": "model", "camera-lens-model": "lens",
}  # fmt: skip


@get("/api/search/suggestions", permission="asset.read", sync_to_thread=False)
def suggestions(
    library: NamedDependency[Library],
    kind: Annotated[Literal["country", "state", "city", "camera-make", "camera-model", "camera-lens-model"], QueryParameter(name="type")],
    country: Annotated[str | None, QueryParameter(name="country")] = None,
    region: Annotated[str | None, QueryParameter(name="state")] = None,
    make: Annotated[str | None, QueryParameter(name="make")] = None,
    model: Annotated[str | None, QueryParameter(name="model")] = None,
    lens: Annotated[str | None, QueryParameter(name="lensModel")] = None,
    include_null: Annotated[bool | None, QueryParameter(name="includeNull")] = None,
) -> list[str | None]:
    """Values that one's photos have; `includeNull`: and that some have none."""
    said = {"country": country, "state": region, "make": make, "model": model, "lens": lens}
    wanted = Wanted(owner=library.keys.user_id, exact={name: value for name, value in said.items() if value})
    found: list[str | None] = list(library.search.distinct(SUGGESTED[kind], wanted))
    return [None, *found] if include_null else found


# -- ways in --------------------------------------------------------------------------------------


@get("/api/search/cities", permission="asset.read", sync_to_thread=False)
def cities(library: NamedDependency[Library]) -> list[Asset]:
    """The latest photo of each town."""
    return present.assets(library, library.search.first_of_each("city", Wanted(owner=library.keys.user_id, archived=False)))


@get("/api/search/explore", permission="asset.read", sync_to_thread=False)
def explore(library: NamedDependency[Library]) -> list[dict[str, Any]]:
    """Up to twelve towns, each with a photo."""
    entries = library.search.first_of_each("city", Wanted(owner=library.keys.user_id, archived=False), 12)
    items = [{"value": entry.city, "data": made} for entry, made in zip(entries, present.assets(library, entries), strict=True)]
    return [{"fieldName": "exifInfo.city", "items": items}]


HANDLERS = [metadata, random, statistics, smart, suggestions, cities, explore]
