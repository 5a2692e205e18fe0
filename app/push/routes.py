"""Routes of /push/token and /events* (misc.md §11)."""

from __future__ import annotations

from ..http.answer import EMPTY, Answer, reply
from ..http.auth import anyone, session
from ..http.request import Request
from ..http.routing import post
from ..kernel.access import Session
from . import service, wire


async def push_token(request: Request, actor: Session) -> Answer:
    await service.keep_token(request.kernel, actor, await request.json(wire.PushToken))
    return reply({})


async def public_event(request: Request, actor: None) -> Answer:
    await service.report(request.kernel, actor, await request.json(wire.Event), request.header(b"x-client-version"))
    return EMPTY


async def user_event(request: Request, actor: Session) -> Answer:
    await service.report(request.kernel, actor, await request.json(wire.Event), request.header(b"x-client-version"))
    return EMPTY


ROUTES = [
    post("/push/token", session, push_token),
    post("/events", anyone, public_event, limit="sensitive"),
    post("/events/user", session, user_event),
]
