"""The application: the handlers of all faces over one library."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from ..config import Options
from ..library.api_keys import ApiKey, ApiKeys
from ..library.library import Library
from .access import Guard, key_of
from .bridge import Bridge
from .face import ANYONE, Face
from .keeper import Keeper
from .problems import Problem, problem_of

FACES = ("bridge.immich", "bridge.connector", "bridge.imalink")
THIS_MACHINE = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?"
"""Origins of pages whose scripts may read answers, as ImaLink has it. A browser's cookie opens nothing to them: a key must be sent."""
log = logging.getLogger("darkroom.bridge")


def create_app(folder: Path, library: Library, keys: ApiKeys, options: Options | None = None) -> Litestar:
    """The application over a library whose folder the caller holds alone. Its lifespan keeps the library up to date; without it nothing runs."""
    options = options or Options()
    keeper = Keeper(library, options.sync_every)
    library.cache.budget = options.cache
    library.pictures.from_originals = options.read_original
    bridge = Bridge(folder, library, keys, keeper, options)
    faces: list[Face] = []
    handlers: list[HTTPRouteHandler] = [health]
    dependencies: dict[str, Provide] = {}
    for face, modules in found():
        faces.append(face)
        for module in modules:
            handlers += getattr(module, "HANDLERS", [])
            dependencies |= getattr(module, "DEPENDENCIES", {})
    if undeclared := [h.handler_name for h in handlers if not h.opt.get("permission")]:
        raise TypeError(f"handlers that declare no permission: {', '.join(undeclared)}")

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with keeper.running():
            yield

    def refuse(request: Request[Any, Any, State], error: Exception) -> Response[Any]:
        return _refusal(face_of(faces, request.url.path), request, error)

    return Litestar(
        route_handlers=handlers,
        guards=[Guard(keys)],
        dependencies={
            "library": Provide(lambda: library, sync_to_thread=False),
            "bridge": Provide(lambda: bridge, sync_to_thread=False),
            "key": Provide(_key, sync_to_thread=False),
            **dependencies,
        },
        exception_handlers={Exception: refuse},
        cors_config=CORSConfig(
            allow_origins=list(options.origins), allow_origin_regex=THIS_MACHINE, expose_headers=["Content-Disposition", "Content-Range", "ETag"]
        ),
        lifespan=[lifespan],
        openapi_config=OpenAPIConfig("darkroom bridge", "1", path="/schema", render_plugins=[JsonRenderPlugin()]),
        logging_config=None,
        state=State({"bridge": bridge}),
    )


def found() -> Iterator[tuple[Face, list[ModuleType]]]:
    """Every face with the modules of its package."""
    for name in FACES:
        package = importlib.import_module(name)
        if hasattr(package, "FACE"):
            yield package.FACE, [importlib.import_module(f"{name}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]


def face_of(faces: list[Face], path: str) -> Face:
    return max((face for face in faces if (path + "/").startswith(face.prefix)), key=lambda face: len(face.prefix))


def _key(request: Request[Any, Any, State]) -> ApiKey:
    return key_of(request)


def _refusal(face: Face, request: Request[Any, Any, State], error: Exception) -> Response[Any]:
    problem = problem_of(error)
    if problem is None:
        log.error("%s %s failed", request.method, request.scope.get("path_template") or "?", exc_info=error)
        problem = Problem(500, "Internal server error")
    elif problem.status == 404 and not isinstance(error, Problem):
        problem = Problem(404, f"Cannot {request.method} {request.url.path}")
    return Response(face.problem(problem), status_code=problem.status, media_type="application/json", headers={**face.headers, **problem.headers})


@get("/health", permission=ANYONE, sync_to_thread=False)
def health(bridge: NamedDependency[Bridge]) -> dict[str, Any]:
    """Whether the bridge is up, and no more than that: it is asked without a key."""
    return {"status": "ok"}
