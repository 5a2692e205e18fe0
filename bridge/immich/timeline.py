"""The timeline: months, and the photos of one as columns, so that a tool that draws a hundred thousand of them reads little."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from ..client.shapes import VIDEO
from ..library.identity import Kind
from ..library.library import Library
from ..library.search import Entry, Wanted, month_span
from ..serving.problems import Problem
from . import lookup, present
from .shapes import Shape, iso

TAKEN, ADDED = "local", "added"


class Bucket(Shape):
    time_bucket: str
    count: int


class Month(Shape, omit_defaults=True):
    """Columns of the same length. Coordinates and stacks only where they were asked for."""

    id: list[str]
    owner_id: list[str]
    ratio: list[float]
    is_favorite: list[bool]
    visibility: list[str]
    is_trashed: list[bool]
    is_image: list[bool]
    thumbhash: list[str | None]
    file_created_at: list[str]
    created_at: list[str]
    local_offset_hours: list[float]
    duration: list[int | None]
    projection_type: list[str | None]
    live_photo_video_id: list[str | None]
    city: list[str | None]
    country: list[str | None]
    latitude: list[float | None] | msgspec.UnsetType = msgspec.UNSET
    longitude: list[float | None] | msgspec.UnsetType = msgspec.UNSET
    stack: list[tuple[str, str] | None] | msgspec.UnsetType = msgspec.UNSET


class Asked(msgspec.Struct, frozen=True):
    """Of which photos, by which time, in which order."""

    wanted: Wanted
    column: str
    oldest_first: bool


def asked(
    library: NamedDependency[Library],
    album_id: Annotated[str | None, QueryParameter(name="albumId")] = None,
    person_id: Annotated[str | None, QueryParameter(name="personId")] = None,
    tag_id: Annotated[str | None, QueryParameter(name="tagId")] = None,
    user_id: Annotated[str | None, QueryParameter(name="userId")] = None,
    is_favorite: Annotated[bool | None, QueryParameter(name="isFavorite")] = None,
    is_trashed: Annotated[bool | None, QueryParameter(name="isTrashed")] = None,
    with_stacked: Annotated[bool | None, QueryParameter(name="withStacked")] = None,
    visibility: FromQuery[str | None] = None,
    bbox: FromQuery[str | None] = None,
    order: FromQuery[Literal["asc", "desc"] | None] = None,
    order_by: Annotated[Literal["takenAt", "createdAt"] | None, QueryParameter(name="orderBy")] = None,
) -> Asked:
    """One's own photos; of an album, all that are in it."""
    if user_id is not None and library.ids.number(Kind.USER, user_id) != library.keys.user_id:
        raise Problem(400, "Not found or no timeline.read access")
    found = lookup.album(library, album_id) if album_id is not None else None
    wanted = Wanted(
        owner=None if found else library.keys.user_id,
        albums=(found.id,) if found else (),
        persons=(lookup.person(library, person_id).id,) if person_id is not None else (),
        tags=(lookup.tag(library, tag_id).value,) if tag_id is not None else (),
        favourite=is_favorite,
        trash=is_trashed or None,
        box=_box(bbox) if bbox is not None else None,
        without=present.behind(library) if with_stacked else (),
        **lookup.visible(visibility),
    )
    return Asked(wanted, ADDED if order_by == "createdAt" else TAKEN, order == "asc")


def _box(text: str) -> tuple[float, float, float, float]:
    """west,south,east,north in degrees."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Problem(400, "bbox must be west,south,east,north") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Problem(400, "bbox must be west,south,east,north in degrees")
    return west, south, east, north


@get("/api/timeline/buckets", permission="asset.read", sync_to_thread=False)
def buckets(library: NamedDependency[Library], timeline: NamedDependency[Asked]) -> list[Bucket]:
    months = library.search.months(timeline.wanted, timeline.column)
    if timeline.oldest_first:
        months.reverse()
    return [Bucket(month.isoformat(), count) for month, count in months]


@get("/api/timeline/bucket", permission="asset.read", sync_to_thread=False)
def bucket(
    library: NamedDependency[Library],
    timeline: NamedDependency[Asked],
    time_bucket: Annotated[str, QueryParameter(name="timeBucket")],
    with_coordinates: Annotated[bool | None, QueryParameter(name="withCoordinates")] = None,
    with_stacked: Annotated[bool | None, QueryParameter(name="withStacked")] = None,
) -> Month:
    try:
        month = date.fromisoformat(time_bucket[:10])
    except ValueError:
        raise Problem(400, "timeBucket must be a date") from None
    sign = "" if timeline.oldest_first else " DESC"
    column = "taken" if timeline.column == TAKEN else timeline.column
    wanted = replace(timeline.wanted, times={timeline.column: month_span(month)})
    entries = library.search.entries(wanted, order=f"{column}{sign}, id{sign}")
    made = _columns(library, entries)
    if with_coordinates:
        made.latitude, made.longitude = [e.lat for e in entries], [e.long for e in entries]
    if with_stacked:
        known = present.stacks(library)
        made.stack = [(e.stack, str(len(known[e.stack]))) if e.stack and e.stack in known else None for e in entries]
    return made


def _columns(library: Library, entries: list[Entry]) -> Month:
    owners = {owner: library.ids.of(Kind.USER, owner) for owner in {entry.owner for entry in entries}}
    nothing: list[Any] = [None] * len(entries)
    return Month(
        id=[library.uuid_of_entry(e) for e in entries],
        owner_id=[owners[e.owner] for e in entries],
        ratio=[round(e.width / e.height, 3) if e.width > 0 and e.height > 0 else 1 for e in entries],
        is_favorite=[e.favourite for e in entries],
        visibility=[present.VISIBILITY.get(e.visibility, "timeline") for e in entries],
        is_trashed=[e.trashed is not None for e in entries],
        is_image=[e.kind != VIDEO for e in entries],
        thumbhash=nothing,
        file_created_at=[iso(e.taken) for e in entries],
        created_at=[iso(e.added) for e in entries],
        local_offset_hours=[round((e.local - e.taken) / 3_600_000_000, 2) for e in entries],
        duration=[present.duration(e) for e in entries],
        projection_type=nothing,
        live_photo_video_id=[present.live_video(library, e) for e in entries],
        city=[e.city for e in entries],
        country=[e.country for e in entries],
    )


HANDLERS = [buckets, bucket]
DEPENDENCIES = {"timeline": Provide(asked, sync_to_thread=False)}
