"""Photos by hothash, and their two previews (`/photos`)."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import multipart  # type: ignore[import-untyped]  # comes with Litestar
from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from ..client.errors import Damaged
from ..library import companions, noted, pictures, previews
from ..library.api_keys import ApiKey
from ..library.companions import COLD, HOT
from ..library.library import Library, Photo
from ..library.search import Wanted
from ..serving.problems import Problem
from . import PREFIX, wire
from .access import DELETE, READ, UPDATE, VIEW, Books, Me
from .catalog import AUTHORS, Catalog, Seen

COLD_BOX = (1200, 1200)
"""Of a coldpreview that is made of an original."""
Side = Annotated[int | None, QueryParameter(ge=100, le=2000)]
Ask = Request[ApiKey, Any, State]


@get(f"{PREFIX}/photos", sync_to_thread=False, **READ)
def listed(catalog: Books, me: Me, offset: wire.Offset = 0, limit: wire.Limit = 100, author_id: FromQuery[int | None] = None) -> dict[str, Any]:
    found = [seen for seen in catalog.of(me.id) if author_id is None or seen.author == author_id]
    return _page(catalog, found, offset, limit)


def _page(catalog: Catalog, found: list[Seen], offset: int, limit: int) -> dict[str, Any]:
    photos = [catalog.library.photos[seen.id] for seen in found[offset : offset + limit]]
    return wire.page([catalog.listed(photo) for photo in photos], len(found), offset, limit)


@post(f"{PREFIX}/photos/search", request_max_body_size=wire.SMALL, sync_to_thread=False, **READ)
def search(data: JSONBody[wire.Search], catalog: Books, me: Me) -> dict[str, Any]:
    tests = _tests(data, catalog)
    found = [seen for seen in catalog.of(me.id) if all(test(seen) for test in tests)]
    keys: dict[str, Callable[[Seen], Any]] = {
        "taken_at": lambda seen: seen.taken or 0,
        "created_at": lambda seen: seen.made,
        "updated_at": lambda seen: seen.updated,
        "rating": lambda seen: seen.rating,
    }
    if data.sort_by not in keys or data.sort_order not in ("asc", "desc"):
        raise Problem(400, f"sort_by is one of {', '.join(keys)}; sort_order is asc or desc")
    found.sort(key=keys[data.sort_by], reverse=data.sort_order == "desc")
    return _page(catalog, found, data.offset, data.limit)


def _tests(ask: wire.Search, catalog: Catalog) -> list[Callable[[Seen], bool]]:
    """What is asked for, the cheap first."""
    tests: list[Callable[[Seen], bool]] = []
    if (low := ask.rating_min) is not None:
        tests.append(lambda seen: seen.rating >= low)
    if (high := ask.rating_max) is not None:
        tests.append(lambda seen: seen.rating <= high)
    if (after := wire.moment(ask.taken_after, "taken_after")) is not None:
        tests.append(lambda seen: seen.taken is not None and seen.taken >= after)
    if (before := wire.moment(ask.taken_before, "taken_before")) is not None:
        tests.append(lambda seen: seen.taken is not None and seen.taken <= before)
    for name, wanted in (("author", ask.author_id), ("gps", ask.has_gps), ("raw", ask.has_raw)):
        if wanted is not None:
            tests.append(partial(_is, name, wanted))
    if words := (ask.query or "").casefold().split():
        authors = {number: str(record.get("name", "")) for number, record in catalog.records(AUTHORS).items()}
        with_words = _with(catalog.library, words)
        tests.append(lambda seen: seen.id in with_words or (seen.said and _says(catalog.library, seen, words, authors)))
    return tests


def _is(name: str, wanted: object, seen: Seen) -> bool:
    return bool(getattr(seen, name) == wanted)


def _with(library: Library, words: list[str]) -> set[int]:
    """Photos of which the index says each of these: name, caption, place, camera, tags; or an album that they are in is called so."""
    found: set[int] | None = None
    for word in words:
        some = set(library.search.ids(Wanted(text=word)))
        for album in library.albums.values():
            if word in album.name.casefold():
                some.update(library.facts.in_album(album.id))
        found = some if found is None else found & some
    return found or set()


def _says(library: Library, seen: Seen, words: list[str], authors: dict[int, str]) -> bool:
    """Whether every word is somewhere in what is said about the photo: names, caption, tags, camera, author, albums."""
    photo = library.photos[seen.id]
    file = photo.file
    texts = [file.title, file.caption, *noted.noted(photo).tags, authors.get(seen.author or 0, "")]
    texts += [str(file.public.values.get(name) or "") for name in ("cameraMake", "cameraModel")]
    texts += [note.name or "" for note in companions.files_of(photo.own)]
    texts += [library.albums[number].name for number in photo.places if number in library.albums]
    whole = "\n".join(texts).casefold()
    return all(word in whole for word in words)


@get(PREFIX + "/photos/{hothash:str}", sync_to_thread=False, **READ)
def one(hothash: FromPath[str], catalog: Books, me: Me) -> dict[str, Any]:
    return catalog.whole(catalog.photo(me.id, hothash))


@put(PREFIX + "/photos/{hothash:str}", request_max_body_size=wire.SMALL, **UPDATE)
async def change(hothash: FromPath[str], data: JSONBody[wire.PhotoChange], catalog: Books, me: Me) -> dict[str, Any]:
    library, photo = catalog.library, catalog.photo(me.id, hothash)
    said, number = wire.given(data), photo.file.id
    if (author := said.get("author_id")) is not None and author not in catalog.records(AUTHORS):
        raise Problem(400, f"Author with id {author} not found")
    place = _place(photo, said)

    def edit(own: dict[str, Any]) -> None:
        if "rating" in said:
            own["rating"] = said["rating"]
        if "author_id" in said:
            own["author"] = author or 0

    if said.keys() & {"rating", "author_id"}:
        await noted.note(library, [number], edit)
    if place is not None:
        await library.change_many([number], lambda values: values.update(lat=place[0], long=place[1]), public=True)
    return catalog.whole(catalog.photo(me.id, hothash))


def _place(photo: Photo, said: dict[str, Any]) -> tuple[float, float] | None:
    """Where the photo is to be; None: where it was. 0, 0 is nowhere, as Ente's apps have it."""
    if not said.keys() & {"gps_latitude", "gps_longitude"}:
        return None
    lat, long = photo.file.place or (None, None)
    lat, long = said.get("gps_latitude", lat), said.get("gps_longitude", long)
    if (lat is None) != (long is None):
        raise Problem(400, "gps_latitude and gps_longitude go together")
    if lat is None or long is None:
        if any(photo.file.metadata.get(name) for name in ("latitude", "longitude")):
            raise Problem(400, "The position that came with this photo can be changed, but not taken away")
        return 0.0, 0.0
    return float(lat), float(long)


