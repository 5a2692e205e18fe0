"""The one reader of request bodies, for JSON and for objects: in pieces, whole, or thrown away.

It has no timer of its own: while it waits it is in the registry of `traffic`, which ends what comes too slowly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ..kernel.errors import BadRequest, TooLarge
from .traffic import Flight, Traffic

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PATIENCE = 10.0  # seconds for what is left of a body that nobody wants


class ClientGone(BadRequest):
    """The client went away in the middle of its body."""


class TooSlow(BadRequest):
    """The body comes more slowly than it may, or its address has too many others that do."""

    status = 408


class IncomingBody(AsyncIterator[bytes]):
    """What a client sends. `announced`: its Content-Length, None where it says none; `to_be_drained`: it is, or may be, on its way already
    (a client that waits for "100 Continue" sends nothing yet).

    Pieces are what the socket gave. ClientGone when it goes away in the middle; what `must_go_on` raises.
    """

    __slots__ = ("_flight", "_overdue", "_receive", "_task", "_traffic", "announced", "ended", "given_up", "must_go_on", "to_be_drained")

    def __init__(self, receive: Receive, headers: dict[bytes, bytes]) -> None:
        length = headers.get(b"content-length", b"")
        self._receive = receive
        self.announced = int(length) if length.isdigit() and len(length) < 20 else None
        self.to_be_drained = (bool(self.announced) or b"transfer-encoding" in headers) and b"expect" not in headers
        self.ended = False
        self.given_up = False  # the rest will not be read: the connection is of no use any more
        self.must_go_on: Callable[[], None] | None = None
        self._traffic: Traffic | None = None
        self._flight: Flight | None = None
        self._task: asyncio.Task[Any] | None = None
        self._overdue = False

    def watched(self, traffic: Traffic, flight: Flight) -> None:
        """From now on `traffic` sees what this body brings, and may end it."""
        self._traffic, self._flight = traffic, flight
        flight.end = self._end

    def paid_by(self, payer: str) -> None:
        """Who answers for the memory that this body takes: `user 17`; an address until then."""
        if self._flight is not None and not self._flight.held:
            self._flight.payer = payer

    def hold(self, size: int) -> None:
        """`size` bytes of it are in memory until the request is answered; Unavailable when that is too much."""
        if self._traffic is not None and self._flight is not None:
            self._traffic.hold(self._flight, size)

    @property
    def got(self) -> int:
        """Bytes that have come so far."""
        return 0 if self._flight is None else self._flight.got

    def _end(self) -> None:
        """Interrupt whoever waits for more of it, or is about to."""
        self._overdue = True
        if self._task is not None:
            self._task.cancel()

    def _is_overdue(self) -> bool:
        return self._overdue

    async def _next(self) -> dict[str, Any]:
        """The next message of the server. Its waiting, and nothing else, can be interrupted by `_end`."""
        if self._traffic is None or self._flight is None:
            return await self._receive()
        if self._is_overdue():
            raise self._too_slow()
        self._traffic.reads(self._flight)
        self._task = task = asyncio.current_task()
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            if not self._is_overdue() or task is None or task.uncancel() > 0:
                raise
            raise self._too_slow() from None
        finally:
            self._task = None
        self._flight.got += len(message.get("body", b""))
        if not message.get("more_body", False):
            self._traffic.read(self._flight)
        return message

    def _too_slow(self) -> TooSlow:
        self.ended, self.given_up = True, True
        return TooSlow(log="body came too slowly")

    async def receive(self) -> dict[str, Any]:
        """The next message as ASGI has it, for who reads on his own; noted here."""
        message = await self._next()
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
            self.hold(len(piece))
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def settle(self, limit: int, seconds: float) -> bool:
        """Before an answer: `drain` what is on its way. False when the connection must be given up."""
        return not self.given_up and (self.ended or not self.to_be_drained or await self.drain(limit, seconds))

    async def drain(self, limit: int, seconds: float) -> bool:
        """Read what is left and drop it, so that a client which sends before it listens still gets its answer: the server cuts connections
        with unread bytes on them. False when it is longer than `limit` bytes or takes longer: the connection is then given up."""
        if self.ended or not self.to_be_drained:
            return True
        if (self.announced or 0) > limit:
            return False
        self.must_go_on = None
        try:
            async with asyncio.timeout(seconds):
                async for piece in self:
                    limit -= len(piece)
                    if limit < 0:
                        return False
        except TooSlow:
            return False
        except (TimeoutError, ClientGone):
            pass
        return self.ended
