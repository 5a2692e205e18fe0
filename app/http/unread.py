"""What is left of a request's body when the answer comes before it was read: a refusal, an unknown path, a handler that wants none.

The HTTP server closes a connection with unread bytes on it, and a client that is still sending may then see a reset instead of the
answer. So a body of ordinary size is read to its end first, and dropped. The byte plane has its own rules.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

LIMIT = 4 << 20  # bytes; above it the connection is given up
PATIENCE = 10.0  # seconds for what is left

Message = dict[str, Any]


def may_have_body(scope: dict[str, Any]) -> bool:
    """Whether a body may follow that is not announced as empty, too large to wait for, or held back until the answer (`Expect`)."""
    announced = False
    for name, value in scope["headers"]:
        if name == b"expect":
            return False
        if name == b"content-length":
            announced = value.isdigit() and len(value) < 10 and 0 < int(value) <= LIMIT
        elif name == b"transfer-encoding":
            announced = True
    return announced


class Unread:
    """Stands between the application and one request's body: `receive` and `send` to be used in place of the server's."""

    __slots__ = ("_ended", "_receive", "_send")

    def __init__(self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        self._receive = receive
        self._send = send
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._ended = not message.get("more_body", False)  # also the end: the client went away
        return message

    async def send(self, message: Message) -> None:
        if not self._ended and message["type"] == "http.response.start":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._drop()
        await self._send(message)

    async def _drop(self) -> None:
        left = LIMIT
        while not self._ended and left > 0:
            left -= len((await self.receive()).get("body", b""))
