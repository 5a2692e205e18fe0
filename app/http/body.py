"""The one reader of request bodies, for JSON and for objects: in pieces, whole, or thrown away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ..kernel.errors import BadRequest, TooLarge

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PATIENCE = 10.0  # seconds for what is left of a body that nobody wants


class ClientGone(BadRequest):
    """The client went away in the middle of its body."""


class TooSlow(BadRequest):
    """The body took longer than it may."""

    status = 408


class IncomingBody(AsyncIterator[bytes]):
    """What a client sends. `announced`: its Content-Length, None where it says none; `to_be_drained`: it is, or may be, on its way already
    (a client that waits for "100 Continue" sends nothing yet).

    Pieces are what the socket gave. ClientGone when it goes away in the middle; what `must_go_on` raises.
    """

    __slots__ = ("_receive", "announced", "ended", "must_go_on", "to_be_drained")

    def __init__(self, receive: Receive, headers: dict[bytes, bytes]) -> None:
        length = headers.get(b"content-length", b"")
        self._receive = receive
        self.announced = int(length) if length.isdigit() and len(length) < 20 else None
        self.to_be_drained = (bool(self.announced) or b"transfer-encoding" in headers) and b"expect" not in headers
        self.ended = False
        self.must_go_on: Callable[[], None] | None = None

    async def receive(self) -> dict[str, Any]:
        """The next message as ASGI has it, for who reads on his own; noted here."""
        message = await self._receive()
        self.ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def __anext__(self) -> bytes:
        while not self.ended:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone(log="client went away")
            if self.must_go_on is not None:
                self.must_go_on()
            piece: bytes = message.get("body", b"")
            if piece:
                return piece
        raise StopAsyncIteration

    async def read(self, limit: int) -> bytes:
        """All of it (at most `limit` bytes); TooLarge above."""
        if self.announced is not None and self.announced > limit:
            raise TooLarge(log=f"body of {self.announced} bytes, above {limit}")
        pieces: list[bytes] = []
        size = 0
        async for piece in self:
            size += len(piece)
            if size > limit:
                raise TooLarge(log=f"body above {limit} bytes")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def settle(self, limit: int, seconds: float) -> bool:
        """Before an answer: `drain` what is on its way. False when the connection must be given up."""
        return self.ended or not self.to_be_drained or await self.drain(limit, seconds)

    async def drain(self, limit: int, seconds: float) -> bool:
        """Read what is left and drop it, so that a client which sends before it listens still gets its answer: the server cuts connections
        with unread bytes on them. False when it is longer than `limit` bytes or takes longer: the connection is then given up."""
        if self.ended or not self.to_be_drained:
            return True
        if (self.announced or 0) > limit:
            return False
        self.must_go_on = None
        with contextlib.suppress(TimeoutError, ClientGone):
            async with asyncio.timeout(seconds):
                async for piece in self:
                    limit -= len(piece)
                    if limit < 0:
                        return False
        return self.ended
