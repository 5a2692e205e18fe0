"""create_app: puts the parts together. The list of features below is the only place that knows them all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, asgi
from litestar.types import Receive, Scope, Send

from . import authenticator
from .http.front import Front
from .http.routing import Route, by_path
from .jobs import Job, run_jobs
from .kernel import Kernel

log = logging.getLogger("darkroom")

FEATURES = (authenticator,)


def all_routes() -> list[Route[Any]]:
    """Every route of every feature."""
    return [route for feature in FEATURES for route in feature.ROUTES]


def all_jobs() -> list[Job]:
    """Every background job of every feature."""
    return [job for feature in FEATURES for job in getattr(feature, "JOBS", ())]


class Darkroom:
    """The ASGI application: preflight and the byte plane first, everything else through Litestar."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.front = Front(kernel)
        self.litestar = Litestar(self._handlers(), openapi_config=None, lifespan=[self._lifespan], logging_config=None)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await self.front.preflight(scope, send)
            return
        await self.litestar(scope, receive, send)

    def _handlers(self) -> list[Any]:
        handlers = [self._handler(path, methods) for path, methods in by_path(all_routes()).items()]

        @asgi("/", is_mount=True, copy_scope=False)
        async def missing(scope: Scope, receive: Receive, send: Send) -> None:
            await self.front.missing(scope, receive, send)  # type: ignore[arg-type]  # Litestar's and our ASGI types differ by name only

        return [*handlers, missing]

    def _handler(self, path: str, methods: dict[str, Route[Any]]) -> Any:
        @asgi(path.replace("}", ":str}"), copy_scope=False)
        async def handler(scope: Scope, receive: Receive, send: Send) -> None:
            await self.front.serve(methods, scope, receive, send)  # type: ignore[arg-type]  # as above

        return handler

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
