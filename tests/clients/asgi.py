"""A synchronous httpx transport into an ASGI app in this process: a loop in a thread, with the app's lifespan around it.

For tests that want the whole client without a socket. Bodies are held in memory.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import httpx


class AsgiTransport(httpx.BaseTransport):
    """`with AsgiTransport(app) as transport: Device(base, transport=transport)`."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def __enter__(self) -> AsgiTransport:
        self._thread.start()
        self._run(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._run(self._tell("shutdown"))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _begin(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.3"}, "state": {}}
        self._life = asyncio.ensure_future(self._app(scope, self._events.get, self._answers.put))
        await self._tell("startup")

    async def _tell(self, event: str) -> None:
        await self._events.put({"type": f"lifespan.{event}"})
        answer = asyncio.ensure_future(self._answers.get())
        await asyncio.wait({answer, self._life}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            await self._life
        elif answer.result()["type"] != f"lifespan.{event}.complete":
            raise RuntimeError(f"the app's {event} failed: {answer.result().get('message', '')}")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response: httpx.Response = self._run(self._answer(request))
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        plain = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        response = await self._inner.handle_async_request(plain)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())
