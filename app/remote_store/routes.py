"""Routes of /remote-store* and /custom-domain (misc.md §4)."""

from __future__ import annotations

from ..http.answer import EMPTY, Answer, reply
from ..http.auth import anyone, session
from ..http.request import Request
from ..http.routing import delete, get, post
from ..kernel.access import Session
from . import service, wire


async def get_one(request: Request, actor: Session) -> Answer:
    return reply(await service.get(request.kernel, actor, request.query.get("key", ""), request.query.get("defaultValue")))


async def update(request: Request, actor: Session) -> Answer:
    await service.update(request.kernel, actor, await request.json(wire.Setting))
    return EMPTY


async def remove(request: Request, actor: Session) -> Answer:
    await service.remove(request.kernel, actor, request.params["key"])
    return EMPTY


async def feature_flags(request: Request, actor: Session) -> Answer:
    return reply(await service.feature_flags(request.kernel, actor))


async def custom_domain(request: Request, actor: None) -> Answer:
    await service.require_claimed(request.kernel, request.query.get("domain", ""))
    return reply({})


ROUTES = [
    get("/remote-store", session, get_one),
    post("/remote-store/update", session, update),
    delete("/remote-store/{key}", session, remove),
    get("/remote-store/feature-flags", session, feature_flags),
    get("/custom-domain", anyone, custom_domain, limit="custom_domain"),
]
