"""Routes of derived data (files.md §8). What cannot be read here is refused with a code, as museum does on these routes alone."""

from __future__ import annotations

from typing import TypeVar

from ..access import Session
from ..errors import BadRequest, CodedBadRequest, NotFound
from ..http.auth import storage
from ..http.call import Answer, Call, reply
from ..http.routing import Routes
from ..objects.wire import FileUrl
from ..wire import Body, go_bool, strict_int
from . import service, wire, writing
from .names import PREFIXES

B = TypeVar("B", bound=Body)
routes = Routes()
MAX_PARTS = 10_000


async def coded(call: Call, kind: type[B], text: str = "") -> B:
    """The body; 400 BAD_REQUEST with a text when it does not fit."""
    try:
        return await call.json(kind)
    except BadRequest as e:
        raise CodedBadRequest(text or e.log) from None


def client(call: Call) -> str:
    """`<package>[/<version>]`, kept with the data (files.md §8)."""
    package, version = call.header(b"x-client-package")[:100], call.header(b"x-client-version")[:50]
    return f"{package}/{version}" if version else package


@routes.put("/files/data", storage)
async def put(call: Call, actor: Session) -> Answer:
    await writing.put(call.kernel, actor, await coded(call, wire.NewData), client(call))
    return reply({})


@routes.put("/files/video-data", storage)
async def put_video(call: Call, actor: Session) -> Answer:
    await writing.register_video(call.kernel, actor, await coded(call, wire.NewVideo, "invalid request body"), client(call))
    return reply({})


@routes.post("/files/data/fetch", storage)
async def fetch(call: Call, actor: Session) -> Answer:
    return reply(await service.fetch(call.kernel, actor, await coded(call, wire.Wanted)))


@routes.get("/files/data/fetch", storage)
async def fetch_one(call: Call, actor: Session) -> Answer:
    file_id = strict_int(call.query.get("fileID"))
    if not file_id:
        raise CodedBadRequest("fileID is required")
    no_content = wire.prefers_no_content(call.query.get("preferNoContent"))
    data = await service.fetch_one(call.kernel, actor, file_id, call.query.get("type", ""))
    if data is not None:
        return reply(wire.One(data=data))
    if no_content:
        return Answer(status=204)
    raise NotFound(code="NOT_FOUND")


@routes.get("/files/data/preview", storage)
async def preview(call: Call, actor: Session) -> Answer:
    file_id = strict_int(call.query.get("fileID"))
    if not file_id:
        raise CodedBadRequest("fileID is required")
    url = await service.preview_url(call.kernel, actor, call.base_url, file_id, call.query.get("type", ""))
    return reply(FileUrl(url=url))


@routes.get("/files/data/preview-upload-url", storage)
async def preview_upload_url(call: Call, actor: Session) -> Answer:
    file_id, kind = strict_int(call.query.get("fileID")), call.query.get("type", "")
    if not file_id or not kind:
        raise BadRequest(log="fileID and type are required")
    if kind not in PREFIXES:
        raise CodedBadRequest(f"unsupported object type {kind[:40]}")
    parts = _parts(call) if _in_parts(call) else None
    return reply(await writing.preview_upload(call.kernel, actor, call.base_url, file_id, kind, parts))


def _in_parts(call: Call) -> bool:
    text = call.query.get("isMultiPart")
    wish = go_bool(text) if text else False
    if wish is None:
        raise BadRequest(log="isMultiPart is neither true nor false")
    return wish


def _parts(call: Call) -> int:
    text = call.query.get("count")
    if not text:
        raise CodedBadRequest("count is required for multipart upload")
    count = strict_int(text) or 0
    if not 1 <= count <= MAX_PARTS:
        raise CodedBadRequest(f"invalid count, should be between 1 and {MAX_PARTS}")
    return count


@routes.post("/files/data/status-diff", storage)
async def status_diff(call: Call, actor: Session) -> Answer:
    ask = await coded(call, wire.Since)
    return reply(await service.status(call.kernel, actor, ask.last_updated_at))
