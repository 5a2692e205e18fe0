"""Photos one by one and many at once: what they are, changes, the trash. What other clients wrote stays (`Library.change`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from ..client.shapes import LIVE_PHOTO, VIDEO
from ..library import live, noted
from ..library.library import Library, Photo
from ..library.search import Wanted
from ..serving.problems import Problem
from . import lookup, present, shapes
from .shapes import VISIBILITIES, Asset, Shape, iso
from .times import EPOCH, micros
from .uploads import MOST_NOTED, live_video

Rating = Annotated[int, Meta(ge=-1, le=5)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Ids = Annotated[list[str], Meta(max_length=50_000)]


class Change(Shape):
    """What is left out stays; null empties where it can."""

    description: str | UnsetType | None = UNSET
    date_time_original: str | UnsetType | None = UNSET
    is_favorite: bool | UnsetType | None = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET
    rating: Rating | UnsetType | None = UNSET
    visibility: str | UnsetType | None = UNSET
    live_photo_video_id: str | UnsetType | None = UNSET


class ChangeMany(Change):
    ids: Ids = msgspec.field(default_factory=list)
    date_time_relative: Annotated[int, Meta(ge=-(10**9), le=10**9)] | UnsetType | None = UNSET
    time_zone: str | UnsetType | None = UNSET
    duplicate_id: str | UnsetType | None = UNSET


class Delete(Shape):
    ids: Ids
    force: bool | None = None


class Copy(Shape):
    source_id: str
    target_id: str
    albums: bool = True
    favorite: bool = True
    stack: bool = True
    sidecar: bool = True
    shared_links: bool = True


class Note(Shape):
    asset_id: str
    key: Annotated[str, Meta(min_length=1, max_length=100)]
    value: dict[str, Any]


class Notes(Shape):
    items: Annotated[list[Note], Meta(max_length=5000)]


class Noted(Note):
    updated_at: str = ""


@get("/api/assets/statistics", permission="asset.statistics", sync_to_thread=False)
def statistics(
    library: NamedDependency[Library],
    is_favorite: Annotated[bool | None, QueryParameter(name="isFavorite")] = None,
    is_trashed: Annotated[bool | None, QueryParameter(name="isTrashed")] = None,
    visibility: FromQuery[str | None] = None,
) -> dict[str, int]:
    """How many photos and videos; without a question those of the timeline and the archive."""
    wanted = Wanted(owner=library.keys.user_id, favourite=is_favorite, trash=is_trashed or None, **lookup.visible(visibility))
    counts = library.search.count_kinds(wanted)
    videos = counts.get(VIDEO, 0)
    total = sum(counts.values())
    return {"images": total - videos, "videos": videos, "total": total}


@get("/api/assets/{asset_id:str}", permission="asset.read")
async def one(asset_id: FromPath[str], library: NamedDependency[Library]) -> Asset:
    if whole := live.photo_of_video(library, asset_id):
        return present.video_half(present.asset(library, lookup.photo(library, library.uuid_of(whole)).file.id))
    return present.asset(library, (await lookup.entry(library, asset_id)).id)


@put("/api/assets/{asset_id:str}", permission="asset.update")
async def change(asset_id: FromPath[str], data: JSONBody[Change], library: NamedDependency[Library]) -> Asset:
    await lookup.find(library, asset_id)
    found = lookup.photo(library, asset_id, "asset.update")
    number = found.file.id
    if data.live_photo_video_id is not UNSET:
        await _join(library, found, data.live_photo_video_id)
        found = lookup.photo(library, asset_id, "asset.update")
    await _apply(library, [found], data)
    return present.asset(library, number)


async def _join(library: Library, found: Photo, text: str | None) -> None:
    """With a video that is stored too. Asked again, it is done."""
    if text is None:
        if found.file.kind == LIVE_PHOTO:
            raise Problem(400, "A live photo is not taken apart")
        return
    if found.file.kind == LIVE_PHOTO and text.lower() != live.video_id(library, found):
        raise Problem(400, "This asset has a video already")
    if found.file.kind == VIDEO:
        raise Problem(400, "Only a picture has a livePhotoVideoId")
    if video := await live_video(library, text):
        await live.unite(library, found, video)
    elif found.file.kind != LIVE_PHOTO:
        raise Problem(400, "This video is part of another asset")


@put("/api/assets", permission="asset.update", status_code=204)
async def change_many(data: JSONBody[ChangeMany], library: NamedDependency[Library]) -> None:
    for text in data.ids:
        await lookup.find(library, text)
    found = lookup.photos(library, data.ids, "asset.update")
    if isinstance(data.duplicate_id, str) or data.live_photo_video_id is not UNSET:
        raise Problem(400, "duplicateId and livePhotoVideoId cannot be set")
    numbers = [photo.file.id for photo in found]
    await _apply(library, found, data)
    if isinstance(data.date_time_relative, int) or isinstance(data.time_zone, str):
        await _shift(library, numbers, data)


async def _apply(library: Library, photos: Sequence[Photo], data: Change) -> None:
    numbers = [photo.file.id for photo in photos]
    if public := _public(data):
        await library.change_many(numbers, lambda values: values.update(public), public=True)
    if data.rating is not UNSET:
        rating = data.rating if isinstance(data.rating, int) and data.rating > 0 else None
        await noted.rate(library, numbers, rating)
    if isinstance(data.visibility, str):
        if data.visibility not in VISIBILITIES:
            raise Problem(400, f"visibility must be one of {', '.join(VISIBILITIES)}")
        await noted.set_visibility(library, numbers, VISIBILITIES[data.visibility])
    if isinstance(data.is_favorite, bool):
        await noted.set_favourite(library, numbers, data.is_favorite)


def _public(data: Change) -> dict[str, Any]:
    """What Ente's apps show as well."""
    made: dict[str, Any] = {}
    if data.description is not UNSET:
        made["caption"] = data.description or ""
    if isinstance(data.date_time_original, str):
        made |= _when(data.date_time_original)
    if data.latitude is not UNSET or data.longitude is not UNSET:
        if not isinstance(data.latitude, float | int) or not isinstance(data.longitude, float | int):
            raise Problem(400, "latitude and longitude go together")
        made |= {"lat": float(data.latitude), "long": float(data.longitude)}
    return made