@delete(PREFIX + "/photos/{hothash:str}", **DELETE)
async def remove(hothash: FromPath[str], catalog: Books, me: Me) -> dict[str, Any]:
    """Into the trash of the account, with all that is said of it."""
    await catalog.library.trash([catalog.photo(me.id, hothash).file.id])
    return wire.done("Photo deleted successfully")


# -- previews -------------------------------------------------------------------------------------


@get(PREFIX + "/photos/{hothash:str}/hotpreview", **VIEW)
async def hotpreview(hothash: FromPath[str], catalog: Books, me: Me) -> Response[bytes]:
    return wire.jpeg(await hot_of(catalog, catalog.photo(me.id, hothash)), f"hotpreview_{hothash}")


async def hot_of(catalog: Catalog, photo: Photo) -> bytes:
    """What was sent, or a small picture of the stored thumbnail."""
    thumbnail = await catalog.library.thumbnail(photo.file)
    if companions.preview(photo.file):
        return thumbnail
    return await previews.opened(lambda: previews.within(thumbnail, (previews.SIDE, previews.SIDE)))


@get(PREFIX + "/photos/{hothash:str}/coldpreview", **VIEW)
async def coldpreview(hothash: FromPath[str], catalog: Books, me: Me, width: Side = None, height: Side = None) -> Response[bytes]:
    photo = catalog.photo(me.id, hothash)
    kind = companions.preview(photo.file)
    if kind == HOT:
        raise Problem(404, f"Coldpreview of {hothash[:80]} not found")
    box = (width or 2**16, height or 2**16) if width or height else None
    if kind == COLD:
        picture = await _content(catalog.library, photo, previews.MOST_COLD)
        if box:
            whole = picture
            picture = await previews.opened(lambda: previews.within(whole, box))
    else:
        picture = await _made(catalog.library, photo, (min((box or COLD_BOX)[0], COLD_BOX[0]), min((box or COLD_BOX)[1], COLD_BOX[1])))
    return wire.jpeg(picture, f"coldpreview_{hothash}")


