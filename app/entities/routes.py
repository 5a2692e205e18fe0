"""Routes of /user-entity/* (misc.md §2)."""

from __future__ import annotations

from ..access import Session
from ..errors import BadRequest
from ..http.auth import storage
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from . import service, wire

routes = Routes()


@routes.get("/user-entity/key", storage)
async def get_key(call: Call, actor: Session) -> Answer:
    return reply(await service.key(call.kernel, actor, call.query.get("type", "")))


@routes.post("/user-entity/key", storage)
async def create_key(call: Call, actor: Session) -> Answer:
    await service.create_key(call.kernel, actor, await call.json(wire.NewKey))
    return EMPTY


@routes.post("/user-entity/entity", storage)
async def create(call: Call, actor: Session) -> Answer:
    return reply(await service.create(call.kernel, actor, await call.json(wire.NewEntity)))


@routes.put("/user-entity/entity", storage)
async def update(call: Call, actor: Session) -> Answer:
    return reply(await service.update(call.kernel, actor, await call.json(wire.ChangedEntity)))


@routes.delete("/user-entity/entity", storage)
async def delete(call: Call, actor: Session) -> Answer:
    await service.delete(call.kernel, actor, call.query.get("id", ""))
    return EMPTY


@routes.get("/user-entity/entity/diff", storage)
async def diff(call: Call, actor: Session) -> Answer:
    since, limit = call.bound_int("sinceTime"), call.bound_int("limit")
    if since is None or limit is None:
        raise BadRequest(log="sinceTime and limit are required")
    return reply(await service.diff(call.kernel, actor, call.query.get("type", ""), since, limit))
