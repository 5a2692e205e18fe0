"""The yardstick: raw ASGI handlers that do nothing but move bytes, served by the same Granian and interpreter.

`GET /bytes/N` answers N bytes, every PUT or POST reads its body and drops it, everything else is a short JSON text.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Event = dict[str, Any]
JSON = b'{"id":"","message":"pong"}'
_BLOCK = bytes(1 << 20)


async def app(scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]) -> None:
    if scope["type"] != "http":
        return
    if scope["method"] in ("PUT", "POST"):
        while (await receive()).get("more_body"):
            pass
        body = b""
    elif scope["path"].startswith("/bytes/"):
        body = _BLOCK[: int(scope["path"][7:])]
    else:
        body = JSON
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
