"""GET /ping, /fire/db-m-ping (accounts.md §5) and what museum has not: /healthz, /livez, /readyz and /version."""

from __future__ import annotations

import socket

from .. import __version__
from ..http.answer import EMPTY, Answer, reply
from ..http.auth import anyone
from ..http.request import Request
from ..http.routing import get
from ..kernel.errors import Unavailable
from . import health

_PONG = reply({"message": "pong", "id": __version__})
_ALIVE = reply({"status": "ok"})
_VERSION = reply({"name": "darkroom", "version": __version__})


async def ping(request: Request, actor: None) -> Answer:
    """What every client asks before it accepts this address. Touches no database: it is also the cheapest sign of life."""
    if request.scope["query_string"] and request.query.get("host"):
        return reply({"message": "pong", "id": __version__, "host": socket.gethostname()})
    return _PONG


async def database_ping(request: Request, actor: None) -> Answer:
    if await health.database(request.kernel) != "ok":
        raise Unavailable("the database does not answer", code="INTERNAL_ERROR")
    return EMPTY


async def healthz(request: Request, actor: None) -> Answer:
    """`{"status":"ok"|"failing","database","objects","freeBytes"}`; 503 when a part fails."""
    found = await health.examine(request.kernel)
    body = {"status": "ok" if found.ok else "failing", "database": found.database, "objects": found.objects, "freeBytes": found.free}
    return reply(body, 200 if found.ok else 503)


async def readyz(request: Request, actor: None) -> Answer:
    """Whether requests should be sent here: 503 while the database is away."""
    state = await health.database(request.kernel)
    return reply({"status": state}, 200 if state == "ok" else 503)


async def livez(request: Request, actor: None) -> Answer:
    """Whether the process answers at all."""
    return _ALIVE


async def version(request: Request, actor: None) -> Answer:
    return _VERSION


ROUTES = [
    get("/ping", anyone, ping),
    get("/fire/db-m-ping", anyone, database_ping, limit="health"),
    get("/healthz", anyone, healthz, limit="health"),
    get("/readyz", anyone, readyz, limit="health"),
    get("/livez", anyone, livez),
    get("/version", anyone, version),
]
