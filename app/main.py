"""create_app: puts the parts together. The list of features below is the only place that knows them all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import cached_property
from typing import Any

from litestar import Litestar

from . import (
    accounts,
    authenticator,
    closing,
    collections,
    entities,
    filedata,
    files,
    login,
    objects,
    ops,
    paste,
    plans,
    push,
    remote_store,
    trash,
    visits,
)
from .http.routing import Route, Table
from .http.server import Server
from .kernel.jobs import Job, run_jobs
from .kernel.parts import Kernel

FEATURES = (
    accounts,
    authenticator,
    closing,
    collections,
    entities,
    filedata,
    files,
    login,
    objects,
    ops,
    paste,
    plans,
    push,
    remote_store,
    trash,
    visits,
)


def all_routes() -> list[Route]:
    """Every route of every feature."""
    return [route for feature in FEATURES for route in feature.ROUTES]


def all_jobs() -> list[Job]:
    """Every background job of every feature."""
    return [job for feature in FEATURES for job in getattr(feature, "JOBS", ())]


TABLE = Table(all_routes())


class Darkroom:
    """The ASGI application: the door, which answers the protocol itself, and behind it people's pages by Litestar."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.server = Server(kernel, TABLE, self._page)

    @cached_property
    def pages(self) -> Litestar:
        """Made when first wanted: it takes longer than everything else here together."""
        return Litestar(openapi_config=None, lifespan=[self._lifespan], logging_config=None)

    async def _page(self, scope: Any, receive: Any, send: Any) -> None:
        await self.pages(scope, receive, send)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.server(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Litestar) -> AsyncIterator[None]:
        jobs = asyncio.create_task(run_jobs(self.kernel, all_jobs()), name="jobs")
        try:
            yield
        finally:
            jobs.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await jobs
            await self.kernel.db.stop()
            for store in self.kernel.stores.values():
                await store.close()


def create_app(kernel: Kernel) -> Darkroom:
    """The application over a kernel whose database is started."""
    return Darkroom(kernel)
