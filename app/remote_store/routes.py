"""Routes of /remote-store* and /custom-domain (misc.md §4)."""

from __future__ import annotations

from ..access import Session
from ..http.auth import anyone, session
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from . import service, wire

routes = Routes()


@routes.get("/remote-store", session)
async def get(call: Call, actor: Session) -> Answer:
    return reply(await service.get(call.kernel, actor, call.query.get("key", ""), call.query.get("defaultValue")))


@routes.post("/remote-store/update", session)
async def update(call: Call, actor: Session) -> Answer:
    await service.update(call.kernel, actor, await call.json(wire.Setting))
    return EMPTY


@routes.delete("/remote-store/{key}", session)
async def remove(call: Call, actor: Session) -> Answer:
    await service.remove(call.kernel, actor, call.params["key"])
    return EMPTY


@routes.get("/remote-store/feature-flags", session)
async def feature_flags(call: Call, actor: Session) -> Answer:
    return reply(await service.feature_flags(call.kernel, actor))


@routes.get("/custom-domain", anyone, limit="custom_domain")
async def custom_domain(call: Call, actor: None) -> Answer:
    await service.require_claimed(call.kernel, call.query.get("domain", ""))
    return reply({})
