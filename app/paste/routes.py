"""Routes of /paste/* (collections.md §12.1)."""

from __future__ import annotations

from ..http.answer import Answer, reply
from ..http.auth import anyone
from ..http.request import Request
from ..http.routing import post
from . import service, wire

_CLEARED = (b"set-cookie", b"paste_guard=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")


async def guard(request: Request, browser: service.Browser, ask: wire.Opening) -> Answer:
    cookie = await service.guard(request.kernel, ask.access_token, browser)
    return Answer(b"{}", headers=[(b"set-cookie", cookie.encode())])


async def consume(request: Request, browser: service.Browser, ask: wire.Opening) -> Answer:
    confirmed = request.header(b"x-paste-consume") == "1"
    answer = reply(await service.consume(request.kernel, ask.access_token, browser, confirmed))
    answer.headers.append(_CLEARED)
    return answer


ROUTES = [
    post("/paste/create", anyone, service.create, limit="sensitive"),
    post("/paste/guard", anyone, guard, limit="paste", errors=(service.Unreadable,)),
    post("/paste/consume", anyone, consume, limit="paste", errors=(service.Unreadable,)),
]
