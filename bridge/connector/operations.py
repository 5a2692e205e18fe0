"""All ten. Query strings are read as leniently as the original reads them: what is no number is the default."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody

from ..client.shapes import IMAGE, LIVE_PHOTO, VIDEO
from ..immich import VERSION, present
from ..immich.shapes import Asset
from ..library import pictures, previews
from ..library.api_keys import ApiKey
from ..library.contents import mime_of
from ..library.library import Library, Photo
from ..library.search import Wanted
from ..serving import ranges
from ..serving.access import Connected
from ..serving.bridge import Bridge
from ..serving.face import ANY_KEY
from ..serving.problems import Problem
from . import PREFIX

MOST, DEFAULT = 1000, 100
SMALL = 64 * 1024
"""Bytes of a body."""
PHOTOS, VIDEOS = (IMAGE, LIVE_PHOTO), (VIDEO,)
_TYPES = {"ALL": (*PHOTOS, *VIDEOS), "IMAGE": PHOTOS, "VIDEO": VIDEOS}
Ask = Request[ApiKey, Any, State]


class Search(msgspec.Struct):
    query: Annotated[str, msgspec.Meta(max_length=500)] | None = ""
    type: str | None = "ALL"
    size: Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None = DEFAULT


def linked(request: Connected, _: BaseRouteHandler) -> None:
    """503 as long as the bridge has no session on a server."""
    bridge: Bridge = request.app.state.bridge
    if not bridge.keeper.linked:
        raise Problem(503, "The server has ended this bridge's session: run `darkroom bridge link` again", "Immich connector not configured")


def _success(data: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", **more, "data": data}


def _number(text: str | None, default: int) -> int:
    """The digits at the beginning, if they are a number above 0."""
    match = re.match(r"\s*\+?(\d{1,9})", text or "")
    return int(match[1]) if match and int(match[1]) else default


def _page(request: Ask) -> tuple[int, int]:
    """Size and page, which counts from 0."""
    return min(_number(request.query_params.get("size"), DEFAULT), MOST), _number(request.query_params.get("page"), 0)


def _assets(library: Library, wanted: Wanted, size: int, page: int = 0) -> list[Asset]:
    return present.assets(library, library.search.entries(wanted, limit=size, offset=size * page))


def _photo(library: Library, asset_id: str, failed: str) -> Photo:
    found = library.photo_of(asset_id)
    if found is None or not library.shown(found):
        raise Problem(404, f"There is no asset {asset_id[:64]}", failed)
    return found


@get(f"{PREFIX}/test", permission=ANY_KEY, guards=[linked], sync_to_thread=False)
def test() -> dict[str, Any]:
    return _success({"connected": True, "response": {"res": "pong"}}, message="Connection to Immich successful")


@get(f"{PREFIX}/version", permission=ANY_KEY, guards=[linked], sync_to_thread=False)
def version() -> dict[str, Any]:
    return _success(dict(zip(("major", "minor", "patch"), VERSION, strict=True)))


@get(f"{PREFIX}/statistics", permission="asset.statistics", guards=[linked], sync_to_thread=False)
def statistics(library: NamedDependency[Library]) -> dict[str, Any]:
    counts = library.search.count_kinds(Wanted())
    videos = counts.get(VIDEO, 0)
    return _success({"images": sum(counts.values()) - videos, "videos": videos, "total": sum(counts.values())})


@get(f"{PREFIX}/assets", permission="asset.read", guards=[linked], sync_to_thread=False)
def assets(request: Ask, library: NamedDependency[Library]) -> dict[str, Any]:
    size, page = _page(request)
    favourite = True if request.query_params.get("isFavorite") == "true" else None
    found = _assets(library, Wanted(favourite=favourite, archived=request.query_params.get("isArchived") == "true"), size, page)
    return _success(found, count=len(found), page=page, size=size)


@get(f"{PREFIX}/photos", permission="asset.read", guards=[linked], sync_to_thread=False)
def photos(request: Ask, library: NamedDependency[Library]) -> dict[str, Any]:
    found = _assets(library, Wanted(kinds=PHOTOS, archived=False), *_page(request))
    return _success(found, count=len(found))


@get(f"{PREFIX}/videos", permission="asset.read", guards=[linked], sync_to_thread=False)
def videos(request: Ask, library: NamedDependency[Library]) -> dict[str, Any]:
    found = _assets(library, Wanted(kinds=VIDEOS, archived=False), *_page(request))
    return _success(found, count=len(found))


@get(PREFIX + "/assets/{asset_id:str}", permission="asset.read", guards=[linked], sync_to_thread=False)
def one(asset_id: FromPath[str], library: NamedDependency[Library]) -> dict[str, Any]:
    return _success(present.asset(library, _photo(library, asset_id, "Failed to fetch asset info").file.id))


@get(PREFIX + "/assets/{asset_id:str}/thumbnail", permission="asset.view", guards=[linked])
async def thumbnail(asset_id: FromPath[str], request: Ask, library: NamedDependency[Library]) -> Response[bytes]:
    failed = "Failed to fetch thumbnail"
    file = _photo(library, asset_id, failed).file
    kind = "WEBP" if request.query_params.get("format", "").upper() == "WEBP" else "JPEG"
    small = request.query_params.get("size") == "thumbnail"
    try:
        found = await (library.pictures.thumbnail(file) if small else library.pictures.preview(file))
    except pictures.NoPicture as e:
        raise Problem(404, str(e), failed) from None
    picture = await previews.opened(lambda: previews.written_as(found, kind))
    return Response(picture, media_type=f"image/{kind.lower()}")


@get(PREFIX + "/assets/{asset_id:str}/file", permission="asset.download", guards=[linked])
async def original(asset_id: FromPath[str], request: Ask, library: NamedDependency[Library]) -> Response[Any]:
    file = _photo(library, asset_id, "Failed to fetch file").file
    content = await library.contents.original(file)
    return await ranges.answer(request, content, mime_of(file.title), {"Content-Disposition": ranges.attachment(file.title)})


@post(f"{PREFIX}/search", permission="asset.read", guards=[linked], status_code=200, request_max_body_size=SMALL, sync_to_thread=False)
def search(data: JSONBody[Search], library: NamedDependency[Library]) -> dict[str, Any]:
    """Words of name, description, place, camera and tags."""
    kinds = _TYPES.get(data.type or "ALL")
    if kinds is None:
        raise Problem(400, "type is ALL, IMAGE or VIDEO", "Search failed")
    found = _assets(library, Wanted(text=data.query or "", kinds=kinds, archived=False), data.size or DEFAULT)
    return _success(found, count=len(found))


HANDLERS = [test, version, statistics, assets, photos, videos, one, thumbnail, original, search]
