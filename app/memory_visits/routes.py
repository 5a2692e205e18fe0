"""Routes of /public-memory/* (collections.md §11)."""

from __future__ import annotations

from ..filedata.wire import One, OneWanted
from ..http.answer import Answer, reply
from ..http.request import BaseUrl
from ..http.routing import get
from ..kernel.errors import NotFound
from ..kernel.parts import Kernel
from ..objects import doors
from ..objects.wire import FileUrl
from . import visiting
from .visiting import MemoryVisitor, memory_visitor


async def file_data(kernel: Kernel, actor: MemoryVisitor, query: OneWanted) -> Answer:
    data = await visiting.video(kernel, actor, query.file_id, query.kind)
    if data is not None:
        return reply(One(data=data))
    if query.prefer_no_content:
        return Answer(status=204)
    raise NotFound(code="NOT_FOUND")


async def preview_data(kernel: Kernel, actor: MemoryVisitor, base_url: BaseUrl, query: OneWanted) -> FileUrl:
    return FileUrl(url=await visiting.preview_url(kernel, actor, base_url, query.file_id, query.kind))


ROUTES = [
    get("/public-memory/info", memory_visitor, visiting.info),
    get("/public-memory/files", memory_visitor, visiting.files),
    *doors.routes("/public-memory/files", memory_visitor, visiting.find),
    get("/public-memory/file-data", memory_visitor, file_data, errors=(NotFound,)),
    get("/public-memory/files/data/preview", memory_visitor, preview_data, errors=(NotFound,)),
]
