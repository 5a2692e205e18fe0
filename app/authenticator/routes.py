"""Routes of /authenticator/* (misc.md §3). Open to every app's session: a photos session shows how many codes an account has."""

from __future__ import annotations

from ..access import Session
from ..errors import BadRequest
from ..http.auth import session
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from . import service, wire

routes = Routes()


@routes.get("/authenticator/key", session)
async def get_key(call: Call, actor: Session) -> Answer:
    return reply(await service.key(call.kernel, actor))


@routes.post("/authenticator/key", session)
async def create_key(call: Call, actor: Session) -> Answer:
    await service.create_key(call.kernel, actor, await call.json(wire.NewKey))
    return EMPTY


@routes.post("/authenticator/entity", session)
async def create(call: Call, actor: Session) -> Answer:
    return reply(await service.create(call.kernel, actor, await call.json(wire.NewEntity)))


@routes.put("/authenticator/entity", session)
async def update(call: Call, actor: Session) -> Answer:
    await service.update(call.kernel, actor, await call.json(wire.ChangedEntity))
    return EMPTY


@routes.delete("/authenticator/entity", session)
async def delete(call: Call, actor: Session) -> Answer:
    await service.delete(call.kernel, actor, call.query.get("id", ""))
    return EMPTY


@routes.get("/authenticator/entity/diff", session)
async def diff(call: Call, actor: Session) -> Answer:
    since, limit = call.bound_int("sinceTime"), call.bound_int("limit")
    if since is None or limit is None:
        raise BadRequest(log="sinceTime and limit are required")
    return reply(await service.diff(call.kernel, actor, since, limit))