def _when(text: str) -> dict[str, Any]:
    taken = micros(text, "dateTimeOriginal")
    return _moment(taken, datetime.fromisoformat(text.strip()).utcoffset() or timedelta(0))


def _moment(taken: int, offset: timedelta | None) -> dict[str, Any]:
    """Keys of an edited time, as Ente's apps write them."""
    minutes = int(offset.total_seconds()) // 60 if offset is not None else 0
    local = EPOCH + timedelta(microseconds=taken, minutes=minutes)
    sign = "-" if minutes < 0 else "+"
    zone = {"offsetTime": f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"} if offset is not None else {}
    return {"editedTime": taken, "dateTime": local.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3], **zone}


async def _shift(library: Library, numbers: list[int], data: ChangeMany) -> None:
    """Each by as many minutes, or onto the clock of a time zone."""
    minutes = data.date_time_relative if isinstance(data.date_time_relative, int) else 0
    zone = None
    if isinstance(data.time_zone, str):
        try:
            zone = ZoneInfo(data.time_zone)
        except (ValueError, OSError, LookupError):
            raise Problem(400, "timeZone must be the name of a time zone") from None
    for number in numbers:
        file = library.photos[number].file
        taken = file.taken + minutes * 60_000_000
        at = EPOCH + timedelta(microseconds=taken)
        moment = _moment(taken, at.astimezone(zone).utcoffset() if zone else _offset(file.public.values.get("offsetTime")))
        await library.change(number, lambda values, moment=moment: values.update(moment), public=True)


def _offset(text: object) -> timedelta | None:
    try:
        return datetime.fromisoformat(f"2000-01-01T00:00:00{text}").utcoffset() if isinstance(text, str) and text else None
    except ValueError:
        return None


@delete("/api/assets", permission="asset.delete", status_code=204)
async def remove(data: JSONBody[Delete], library: NamedDependency[Library]) -> None:
    """To the trash; `force`: for ever."""
    for text in data.ids:
        await lookup.find(library, text)
    found = lookup.photos(library, data.ids, "asset.delete", trash=True)
    numbers = [photo.file.id for photo in found]
    await library.trash([number for number in numbers if number in library.photos])
    if data.force:
        await library.delete_for_ever(numbers)


@put("/api/assets/copy", permission="asset.copy", status_code=204)
async def copy(data: JSONBody[Copy], library: NamedDependency[Library]) -> None:
    """Albums, favourite, stack, and what would be in a sidecar, from one photo to another. Links are the server's."""
    source, target = (lookup.photo(library, text, "asset.copy") for text in (data.source_id, data.target_id))
    number, said = target.file.id, noted.noted(source)
    if data.sidecar:
        if caption := source.file.caption:
            await library.change(number, lambda values: values.update(caption=caption), public=True)
        await noted.note(library, [number], lambda own: own.update(rating=said.rating, tags=list(said.tags)))
    if data.stack and said.stack:
        await noted.note(library, [number], lambda own: own.update(stack=said.stack, first=False))
    if data.favorite and noted.is_favourite(library, source):
        await noted.set_favourite(library, [number], True)
    if data.albums:
        for album in [library.albums[n] for n in sorted(source.places) if n in library.albums]:
            if shapes.listed(album) and album.owner_id == library.keys.user_id:
                await library.add([number], album)


@put("/api/assets/metadata", permission="asset.update")
async def note(data: JSONBody[Notes], library: NamedDependency[Library]) -> list[Noted]:
    """What tools note about photos for themselves, by key."""
    if len(msgspec.json.encode(data)) > MOST_NOTED * max(len({item.asset_id for item in data.items}), 1):
        raise Problem(400, "metadata is too large")
    by_photo: dict[int, list[Note]] = {}
    for item in data.items:
        by_photo.setdefault(lookup.photo(library, item.asset_id, "asset.update").file.id, []).append(item)
    for number, items in by_photo.items():
        new = {item.key: item.value for item in items}

        def edit(own: dict[str, Any], new: dict[str, Any] = new) -> None:
            old = own.get("data")
            own["data"] = (old if isinstance(old, dict) else {}) | new

        await noted.note(library, [number], edit)
    at = iso((datetime.now(UTC) - EPOCH) // timedelta(microseconds=1))
    return [Noted(item.asset_id, item.key, item.value, at) for item in data.items]


HANDLERS = [statistics, one, change, change_many, remove, copy, note]
