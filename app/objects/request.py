"""A request to the byte plane, and how it is refused: S3's error bodies, because that is what clients were written against (files.md §2.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from xml.sax.saxutils import escape

from ..clock import HOUR, SECOND, Clock
from ..http.call import Headers
from ..http.front import Receive, Scope, Send, cors

DRAIN = 128 << 20
"""Bytes of an unwanted body that are read and dropped, so that a client which sends before it listens still gets its answer: mobile
restarts a dead upload only when it reads the 404. Above the largest part any client sends (96 MiB); what is longer is cut off."""
_SLOW = 12 * HOUR
_XML = b"application/xml"
_VARY = (b"vary", b"Origin")  # bytes may be kept by browsers, and the CORS headers with them: those of one web app are not another's


class Refusal(Exception):
    """An answer other than success: HTTP status, S3's code, a text for the person."""

    def __init__(self, status: int, code: str, message: str, headers: Headers | None = None, *, log: str = "") -> None:
        super().__init__(log or code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or []
        self.log = log or message

    def body(self) -> bytes:
        code, message = escape(self.code), escape(self.message)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()


class Body(AsyncIterator[bytes]):
    """The bytes a client sends. Raises Refusal when it goes away in the middle, or takes until its URL is long expired."""

    def __init__(self, receive: Receive, clock: Clock) -> None:
        self._receive = receive
        self._clock = clock
        self.ended = False
        self.deadline_us: int | None = None

    def must_end_by(self, expires: int) -> None:
        """Twelve hours after the expiry (seconds) of the URL at the latest."""
        self.deadline_us = expires * SECOND + _SLOW

    async def __anext__(self) -> bytes:
        while not self.ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.ended = True
                raise Refusal(400, "IncompleteBody", "The body ended before its announced length.", log="client went away")
            self.ended = not message.get("more_body", False)
            if self.deadline_us is not None and self._clock.now() > self.deadline_us:
                raise Refusal(403, "AccessDenied", "Request has expired.", log="body took too long")
            chunk: bytes = message.get("body", b"")
            if chunk:
                return chunk
        raise StopAsyncIteration

    async def read(self, limit: int) -> bytes:
        """All of it; Refusal above `limit` bytes."""
        data = bytearray()
        async for chunk in self:
            data += chunk
            if len(data) > limit:
                raise Refusal(400, "EntityTooLarge", f"At most {limit} bytes are allowed here.")
        return bytes(data)

    async def drain(self) -> None:
        left = DRAIN
        try:
            async for chunk in self:
                left -= len(chunk)
                if left < 0:
                    return
        except Refusal:
            return


class Request:
    """Method, path, query, headers (lower-case names) and body; and the one answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, clock: Clock) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope.get("raw_path") or b""
        self.query: str = scope["query_string"].decode("latin-1")
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self.can_send_path = "http.response.pathsend" in (scope.get("extensions") or {})
        self.body = Body(receive, clock)
        self.send = send
        self.started = False

    def header(self, name: bytes) -> str | None:
        raw = self.headers.get(name)
        return None if raw is None else raw.decode("latin-1")

    @property
    def length(self) -> int | None:
        """Content-Length, None without a usable one."""
        text = self.headers.get(b"content-length", b"")
        return int(text) if text.isdigit() and len(text) < 20 else None

    async def start(self, status: int, headers: Headers) -> None:
        """Send the head of the answer, with what browsers need on every one."""
        self.started = True
        await self.send({"type": "http.response.start", "status": status, "headers": [*headers, *cors(self.headers), _VARY]})

    async def answer(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """A whole answer."""
        await self.start(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self.send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def refuse(self, refusal: Refusal) -> None:
        """A refusal as XML; what is still coming in of the body is dropped first."""
        headers: Headers = [(b"content-type", _XML), (b"cache-control", b"no-store"), *refusal.headers]
        if not self.body.ended and b"expect" not in self.headers:
            if (self.length or 0) > DRAIN:
                headers.append((b"connection", b"close"))
            else:
                await self.body.drain()
        await self.answer(refusal.status, headers, refusal.body())

    async def succeed_with_xml(self, headers: Headers, body: str) -> None:
        await self.answer(200, [(b"content-type", _XML), *headers], body.encode())
