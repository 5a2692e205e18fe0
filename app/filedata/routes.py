"""Routes of derived data (files.md §8). What cannot be read here is refused with a code, as museum does on these routes alone."""

from __future__ import annotations

from typing import TypeVar

from ..http.answer import Answer, reply
from ..http.auth import storage
from ..http.request import BaseUrl, Request
from ..http.routing import get, post, put
from ..kernel.access import Session
from ..kernel.errors import BadRequest, CodedBadRequest, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import Body, go_bool, strict_int
from ..objects.wire import FileUrl
from . import service, wire, writing
from .names import PREFIXES

B = TypeVar("B", bound=Body)
MAX_PARTS = 10_000


async def coded(request: Request, kind: type[B], text: str = "") -> B:
    """The body; 400 BAD_REQUEST with a text when it does not fit."""
    try:
        return await request.json(kind)
    except BadRequest as e:
        raise CodedBadRequest(text or e.log) from None


def client(request: Request) -> str:
    """`<package>[/<version>]`, kept with the data (files.md §8)."""
    package, version = request.header(b"x-client-package")[:100], request.header(b"x-client-version")[:50]
    return f"{package}/{version}" if version else package


async def put_one(request: Request, actor: Session) -> Answer:
    await writing.put(request.kernel, actor, await coded(request, wire.NewData), client(request))
    return reply({})


async def put_video(request: Request, actor: Session) -> Answer:
    await writing.register_video(request.kernel, actor, await coded(request, wire.NewVideo, "invalid request body"), client(request))
    return reply({})


async def fetch(request: Request, actor: Session) -> Answer:
    return reply(await service.fetch(request.kernel, actor, await coded(request, wire.Wanted)))


async def fetch_one(kernel: Kernel, actor: Session, query: wire.OneWanted) -> Answer:
    data = await service.fetch_one(kernel, actor, query.file_id, query.kind)
    if data is not None:
        return reply(wire.One(data=data))
    if query.prefer_no_content:
        return Answer(status=204)
    raise NotFound(code="NOT_FOUND")


async def preview(kernel: Kernel, actor: Session, base_url: BaseUrl, query: wire.OneWanted) -> FileUrl:
    return FileUrl(url=await service.preview_url(kernel, actor, base_url, query.file_id, query.kind))


async def preview_upload_url(request: Request, actor: Session) -> Answer:
    file_id, kind = strict_int(request.query.get("fileID")), request.query.get("type", "")
    if not file_id or not kind:
        raise BadRequest(log="fileID and type are required")
    if kind not in PREFIXES:
        raise CodedBadRequest(f"unsupported object type {kind[:40]}")
    parts = _parts(request) if _in_parts(request) else None
    return reply(await writing.preview_upload(request.kernel, actor, request.base_url, file_id, kind, parts))


def _in_parts(request: Request) -> bool:
    text = request.query.get("isMultiPart")
    wish = go_bool(text) if text else False
    if wish is None:
        raise BadRequest(log="isMultiPart is neither true nor false")
    return wish


def _parts(request: Request) -> int:
    text = request.query.get("count")
    if not text:
        raise CodedBadRequest("count is required for multipart upload")
    count = strict_int(text) or 0
    if not 1 <= count <= MAX_PARTS:
        raise CodedBadRequest(f"invalid count, should be between 1 and {MAX_PARTS}")
    return count


async def status_diff(request: Request, actor: Session) -> Answer:
    ask = await coded(request, wire.Since)
    return reply(await service.status(request.kernel, actor, ask.last_updated_at))


ROUTES = [
    put("/files/data", storage, put_one),
    put("/files/video-data", storage, put_video),
    post("/files/data/fetch", storage, fetch),
    get("/files/data/fetch", storage, fetch_one),
    get("/files/data/preview", storage, preview),
    get("/files/data/preview-upload-url", storage, preview_upload_url),
    post("/files/data/status-diff", storage, status_diff),
]
