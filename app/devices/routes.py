"""Routes of /push/token and /events* (misc.md §11)."""

from __future__ import annotations

from ..access import Session
from ..http.auth import anyone, session
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from . import service, wire

routes = Routes()


@routes.post("/push/token", session)
async def push_token(call: Call, actor: Session) -> Answer:
    await service.keep_token(call.kernel, actor, await call.json(wire.PushToken))
    return reply({})


@routes.post("/events", anyone, limit="sensitive")
async def public_event(call: Call, actor: None) -> Answer:
    await service.report(call.kernel, actor, await call.json(wire.Event), call.header(b"x-client-version"))
    return EMPTY


@routes.post("/events/user", session)
async def user_event(call: Call, actor: Session) -> Answer:
    await service.report(call.kernel, actor, await call.json(wire.Event), call.header(b"x-client-version"))
    return EMPTY
