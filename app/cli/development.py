"""The application for other ASGI servers, while developing: `uvicorn app.main:app --reload`. What `darkroom serve` does around it, as lifespan."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..kernel import logs
from ..kernel.config_sources import load
from ..kernel.parts import Kernel
from . import build, folder


class Development:
    """ASGI: started by the server's lifespan, from the same configuration as `darkroom serve` (file, environment)."""

    def __init__(self, create: Callable[[Kernel], Any]) -> None:
        self._create = create
        named = os.environ.get("DARKROOM_CONFIG")
        self._config = load(Path(named) if named else None, os.environ, {})
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._app(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        with ExitStack() as held:
            try:
                logs.serve(self._config.log)
                alone = self._config.database.url is None
                if alone:
                    held.enter_context(folder.locked(folder.prepare(self._config.data_dir)))
                kernel = build.build_kernel(self._config)
                await build.start(kernel)
                await build.check_parts(kernel, alone=alone)
            except Exception as e:
                await send({"type": "lifespan.startup.failed", "message": f"darkroom: {e}"})
                return
            self._app = self._create(kernel)
            async with self._app.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        await send({"type": "lifespan.shutdown.complete"})


def application(create: Callable[[Kernel], Any]) -> Development:
    """`create`: `app.main.create_app`."""
    return Development(create)
