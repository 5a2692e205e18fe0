"""Routes of the trash (files.md §9)."""

from __future__ import annotations

from ..access import Session
from ..files.wire import FileIDs
from ..http.auth import storage
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from . import service, wire

routes = Routes()


@routes.post("/files/trash", storage)
async def trash(call: Call, actor: Session) -> Answer:
    await service.trash(call.kernel, actor, await call.json(wire.TrashFiles))
    return EMPTY


@routes.get("/trash/diff", storage)
@routes.get("/trash/v2/diff", storage)
async def diff(call: Call, actor: Session) -> Answer:
    return reply(await service.diff(call.kernel, actor, call.int_query("sinceTime")))


@routes.post("/trash/delete", storage)
async def delete(call: Call, actor: Session) -> Answer:
    ask = await call.json(FileIDs)
    await service.delete(call.kernel, actor, ask.file_ids or [])
    return EMPTY


@routes.post("/trash/empty", storage)
async def empty(call: Call, actor: Session) -> Answer:
    await service.empty(call.kernel, actor, (await call.json(wire.Empty)).last_updated_at)
    return EMPTY
