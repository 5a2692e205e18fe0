"""Routes of derived data (files.md §8). What cannot be read here is refused with a code, as museum does on these routes alone."""

from __future__ import annotations

from ..http.answer import OBJECT, Answer, reply
from ..http.auth import storage
from ..http.request import BaseUrl
from ..http.routing import get, post, put
from ..kernel.access import Session
from ..kernel.errors import CodedBadRequest, Conflict, Forbidden, NotFound, StorageFull, Unavailable
from ..kernel.parts import Kernel
from ..kernel.wire import strict_int
from ..objects.wire import FileUrl
from . import service, wire, writing
from .names import PREFIXES

MAX_PARTS = 10_000


async def fetch_one(kernel: Kernel, actor: Session, query: wire.OneWanted) -> Answer:
    data = await service.fetch_one(kernel, actor, query.file_id, query.kind)
    if data is not None:
        return reply(wire.One(data=data))
    if query.prefer_no_content:
        return Answer(status=204)
    raise NotFound(code="NOT_FOUND")


async def preview(kernel: Kernel, actor: Session, base_url: BaseUrl, query: wire.OneWanted) -> FileUrl:
    return FileUrl(url=await service.preview_url(kernel, actor, base_url, query.file_id, query.kind))


async def preview_upload_url(kernel: Kernel, actor: Session, base_url: BaseUrl, query: wire.NewBlob) -> wire.PreviewUpload:
    if query.kind not in PREFIXES:
        raise CodedBadRequest(f"unsupported object type {query.kind[:40]}")
    parts = _parts(query.count) if query.is_multi_part else None
    return await writing.preview_upload(kernel, actor, base_url, query.file_id, query.kind, parts)


def _parts(text: str) -> int:
    if not text:
        raise CodedBadRequest("count is required for multipart upload")
    count = strict_int(text) or 0
    if not 1 <= count <= MAX_PARTS:
        raise CodedBadRequest(f"invalid count, should be between 1 and {MAX_PARTS}")
    return count


ROUTES = [
    put("/files/data", storage, writing.put, done=OBJECT, errors=(Conflict, Forbidden, NotFound, Unavailable)),
    put("/files/video-data", storage, writing.register_video, done=OBJECT, errors=(Forbidden, NotFound, StorageFull, Unavailable)),
    post("/files/data/fetch", storage, service.fetch, errors=(Forbidden,)),
    get("/files/data/fetch", storage, fetch_one, errors=(Forbidden, NotFound, Unavailable)),
    get("/files/data/preview", storage, preview, errors=(Forbidden, NotFound)),
    get("/files/data/preview-upload-url", storage, preview_upload_url, errors=(Forbidden, NotFound, Unavailable)),
    post("/files/data/status-diff", storage, service.status),
]
