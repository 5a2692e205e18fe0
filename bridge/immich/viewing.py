"""Pictures and films: thumbnails and previews from the sealed cache or made anew, originals, and videos of which any part is played."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from ..client.shapes import VIDEO
from ..library import live
from ..library.contents import Content, mime_of
from ..library.library import Library, Photo
from ..library.pictures import NoPicture
from ..library.search import Entry
from ..serving.problems import Problem
from ..serving.ranges import answer, attachment, unchanged
from . import lookup

Asked = Request[Any, Any, State]
KEPT = {"Cache-Control": "private, max-age=86400, no-transform"}
SHOWN = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif")
"""What every browser shows as it is."""


def opened(library: Library, entry: Entry) -> Photo:
    """The photo behind it, also one in the trash."""
    found = library.photos.get(entry.id) or library.binned.get(entry.id)
    if found is None:
        raise Problem(404, "Asset media not found")
    return found


@get("/api/assets/{asset_id:str}/thumbnail", permission="asset.view")
async def thumbnail(
    asset_id: FromPath[str],
    request: Asked,
    library: NamedDependency[Library],
    size: FromQuery[Literal["thumbnail", "preview", "fullsize", "original"] | None] = None,
    edited: Annotated[bool | None, QueryParameter(name="edited")] = None,
) -> Response[Any]:
    """Of a live photo's video the picture beside it. `edited`: edits are not kept apart here."""
    if whole := live.photo_of_video(library, asset_id):
        asset_id = library.uuid_of(whole)
    entry = await lookup.entry(library, asset_id, "asset.view")
    if size in ("fullsize", "original") and entry.kind != VIDEO:
        content = await library.contents.original(opened(library, entry).file)
        if content.name.lower().endswith(SHOWN):
            return await answer(request, content, mime_of(content.name), KEPT)
    kind = "thumbnail" if size in (None, "thumbnail") else "preview"
    tag = f'"{entry.header.hex()}-{kind}"'
    headers = KEPT | {"ETag": tag}
    if unchanged(request, tag):
        return Response(None, status_code=304, headers=headers)
    picture = library.pictures.kept(entry.id, entry.header.hex(), kind) or await _made(library, entry, kind)
    media_type = "image/webp" if picture[8:12] == b"WEBP" else "image/jpeg"
    return Response(picture, media_type=media_type, headers=headers)


async def _made(library: Library, entry: Entry, kind: str) -> bytes:
    file = opened(library, entry).file
    try:
        return await (library.pictures.thumbnail(file) if kind == "thumbnail" else library.pictures.preview(file))
    except NoPicture:
        raise Problem(404, "Asset media not found") from None


@get("/api/assets/{asset_id:str}/original", permission="asset.download")
async def original(
    asset_id: FromPath[str],
    request: Asked,
    library: NamedDependency[Library],
    edited: Annotated[bool | None, QueryParameter(name="edited")] = None,
) -> Response[Any]:
    """The file as it was uploaded; of a live photo its picture, by the id of its video that."""
    content = await content_of(library, asset_id, "asset.download")
    return await answer(
        request, content, mime_of(content.name), {"Content-Disposition": attachment(content.name), "Cache-Control": "private, no-transform"}
    )


async def content_of(library: Library, asset_id: str, permission: str) -> Content:
    if whole := live.photo_of_video(library, asset_id):
        lookup.photo(library, library.uuid_of(whole))
        return await library.contents.film(whole.file)
    return await library.contents.original(opened(library, await lookup.entry(library, asset_id, permission)).file)


@get("/api/assets/{asset_id:str}/video/playback", permission="asset.view")
async def playback(asset_id: FromPath[str], request: Asked, library: NamedDependency[Library]) -> Response[Any]:
    """As it was uploaded: nothing is transcoded."""
    if not live.photo_of_video(library, asset_id) and (await lookup.entry(library, asset_id, "asset.view")).kind != VIDEO:
        raise Problem(404, "Asset not found or asset is not a video")
    content = await content_of(library, asset_id, "asset.view")
    return await answer(request, content, mime_of(content.name), KEPT)


HANDLERS = [thumbnail, original, playback]
