"""Routes of the trash (files.md §9)."""

from __future__ import annotations

from ..files.wire import FileIDs
from ..http.answer import EMPTY, Answer, reply
from ..http.auth import storage
from ..http.request import Request
from ..http.routing import get, post
from ..kernel.access import Session
from . import service, wire


async def trash(request: Request, actor: Session) -> Answer:
    await service.trash(request.kernel, actor, await request.json(wire.TrashFiles))
    return EMPTY


async def diff(request: Request, actor: Session) -> Answer:
    return reply(await service.diff(request.kernel, actor, request.int_query("sinceTime")))


async def delete(request: Request, actor: Session) -> Answer:
    ask = await request.json(FileIDs)
    await service.delete(request.kernel, actor, ask.file_ids or [])
    return EMPTY


async def empty(request: Request, actor: Session) -> Answer:
    await service.empty(request.kernel, actor, (await request.json(wire.Empty)).last_updated_at)
    return EMPTY


ROUTES = [
    post("/files/trash", storage, trash),
    get("/trash/diff", storage, diff),
    get("/trash/v2/diff", storage, diff),
    post("/trash/delete", storage, delete),
    post("/trash/empty", storage, empty),
]
