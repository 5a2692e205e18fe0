"""The door: what every request passes, once, in one place: request id, client address, preflight, budget, route, errors, CORS, gzip, log line.

ASGI in, ASGI out. A path that no route has and a page does goes on to `pages`. Headers that browsers need are on every answer, refusals
included (accounts.md §1.3–1.6).
"""

from __future__ import annotations

import logging
import random
import re
import time
from typing import Any, Protocol

from ..kernel.errors import AppError, BadRequest
from ..kernel.figures import shape
from ..kernel.limits import breached
from ..kernel.logs import REQUEST
from ..kernel.parts import Kernel
from . import compress
from .answer import Answer, Headers, Stored
from .body import PATIENCE, Receive, Send
from .client_ip import ClientIp
from .pages import Pages, refuse
from .request import Request
from .routing import DRAINED, Route, Table, json_refusal
from .traffic import Flight, Traffic

log = logging.getLogger("darkroom.http")
access_log = logging.getLogger("darkroom.access")
Scope = dict[str, Any]

_ALLOW_HEADERS = (
    b"Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, X-Auth-Token, X-Space-Session-Token, X-Ente-Space-Link-Auth, "
    b"X-Auth-Access-Token, X-Cast-Access-Token, "
    b"X-Auth-Access-Token-JWT, X-Auth-Link-Device-Token, X-Client-Package, X-Client-Version, X-Paste-Consume, Authorization, accept, "
    b"UPLOAD-URL, origin, Cache-Control, X-Requested-With, upgrade-insecure-requests, Range, Content-MD5, X-Request-Id, If-None-Match, If-Range"
)
_ALWAYS: Headers = [
    (b"access-control-allow-credentials", b"true"),
    (
        b"access-control-expose-headers",
        b"X-Request-Id, X-Ente-Link-Device-Token, X-Link-Device-Token, ETag, Content-Length, Content-Range, Accept-Ranges",
    ),
    (b"vary", b"Origin"),  # what is kept by browsers is kept with its CORS headers: those of one web app are not another's
    (b"x-content-type-options", b"nosniff"),
]
_ANYBODY: Headers = [(b"access-control-allow-origin", b"*"), *_ALWAYS]
_PREFLIGHT: Headers = [
    (b"access-control-allow-headers", _ALLOW_HEADERS),
    (b"access-control-allow-methods", b"POST, OPTIONS, GET, HEAD, PUT, PATCH, DELETE"),
    (b"access-control-max-age", b"1728000"),
    (b"content-length", b"0"),
]
_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")  # it stands in log lines, which must not be a stranger's to write
NOT_FOUND = Answer(b"404 page not found", 404, media=b"text/plain")


def standing(headers: dict[bytes, bytes]) -> Headers:
    """What is on any answer to a request with these headers: the origin echoed, `null` included (a redirected browser request has it)."""
    origin = headers.get(b"origin")
    return _ANYBODY if origin is None else [(b"access-control-allow-origin", origin), *_ALWAYS]


class Site(Protocol):
    """A web app's files at an address of their own."""

    async def answer(self, method: str, path: str, headers: dict[bytes, bytes], can_send: bool) -> Answer: ...


class Sites(Protocol):
    """Finds the web app that a request is for, by its port (in the scope) or by its host; None for the server itself."""

    def of(self, scope: Scope, host: str) -> Site | None: ...


