"""GET /ping, /fire/db-m-ping (accounts.md §5) and what museum has not: /healthz, /livez, /readyz and /version."""

from __future__ import annotations

import socket

from .. import __version__
from ..http.answer import Answer, reply
from ..http.auth import anyone, guard
from ..http.query import Query
from ..http.request import Request
from ..http.routing import get
from ..kernel.crypto import same
from ..kernel.errors import Gate, Unavailable
from ..kernel.parts import Kernel
from ..kernel.wire import Lean, Reply
from . import build, health, metrics


class Pong(Lean):
    """`host` only for who names one."""

    message: str
    id: str
    host: str = ""


class State(Reply):
    status: str


class Version(Reply):
    name: str
    version: str
    build: str


class Named(Query):
    host: str = ""


_PONG = Pong(message="pong", id=__version__)


LOOPBACK = ("127.0.0.1", "::1")


async def ping(query: Named, request: Request) -> Pong:
    """What every client asks before it accepts this address; touches no database. The machine's name is told to itself only."""
    return Pong(message="pong", id=__version__, host=socket.gethostname()) if query.host and request.client_ip in LOOPBACK else _PONG


async def database_ping(kernel: Kernel) -> None:
    if await health.database(kernel) != "ok":
        raise Unavailable("the database does not answer", code="INTERNAL_ERROR")


async def healthz(kernel: Kernel, request: Request) -> Answer:
    """`{"status":"ok"|"degraded"|"failing","database","objects"}`, to this machine itself `freeBytes` too; 503 when a part fails."""
    found = await health.examine(kernel)
    body: dict[str, str | int | None] = {"status": found.objects if found.ok else "failing", "database": found.database, "objects": found.objects}
    if request.client_ip in LOOPBACK:
        body["freeBytes"] = found.free
    return reply(body, 200 if found.ok else 503)


async def readyz(kernel: Kernel) -> Answer:
    """Whether requests should be sent here: 503 while the database or every store for new objects is away, or cannot be written. "degraded"
    while other stores are."""
    state = await health.objects(kernel) if await health.database(kernel) == "ok" else "failing"
    return reply(State(status=state), 503 if state == "failing" else 200)


async def livez() -> State:
    """Whether the process answers at all."""
    return State(status="ok")


async def version() -> Version:
    """`build` names the code that runs: equal builds of one version are the same files."""
    return Version(name="darkroom", version=__version__, build=build.digest())


@guard("Authorization", 404)
async def scraper(request: Request) -> None:
    """Whoever brings `metrics.token`; without that option there is nothing here."""
    token = request.kernel.config.metrics.token
    if token is None:
        raise Gate("there are no figures here", status=404)
    given = request.header(b"authorization").partition(" ")
    if given[0].lower() != "bearer" or not same(given[2].strip(), token.get_secret_value()):
        raise Gate("the token is not metrics.token")


async def figures(kernel: Kernel) -> Answer:
    """What this process counts, in Prometheus's text format."""
    return Answer((await metrics.text(kernel)).encode(), media=metrics.MEDIA)


ROUTES = [
    get("/ping", anyone, ping),
    get("/fire/db-m-ping", anyone, database_ping, limit="health", errors=(Unavailable,)),
    get("/healthz", anyone, healthz, limit="health"),
    get("/readyz", anyone, readyz, limit="health"),
    get("/livez", anyone, livez),
    get("/version", anyone, version),
    get("/metrics", scraper, figures, limit="health"),
]
