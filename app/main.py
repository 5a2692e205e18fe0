"""create_app: puts the parts together. The list of features below is the only place that knows them all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar

from . import (
    accounts,
    admin,
    authenticator,
    cast,
    closing,
    collections,
    contacts,
    entities,
    families,
    file_links,
    file_visits,
    filedata,
    files,
    invitations,
    legacy,
    login,
    mail,
    maintenance,
    memories,
    memory_visits,
    objects,
    ops,
    passkeys,
    paste,
    plans,
    push,
    remote_store,
    second_factor,
    social,
    storage,
    trash,
    visits,
    web,
)
from .http import connections, openapi, reference
from .http.pages import Handler, Pages
from .http.routing import Route, Table
from .http.server import Server
from .kernel.jobs import Job, run_jobs
from .kernel.parts import Kernel
from .mail import service as mail_service
from .ops import listener
from .web import service as web_service

MAIL_SECONDS = 2.0  # for mail under way at a stop

FEATURES = (
    accounts,
    admin,
    authenticator,
    cast,
    closing,
    collections,
    contacts,
    entities,
    families,
    file_links,
    file_visits,
    filedata,
    files,
    invitations,
    legacy,
    login,
    mail,
    maintenance,
    memories,
    memory_visits,
    objects,
    ops,
    passkeys,
    paste,
    plans,
    push,
    remote_store,
    second_factor,
    social,
    storage,
    trash,
    visits,
    web,
)


def all_routes() -> list[Route]:
    """Every route of every feature, and the one that describes them."""
    routes = [route for feature in FEATURES for route in feature.ROUTES]
    return [*routes, openapi.route(routes)]


def all_jobs() -> list[Job]:
    """Every background job of every feature."""
    return [job for feature in FEATURES for job in getattr(feature, "JOBS", ())]


def all_pages(kernel: Kernel) -> list[Handler]:
    """Every page of every feature that has some, and the reference of the routes."""
    theirs = [page for feature in FEATURES if (made := getattr(feature, "make_pages", None)) is not None for page in made(kernel)]
    return [*theirs, reference.router(TABLE.routes)]


TABLE = Table(all_routes())


class Darkroom:
    """The ASGI application: the door, which answers the protocol itself, and behind it people's pages by Litestar."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.pages = Pages(all_pages(kernel), self._lifespan)
        self.server = Server(kernel, TABLE, self.pages, web_service.make_sites(kernel.config))
        http = kernel.config.http
        self.connections = connections.Connections(http.port, connections.allowed(http.connections), self.server.traffic, self.server.ip.trusts)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.server(scope, receive, send)

    def lifespan(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Jobs run inside; leaving it finishes writes and closes database and stores."""
        return self.pages.app.lifespan()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Litestar) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(run_jobs(self.kernel, all_jobs()), name="jobs"),
            asyncio.create_task(self._watch(), name="connections"),
        ]
        try:
            async with listener.listening(self.kernel):
                yield
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await mail_service.settle(MAIL_SECONDS)
            await self.kernel.db.stop()
            for store in self.kernel.stores.values():
                await store.close()

    async def _watch(self) -> None:
        await connections.watch(self.connections, self.server.traffic)


def create_app(kernel: Kernel) -> Darkroom:
    """The application over a kernel whose database is started."""
    return Darkroom(kernel)


def __getattr__(name: str) -> Any:
    """`app`: an application of the default configuration, made when it is first asked for. For `uvicorn app.main:app --reload`, while developing."""
    if name != "app":
        raise AttributeError(name)
    from .cli.development import application

    globals()["app"] = made = application(create_app)
    return made
