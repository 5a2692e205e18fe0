"""Albums: Ente's collections of the kinds that people make. Those that others share are listed; only one's own are changed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any, Literal

from litestar import delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from ..client.shapes import Album
from ..library.identity import canonical
from ..library.library import BRIDGE, Library
from ..serving.problems import Problem
from . import lookup, present, shapes
from .shapes import AlbumShape, Shape


class NewAlbum(Shape):
    album_name: Annotated[str, Meta(max_length=500)]
    description: str | None = None
    asset_ids: list[str] | None = None
    album_users: list[dict[str, Any]] | None = None


class ChangeAlbum(Shape):
    """What is left out stays."""

    album_name: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    description: Annotated[str, Meta(max_length=10_000)] | None = None
    album_thumbnail_asset_id: str | None = None
    is_activity_enabled: bool | None = None
    order: Literal["asc", "desc"] | None = None


class BulkIds(Shape):
    ids: Annotated[list[str], Meta(max_length=100_000)]


class BulkId(Shape, omit_defaults=True):
    """`error`: duplicate, no_permission or not_found."""

    id: str
    success: bool
    error: str | None = None


@get("/api/albums", permission="album.read", sync_to_thread=False)
def albums(
    library: NamedDependency[Library],
    shared: FromQuery[bool | None] = None,
    asset_id: Annotated[str | None, QueryParameter(name="assetId")] = None,
) -> list[AlbumShape]:
    """Without `shared` all of them; `assetId`: those that a photo is in."""
    found = [album for album in library.albums.values() if shapes.listed(album) and (shared is None or album.shared == shared)]
    if asset_id is not None:
        places = lookup.photo(library, asset_id).places
        found = [album for album in found if album.id in places]
    return [present.album(library, album) for album in sorted(found, key=lambda album: (-album.updated, album.id))]


@post("/api/albums", permission="album.create", status_code=201)
async def create(data: JSONBody[NewAlbum], library: NamedDependency[Library]) -> AlbumShape:
    if data.album_users:
        raise Problem(400, "Albums are shared in Ente's apps, where the other's keys are")
    photos = await _photos(library, data.asset_ids or ())
    private = {BRIDGE: {"description": data.description}} if data.description else None
    made = await library.create_album(data.album_name, private=private)
    await library.add(photos, made)
    return present.album(library, library.albums[made.id])


async def _photos(library: Library, texts: Iterable[str]) -> list[int]:
    found = []
    for text in dict.fromkeys(texts):
        await lookup.find(library, text)
        found.append(lookup.photo(library, text, "asset.share").file.id)
    return found


@get("/api/albums/{album_id:str}", permission="album.read", sync_to_thread=False)
def album(album_id: FromPath[str], library: NamedDependency[Library]) -> AlbumShape:
    return present.album(library, lookup.album(library, album_id))


@delete("/api/albums/{album_id:str}", permission="album.delete", status_code=204)
async def remove(album_id: FromPath[str], library: NamedDependency[Library]) -> None:
    """The album; its photos stay in the library."""
    await library.delete_album(lookup.album(library, album_id, "album.delete"))


@put("/api/albums/{album_id:str}/assets", permission="albumAsset.create")
async def add(album_id: FromPath[str], data: JSONBody[BulkIds], library: NamedDependency[Library]) -> list[BulkId]:
    return await put_into(library, lookup.album(library, album_id, "albumAsset.create"), data.ids)


async def put_into(library: Library, album: Album, texts: Iterable[str]) -> list[BulkId]:
    """What became of each; one that was promised and waits on this disk is sent first."""
    results, wanted = [], []
    for text in texts:
        asset_id = canonical(text)
        if asset_id is None:
            raise Problem(400, "ids must be UUIDs")
        photo = await lookup.find(library, asset_id)
        if photo is None or not library.shown(photo):
            results.append(BulkId(asset_id, False, "not_found"))
        elif not library.mine(photo):
            results.append(BulkId(asset_id, False, "no_permission"))
        elif album.id in photo.places or photo.file.id in wanted:
            results.append(BulkId(asset_id, False, "duplicate"))
        else:
            wanted.append(photo.file.id)
            results.append(BulkId(asset_id, True))
    await library.add(wanted, album)
    return results


@patch("/api/albums/{album_id:str}", permission="album.update")
async def change(album_id: FromPath[str], data: JSONBody[ChangeAlbum], library: NamedDependency[Library]) -> AlbumShape:
    """Name, cover and order as Ente's apps have them; the description is the bridge's."""
    found = lookup.album(library, album_id, "album.update")
    if data.is_activity_enabled:
        raise Problem(400, "isActivityEnabled cannot be set: comments are made in Ente's apps")
    public: dict[str, Any] = {} if data.order is None else {"asc": data.order == "asc"}
    if data.album_thumbnail_asset_id is not None:
        cover = lookup.photo(library, data.album_thumbnail_asset_id)
        if found.id not in cover.places:
            raise Problem(400, "Invalid album thumbnail")
        public["coverID"] = cover.file.id
    if data.album_name is not None and data.album_name != found.name:
        await library.rename_album(found, data.album_name)
    if public:
        await library.change_album(library.albums[found.id], lambda values: values.update(public), public=True)
    if data.description is not None:
        await library.change_album(library.albums[found.id], partial(_describe, data.description), public=False)
    return present.album(library, library.albums[found.id])


def _describe(text: str, values: dict[str, Any]) -> None:
    about = values.get(BRIDGE)
    values[BRIDGE] = (about if isinstance(about, dict) else {}) | {"description": text}


@delete("/api/albums/{album_id:str}/assets", permission="albumAsset.delete", status_code=200)
async def take_out(album_id: FromPath[str], data: JSONBody[BulkIds], library: NamedDependency[Library]) -> list[BulkId]:
    """Out of the album, and never out of the library."""
    album = lookup.album(library, album_id, "albumAsset.delete")
    results, wanted = [], []
    for text in data.ids:
        asset_id = canonical(text)
        if asset_id is None:
            raise Problem(400, "ids must be UUIDs")
        photo = await lookup.find(library, asset_id)
        if photo is None or not library.shown(photo) or album.id not in photo.places:
            results.append(BulkId(asset_id, False, "not_found"))
        elif photo.file.id in wanted:
            results.append(BulkId(asset_id, False, "duplicate"))
        else:
            wanted.append(photo.file.id)
            results.append(BulkId(asset_id, True))
    await library.remove(wanted, album)
    return results


HANDLERS = [albums, create, album, remove, add, change, take_out]