class Server:
    """Answers requests from a table of routes. One instance per application."""

    def __init__(self, kernel: Kernel, routes: Table, pages: Pages | None = None, sites: Sites | None = None) -> None:
        self.kernel = kernel
        self.routes = routes
        self.pages = pages
        self.sites = sites
        self.traffic = Traffic(kernel.config.http.connections_per_address)
        self.ip = ClientIp(kernel.config.http.trusted_proxies)
        self._access_level = logging.INFO if kernel.config.log.requests else logging.DEBUG
        self._figures = kernel.figures if kernel.config.metrics.on else None
        self._numbers = random.Random(kernel.ids.bytes(32))  # noqa: S311  # names requests in the log, no secret; asking the system is 5 µs and a thread switch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if self.pages is not None:
                await self.pages.app(scope, receive, send)  # type: ignore[arg-type]  # ASGI's types are looser than Litestar's
            return
        client = scope.get("client")
        peer = (client[0], int(client[1])) if client else ("", 0)  # granian gives the port as text
        self.traffic.connect(peer)
        try:
            await self._dispatch(scope, receive, send)
        finally:
            self.traffic.disconnect(peer)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.sites is not None and (site := self.sites.of(scope, self._host(scope))) is not None:
            await self._site(site, scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        found = self.routes.find(method, path)
        if found is not None:
            await self.serve(found, scope, receive, send)
        elif self.pages is not None and self.pages.has(path):
            await self._page(self.pages, scope, receive, send)
        elif method == "OPTIONS":
            await _preflight(scope, send)
        else:
            await self.serve(None, scope, receive, send)

    async def serve(self, found: tuple[Route, dict[str, str]] | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        request = self.request(scope, receive)
        flight = self.traffic.take_off(request.client_ip)
        request.body.watched(self.traffic, flight)
        try:
            if found is None:
                answer, drained, family, shown = NOT_FOUND, DRAINED, "unknown", shape(request.path)
                self.kernel.figures.unknown(request.method, request.path, request.header(b"x-client-package"))
            else:
                route, request.params = found
                answer, drained, family, shown = await self._answer(request, route, flight), route.drained, route.family, route.path
            try:
                self.traffic.hold_answer(flight, len(answer.body))
            except AppError as e:
                answer = json_refusal(e)
            await self._respond(request, answer, send, drained)
        finally:
            self.traffic.land(flight)
        self._note(request, family, answer.status, began, shown)

    async def _page(self, pages: Pages, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a page. Preflights are the page's too: what it does not allow, no other site may ask it."""
        began = time.perf_counter()
        request = self.request(scope, receive)
        flight = self.traffic.take_off(request.client_ip)
        request.body.watched(self.traffic, flight)
        try:
            if self.kernel.limiter.address_ok(request.client_ip) and self.traffic.has_room(flight):
                status = await pages.serve(request, send, DRAINED)
            else:
                await refuse(request, send, DRAINED, status := 429)
        finally:
            self.traffic.land(flight)
        self._note(request, "pages", status, began, shape(request.path))

    def _host(self, scope: Scope) -> str:
        """The host that a browser asked for, as a trusted proxy names it if one does."""
        headers, peer = dict(reversed(scope["headers"])), scope.get("client")
        named: bytes = headers.get(b"host", b"")
        if b"x-forwarded-host" in headers and peer is not None and self.ip.trusts(peer[0]):
            named = headers[b"x-forwarded-host"].partition(b",")[0].strip()
        return named.decode("latin-1")

    async def _site(self, site: Site, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a web app: its files pass this door, its headers are its own, and other sites get nothing of it by CORS."""
        began = time.perf_counter()
        request = self.request(scope, receive)
        flight = self.traffic.take_off(request.client_ip)
        request.body.watched(self.traffic, flight)
        try:
            if not (self.kernel.limiter.address_ok(request.client_ip) and self.traffic.has_room(flight)):
                await refuse(request, send, DRAINED, status := 429)
            else:
                can_send = "http.response.pathsend" in (scope.get("extensions") or {})
                answer = await site.answer(request.method, request.path, request.headers, can_send)
                status = answer.status
                headers = [*answer.headers, (b"x-request-id", request.request_id.encode("latin-1"))]
                if not await request.body.settle(DRAINED, PATIENCE):
                    headers.append((b"connection", b"close"))
                self.traffic.free(flight)
                await _send_file(request, answer, headers, send)
        finally:
            self.traffic.land(flight)
        self._note(request, "web", status, began, shape(request.path))

    def request(self, scope: Scope, receive: Receive) -> Request:
        """The request with its address and id resolved."""
        request = Request(self.kernel, scope, receive)
        peer = scope.get("client")
        # a proxy may add its own line below the client's instead of continuing it: all lines together are the chain
        chain = b",".join(v for k, v in scope["headers"] if k == b"x-forwarded-for").decode("latin-1")
        request.proxied = peer is not None and self.ip.trusts(peer[0])
        request.client_ip = self.ip.of(peer[0] if peer else "", chain)
        given = request.header(b"x-request-id")[:128]
        request.request_id = given if _ID.fullmatch(given) else f"ser_{self._numbers.getrandbits(88):022x}"
        return request

    async def _answer(self, request: Request, route: Route, flight: Flight) -> Answer:
        try:
            if not (self.kernel.limiter.address_ok(request.client_ip) and self.traffic.has_room(flight)):
                raise breached()
            if b"%00" in request.query_string or "\0" in request.path:
                raise BadRequest(log="NUL in the URL")  # no text column of PostgreSQL takes one
            return await route(request)
        except AppError as e:
            if e.status >= 500 or log.isEnabledFor(logging.DEBUG):
                level = logging.DEBUG if e.status < 500 else logging.ERROR if e.status == 500 else logging.WARNING
                log.log(level, "%s %s %d %s [%s]", request.method, route.path, e.status, e.log, request.request_id)
            return route.refusal(e)
        except Exception as e:
            log.exception("%s %s failed [%s]", request.method, route.path, request.request_id)
            return route.refusal(AppError(log=type(e).__name__))

    def _note(self, request: Request, family: str, status: int, began: float, shown: str) -> None:
        """The figures and the line of a finished request. `shown`: its path without what may be a token or a code."""
        took = time.perf_counter() - began
        if self._figures is not None:
            self._figures.answered(family, status, took)
        if access_log.isEnabledFor(self._access_level):
            parts = {"method": request.method, "path": shown, "status": status, "ms": round(took * 1000, 1), "id": request.request_id}
            access_log.log(self._access_level, "%s %s %d %.1f ms [%s]", *parts.values(), extra={REQUEST: parts})

    async def _respond(self, request: Request, answer: Answer, send: Send, drained: int) -> None:
        """Send an answer with the headers every answer has. What still comes in of an unwanted body is dropped first."""
        headers: Headers = [(b"x-request-id", request.request_id.encode("latin-1")), *standing(request.headers), *answer.headers]
        if not await request.body.settle(drained, PATIENCE):
            headers.append((b"connection", b"close"))
        if isinstance(answer, Stored):
            await _send_stored(request, answer, headers, send)
            return
        content = answer.body
        if content:
            headers.append((b"content-type", answer.media))
            if compress.wanted(request.headers.get(b"accept-encoding", b""), len(content)):
                content = await compress.gzip(content)
                headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
        if request.method == "GET" and answer.status != 307:
            headers.append((b"cache-control", b"no-store"))
        if answer.status != 304:
            headers.append((b"content-length", b"%d" % len(content)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else content})


async def _preflight(scope: Scope, send: Send) -> None:
    """OPTIONS on any path: 200 (a 204 breaks Safari now and then), no body, no credential asked."""
    headers = [*standing(dict(scope["headers"])), *_PREFLIGHT]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _send_file(request: Request, answer: Answer, headers: Headers, send: Send) -> None:
    if isinstance(answer, Stored):
        await _send_stored(request, answer, headers, send)
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, (b"content-length", b"%d" % len(answer.body))]})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})


async def _send_stored(request: Request, answer: Stored, headers: Headers, send: Send) -> None:
    """Bytes of a store: as a file where the HTTP server can read it itself, else piece by piece. Once the head is out nothing can be said any
    more: the server must break the connection off, or a cut body would look whole."""
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, (b"content-length", b"%d" % answer.length)]})
    if answer.path is not None:
        await send({"type": "http.response.pathsend", "path": str(answer.path)})
        return
    left = answer.length
    if answer.pieces is not None:
        try:
            async for piece in answer.pieces:
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
        finally:
            await answer.pieces.aclose()
        if left > 0:
            raise EOFError(f"{request.path}: ended {left} bytes early")
        if answer.length:
            return
    await send({"type": "http.response.body", "body": b""})
