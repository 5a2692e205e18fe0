"""The front: what every request passes, once, in one function: request id, client address, CORS, preflight, budget, errors, gzip.

Pure ASGI (design.md §3). Headers that browsers need are on every answer, refusals included (accounts.md §1.3–1.6).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import AppError, BadRequest
from ..kernel import Kernel
from . import compress
from .call import Answer, Call, Headers
from .client_ip import ClientIp
from .ratelimit import breached
from .routing import Route

log = logging.getLogger("darkroom.http")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_ALLOW_HEADERS = (
    b"Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, X-Auth-Token, X-Auth-Access-Token, X-Cast-Access-Token, "
    b"X-Auth-Access-Token-JWT, X-Auth-Link-Device-Token, X-Client-Package, X-Client-Version, X-Paste-Consume, Authorization, accept, "
    b"UPLOAD-URL, origin, Cache-Control, X-Requested-With, upgrade-insecure-requests, Range, Content-MD5, X-Request-Id, If-None-Match, If-Range"
)
_CORS: Headers = [
    (b"access-control-allow-credentials", b"true"),
    (
        b"access-control-expose-headers",
        b"X-Request-Id, X-Ente-Link-Device-Token, X-Link-Device-Token, ETag, Content-Length, Content-Range, Accept-Ranges",
    ),
]
_PREFLIGHT: Headers = [
    (b"access-control-allow-headers", _ALLOW_HEADERS),
    (b"access-control-allow-methods", b"POST, OPTIONS, GET, HEAD, PUT, PATCH, DELETE"),
    (b"access-control-max-age", b"1728000"),
]
NOT_FOUND = Answer(b"404 page not found", 404, media=b"text/plain")


def cors(headers: dict[bytes, bytes]) -> Headers:
    """CORS headers of any answer: the origin echoed, `null` included (a redirected browser request has it)."""
    return [(b"access-control-allow-origin", headers.get(b"origin", b"*")), *_CORS]


class Front:
    """Runs routes. One instance per application."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._ip = ClientIp(kernel.config.http.trusted_proxies)
        self._numbers = random.Random(kernel.ids.bytes(32))  # noqa: S311  # names requests in the log, no secret; asking the system is 5 µs and a thread switch

    def call(self, scope: Scope, receive: Receive) -> Call:
        """The request with its address and id resolved."""
        call = Call(self.kernel, scope, receive)
        peer = scope.get("client")
        # a proxy may add its own line below the client's instead of continuing it: all lines together are the chain
        chain = b",".join(v for k, v in scope["headers"] if k == b"x-forwarded-for").decode("latin-1")
        call.client_ip = self._ip.of(peer[0] if peer else "", chain)
        call.request_id = call.header(b"x-request-id")[:128] or self._new_id().decode()
        return call

    async def serve(self, methods: dict[str, Route[Any]], scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of a known path."""
        call = self.call(scope, receive)
        route = methods.get(call.method)
        answer = NOT_FOUND if route is None else await self._answer(call, route)
        await self.respond(call, answer, send)

    async def _answer(self, call: Call, route: Route[Any]) -> Answer:
        try:
            if not self.kernel.limiter.address_ok(call.client_ip):
                raise breached()
            if b"%00" in call.scope["query_string"] or "\0" in call.path:
                raise BadRequest(log="NUL in the URL")  # no text column of PostgreSQL takes one
            return await route(call)
        except AppError as e:
            if e.status >= 500 or log.isEnabledFor(logging.DEBUG):
                level = logging.DEBUG if e.status < 500 else logging.ERROR if e.status == 500 else logging.WARNING
                log.log(level, "%s %s %d %s [%s]", call.method, route.path, e.status, e.log, call.request_id)
            return Answer(e.body(), e.status)
        except Exception:
            log.exception("%s %s failed [%s]", call.method, route.path, call.request_id)
            return Answer(b"{}", 500)

    async def preflight(self, scope: Scope, send: Send) -> None:
        """OPTIONS on any path: 200 (a 204 breaks Safari now and then), no body, no credential asked."""
        headers = dict(scope["headers"])
        out = [*cors(headers), *_PREFLIGHT, (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": out})
        await send({"type": "http.response.body", "body": b""})

    def bare_headers(self, headers: dict[bytes, bytes]) -> Headers:
        """Request id and CORS, for answers that are not made here."""
        request_id = headers.get(b"x-request-id", b"")[:128] or self._new_id()
        return [(b"x-request-id", request_id), *cors(headers), (b"cache-control", b"no-store")]

    def _new_id(self) -> bytes:
        return b"ser_%022x" % self._numbers.getrandbits(88)

    async def respond(self, call: Call, answer: Answer, send: Send) -> None:
        """Send an answer with the headers every answer has."""
        body = answer.body
        headers: Headers = [(b"x-request-id", call.request_id.encode("latin-1")), *cors(call.headers), *answer.headers]
        if body:
            headers.append((b"content-type", answer.media))
            if compress.wanted(call.headers.get(b"accept-encoding", b""), len(body)):
                body = await compress.gzip(body)
                headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
        if call.method == "GET" and answer.status != 307:
            headers.append((b"cache-control", b"no-store"))
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if call.method == "HEAD" else body})