async def _made(library: Library, photo: Photo, box: tuple[int, int]) -> bytes:
    """Of an original, or of its thumbnail where nothing else can be opened."""
    try:
        larger = await library.pictures.preview(photo.file)
    except pictures.NoPicture:
        raise Problem(404, "There is no picture of this photo") from None
    return await previews.opened(lambda: previews.within(larger, box))


async def _content(library: Library, photo: Photo, most: int) -> bytes:
    held = bytearray()
    async for piece in library.content(photo.file):
        held += piece
        if len(held) > most:
            raise Damaged(f"the content of file {photo.file.id} is too large for a preview")
    return bytes(held)


@put(PREFIX + "/photos/{hothash:str}/coldpreview", request_max_body_size=None, **UPDATE)
async def set_coldpreview(hothash: FromPath[str], request: Ask, catalog: Books, me: Me) -> dict[str, Any]:
    catalog.library.connection.may_write()
    catalog.photo(me.id, hothash)
    sent = await _file_of_form(request)
    if not sent:
        raise Problem(400, "File is empty")
    picture = await previews.opened(lambda: previews.as_jpeg(sent))
    if len(picture) > previews.MOST_COLD:
        raise Problem(400, "The picture is too large for a preview")
    async with catalog.alone(hothash):
        await previews.set_cold(catalog.library, catalog.photo(me.id, hothash), picture)
    data = {"hothash": hothash, "coldpreview_path": f"{PREFIX}/photos/{hothash}/coldpreview"}
    return wire.done("Coldpreview uploaded successfully", data)


async def _file_of_form(request: Ask) -> bytes:
    """The part `file` of a multipart form, which is held in memory as a whole: nothing of a photo is written to this machine's disk in the clear."""
    kind, options = multipart.parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not re.fullmatch(r"[ -~]{1,70}", boundary):
        raise Problem(400, "The preview is sent as multipart/form-data, in a field named file")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > previews.MOST_COLD + 64 * 1024:
            raise Problem(413, "The picture is too large for a preview")
    try:
        form = multipart.MultipartParser(
            io.BytesIO(body), boundary, len(body), memfile_limit=len(body), memory_limit=2 * len(body), disk_limit=0, part_limit=16, strict=False
        )  # fmt: skip
        part = form.get("file")
        found = part.raw if part is not None else None
        said = part.content_type if part is not None else ""
    except multipart.MultipartError:
        raise Problem(400, "The form is malformed") from None
    if found is None:
        raise Problem(400, "The form has no field named file")
    if said and not said.startswith("image/") and said != "application/octet-stream":
        raise Problem(400, "File must be an image")
    return bytes(found)


@delete(PREFIX + "/photos/{hothash:str}/coldpreview", **UPDATE)
async def drop_coldpreview(hothash: FromPath[str], catalog: Books, me: Me) -> dict[str, Any]:
    async with catalog.alone(hothash):
        if not await previews.drop_cold(catalog.library, catalog.photo(me.id, hothash)):
            raise Problem(404, f"Coldpreview of {hothash[:80]} not found")
    return wire.done("Coldpreview deleted successfully")


def now() -> int:
    """µs since 1970."""
    return time.time_ns() // 1000


HANDLERS = [listed, search, one, change, remove, hotpreview, coldpreview, set_coldpreview, drop_coldpreview]
