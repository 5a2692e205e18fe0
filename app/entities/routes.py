"""Routes of /user-entity/* (misc.md §2)."""

from __future__ import annotations

from ..http.answer import EMPTY, Answer, reply
from ..http.auth import storage
from ..http.request import Request
from ..http.routing import delete, get, post, put
from ..kernel.access import Session
from ..kernel.errors import BadRequest
from . import service, wire


async def get_key(request: Request, actor: Session) -> Answer:
    return reply(await service.key(request.kernel, actor, request.query.get("type", "")))


async def create_key(request: Request, actor: Session) -> Answer:
    await service.create_key(request.kernel, actor, await request.json(wire.NewKey))
    return EMPTY


async def create(request: Request, actor: Session) -> Answer:
    return reply(await service.create(request.kernel, actor, await request.json(wire.NewEntity)))


async def update(request: Request, actor: Session) -> Answer:
    return reply(await service.update(request.kernel, actor, await request.json(wire.ChangedEntity)))


async def delete_one(request: Request, actor: Session) -> Answer:
    await service.delete(request.kernel, actor, request.query.get("id", ""))
    return EMPTY


async def diff(request: Request, actor: Session) -> Answer:
    since, limit = request.bound_int("sinceTime"), request.bound_int("limit")
    if since is None or limit is None:
        raise BadRequest(log="sinceTime and limit are required")
    return reply(await service.diff(request.kernel, actor, request.query.get("type", ""), since, limit))


ROUTES = [
    get("/user-entity/key", storage, get_key),
    post("/user-entity/key", storage, create_key),
    post("/user-entity/entity", storage, create),
    put("/user-entity/entity", storage, update),
    delete("/user-entity/entity", storage, delete_one),
    get("/user-entity/entity/diff", storage, diff),
]
