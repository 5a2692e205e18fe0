"""GET /ping, /fire/db-m-ping (accounts.md §5) and what museum has not: /healthz, /livez, /readyz, /version and a page at /."""

from __future__ import annotations

import socket
from html import escape
from importlib import resources

from .. import __version__
from ..errors import Unavailable
from ..http.auth import anyone
from ..http.call import EMPTY, Answer, Call, reply
from ..http.routing import Routes
from . import health

routes = Routes()
_PONG = reply({"message": "pong", "id": __version__})
_ALIVE = reply({"status": "ok"})
_VERSION = reply({"name": "darkroom", "version": __version__})


@routes.get("/ping", anyone)
async def ping(call: Call, actor: None) -> Answer:
    """What every client asks before it accepts this address. Touches no database: it is also the cheapest sign of life."""
    if call.scope["query_string"] and call.query.get("host"):
        return reply({"message": "pong", "id": __version__, "host": socket.gethostname()})
    return _PONG


@routes.get("/fire/db-m-ping", anyone, limit="health")
async def database_ping(call: Call, actor: None) -> Answer:
    if await health.database(call.kernel) != "ok":
        raise Unavailable("the database does not answer", code="INTERNAL_ERROR")
    return EMPTY


@routes.get("/healthz", anyone, limit="health")
async def healthz(call: Call, actor: None) -> Answer:
    """`{"status":"ok"|"failing","database","objects","freeBytes"}`; 503 when a part fails."""
    found = await health.examine(call.kernel)
    body = {"status": "ok" if found.ok else "failing", "database": found.database, "objects": found.objects, "freeBytes": found.free}
    return reply(body, 200 if found.ok else 503)


@routes.get("/readyz", anyone, limit="health")
async def readyz(call: Call, actor: None) -> Answer:
    """Whether requests should be sent here: 503 while the database is away."""
    state = await health.database(call.kernel)
    return reply({"status": state}, 200 if state == "ok" else 503)


@routes.get("/livez", anyone)
async def livez(call: Call, actor: None) -> Answer:
    """Whether the process answers at all."""
    return _ALIVE


@routes.get("/version", anyone)
async def version(call: Call, actor: None) -> Answer:
    return _VERSION


@routes.get("/", anyone)
async def front_page(call: Call, actor: None) -> Answer:
    return Answer(page(call.base_url), media=b"text/html; charset=utf-8", headers=_PAGE_HEADERS)


_PAGE = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
_PAGE_HEADERS = [(b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"), (b"x-content-type-options", b"nosniff")]


def page(address: str) -> bytes:
    """The page that shows this address: the Host header may be in it, so it is escaped."""
    return _PAGE.replace("{address}", escape(address)).replace("{version}", escape(__version__)).encode()
