"""Routes of /authenticator/* (misc.md §3). Open to every app's session: a photos session shows how many codes an account has."""

from __future__ import annotations

from ..http.answer import EMPTY, Answer, reply
from ..http.auth import session
from ..http.request import Request
from ..http.routing import delete, get, post, put
from ..kernel.access import Session
from ..kernel.errors import BadRequest
from . import service, wire


async def get_key(request: Request, actor: Session) -> Answer:
    return reply(await service.key(request.kernel, actor))


async def create_key(request: Request, actor: Session) -> Answer:
    await service.create_key(request.kernel, actor, await request.json(wire.NewKey))
    return EMPTY


async def create(request: Request, actor: Session) -> Answer:
    return reply(await service.create(request.kernel, actor, await request.json(wire.NewEntity)))


async def update(request: Request, actor: Session) -> Answer:
    await service.update(request.kernel, actor, await request.json(wire.ChangedEntity))
    return EMPTY


async def delete_one(request: Request, actor: Session) -> Answer:
    await service.delete(request.kernel, actor, request.query.get("id", ""))
    return EMPTY


async def diff(request: Request, actor: Session) -> Answer:
    since, limit = request.bound_int("sinceTime"), request.bound_int("limit")
    if since is None or limit is None:
        raise BadRequest(log="sinceTime and limit are required")
    return reply(await service.diff(request.kernel, actor, since, limit))


ROUTES = [
    get("/authenticator/key", session, get_key),
    post("/authenticator/key", session, create_key),
    post("/authenticator/entity", session, create),
    put("/authenticator/entity", session, update),
    delete("/authenticator/entity", session, delete_one),
    get("/authenticator/entity/diff", session, diff),
]
