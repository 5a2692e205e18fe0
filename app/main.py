"""create_app: puts the parts together. The list of features below is the only place that knows them all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, Request, Response, asgi
from litestar._asgi.routing_trie.types import RouteTrieNode
from litestar.exceptions import HTTPException
from litestar.types import Method, Receive, Scope, Send

from . import accounts, authenticator, collections, devices, entities, filedata, files, links, objects, ops, plans, remote_store, trash
from .http.front import Front
from .http.routing import Route, by_path
from .http.unread import Unread, may_have_body
from .jobs import Job, run_jobs
from .kernel import Kernel
from .objects.plane import BytePlane

log = logging.getLogger("darkroom")
METHODS: tuple[Method, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

FEATURES = (accounts, authenticator, collections, devices, entities, filedata, files, links, objects, ops, plans, remote_store, trash)


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
        self.byte_plane = BytePlane(kernel)
        self.litestar = Litestar(
            self._handlers(),
            openapi_config=None,
            lifespan=[self._lifespan],
            logging_config=None,
            exception_handlers={HTTPException: self._missing},
        )
        _mend_path_parameters(self.litestar.asgi_router.root_route_map_node)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await self.front.preflight(scope, send)
            return
        if scope["type"] == "http" and scope["path"].startswith(BytePlane.PREFIX):
            await self.byte_plane(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] != "GET" and may_have_body(scope):
            unread = Unread(receive, send)
            receive, send = unread.receive, unread.send
        await self.litestar(scope, receive, send)

    def _handlers(self) -> list[Any]:
        return [self._handler(path, methods) for path, methods in by_path(all_routes()).items()]

    def _missing(self, request: Request[Any, Any, Any], _: Exception) -> Response[bytes]:
        """A path Litestar does not know: 404 with the headers every answer has."""
        headers = {k.decode(): v.decode("latin-1") for k, v in self.front.bare_headers(dict(request.scope["headers"]))}
        return Response(b"404 page not found", status_code=404, media_type="text/plain", headers=headers)

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


def _mend_path_parameters(node: RouteTrieNode) -> None:
    """Litestar 2 files the path parameters of an ASGI handler under "asgi" and then looks for them under the request's method (a KeyError,
    so a 500): enter them under every method as well."""
    if "asgi" in node.path_parameters:
        node.path_parameters.update(dict.fromkeys(METHODS, node.path_parameters["asgi"]))
    for child in node.children.values():
        _mend_path_parameters(child)


def create_app(kernel: Kernel) -> Darkroom:
    """The application over a kernel whose database is started."""
    return Darkroom(kernel)
