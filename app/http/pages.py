"""What people look at: controllers of Litestar behind the door, in its ordinary style.

A feature has `def make_pages(kernel) -> list[Handler]`: controllers or routers, each with its own path; that path and all below it are pages (`/`
and a path whose controller says `alone` stand for themselves, and a path that is one parameter for what its `only` matches). Handlers may ask for
`incoming: Incoming`, the door's request, which has the kernel.
Pages pass the same door as routes and share their request ids, address budget, bodies and log line. They have no CORS headers: no other
site reads or steers a page.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from http import HTTPStatus
from typing import Any

from litestar import Controller, Litestar, MediaType, Response, Router
from litestar import Request as PageRequest
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException

from ..kernel.errors import AppError
from ..kernel.figures import shape
from .answer import Headers
from .body import PATIENCE, Receive, Send
from .request import Request

log = logging.getLogger("darkroom.http")
Handler = type[Controller] | Router
Incoming = NamedDependency[Request]
"""The request as the door has seen it, as a parameter `incoming` of a page's handler."""

LARGEST = 1 << 20  # bytes of a form
POLICY = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
"""What a page may do that does not say more: nothing but send its own forms."""
SECURITY: Headers = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
"""On every page, errors included, unless the page says the same name differently."""
_PLAIN = [h for h in SECURITY if h[0] != b"cross-origin-opener-policy"]
"""The same where browsers ignore the last and complain: by http, but for this machine's own names."""
_TRUSTED = re.compile(r"https://|http://(localhost|[^/:]*\.localhost|127\.[0-9.]+|\[::1\])(:|/|$)")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def policy(html: str) -> str:
    """`POLICY`, and the styles that stand in this page, by their hashes."""
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(html)]
    return "; ".join([POLICY, *(["style-src " + " ".join(f"'sha256-{h}'" for h in hashes)] if hashes else [])])


def html(text: str, *, csp: str | None = None, status: int = 200) -> Response[str]:
    """A page of our own text. `csp`: its policy, where it is known already."""
    return Response(text, media_type=MediaType.HTML, status_code=status, headers={"content-security-policy": csp or policy(text)})


class Pages:
    """The pages of one application. Litestar is made when the first of them, or the lifespan, is asked for."""

    def __init__(self, handlers: Sequence[Handler], lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]]) -> None:
        self._handlers = handlers
        self._lifespan = lifespan
        whole = [handler for handler in handlers if not hasattr(handler, "only")]
        paths = [_path(handler).rstrip("/") for handler in whole]
        self._only = tuple(handler.only for handler in handlers if hasattr(handler, "only"))
        self._exact = frozenset([*(path or "/" for path in paths), *(f"{path}/" for path in paths)])
        self._below = tuple(f"{_path(handler).rstrip('/')}/" for handler in whole if _path(handler) != "/" and not getattr(handler, "alone", False))

    def has(self, path: str) -> bool:
        """Whether a path is a page's."""
        return path in self._exact or path.startswith(self._below) or any(only.fullmatch(path, 1) for only in self._only)

    @cached_property
    def app(self) -> Litestar:
        """The application behind the door. `scope["state"]["incoming"]` is the door's request."""
        return Litestar(
            self._handlers,
            dependencies={"incoming": Provide(_incoming, sync_to_thread=False)},
            exception_handlers={Exception: _refused},
            lifespan=[self._lifespan],
            openapi_config=None,
            logging_config=None,
            request_max_body_size=LARGEST,
        )

    async def serve(self, request: Request, send: Send, drained: int) -> int:
        """Answer a request for a page; the status. At most `drained` bytes of a body that nobody wanted are read."""
        outlet = _Outlet(request, send, drained)
        scope = {**request.scope, "state": {**request.scope.get("state", {}), "incoming": request}}
        if outlet.head:
            scope["method"] = "GET"
        receive: Receive = request.body.receive
        try:
            await self.app(scope, receive, outlet)  # type: ignore[arg-type]  # ASGI's types are looser than Litestar's
        except Exception:
            log.exception("page %s %s failed [%s]", request.method, shape(request.path), request.request_id)
            if outlet.status:  # the head is out: only a cut connection says that this is not all
                raise
            await refuse(request, send, drained, 500)
            return 500
        return outlet.status


def _path(handler: Any) -> str:
    return str(handler.path)


class _Outlet:
    """ASGI's `send` with the headers of every page put in."""

    def __init__(self, request: Request, send: Send, drained: int) -> None:
        self.status = 0
        self.head = request.method == "HEAD"
        self._request = request
        self._send = send
        self._drained = drained

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": await self._headers(list(message["headers"]))}
        elif self.head:
            message = {**message, "body": b""}
        await self._send(message)

    async def _headers(self, own: Headers) -> Headers:
        said = {name.lower() for name, _ in own}
        security = SECURITY if _TRUSTED.match(self._request.base_url) else _PLAIN
        headers = [*own, (b"x-request-id", self._request.request_id.encode("latin-1")), *(h for h in security if h[0] not in said)]
        if not await self._request.body.settle(self._drained, PATIENCE):
            headers.append((b"connection", b"close"))
        return headers


async def refuse(request: Request, send: Send, drained: int, status: int) -> None:
    """Say in plain text that there is no page."""
    text, outlet = HTTPStatus(status).phrase.encode(), _Outlet(request, send, drained)
    headers: Headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
    await outlet({"type": "http.response.start", "status": status, "headers": headers})
    await outlet({"type": "http.response.body", "body": text})


def _incoming(request: PageRequest[Any, Any, State]) -> Request:
    found: Request = request.scope["state"]["incoming"]
    return found


def _refused(request: PageRequest[Any, Any, State], error: Exception) -> Response[str]:
    """A refusal for people: the status in words, and nothing of what was asked or of what is inside."""
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException):
        status, headers = error.status_code, dict(error.headers or {})
    elif isinstance(error, AppError):
        status = error.status
    else:
        status = 500
    if status >= 500:
        incoming = _incoming(request)
        log.error("page %s %s failed [%s]", incoming.method, shape(incoming.path), incoming.request_id, exc_info=error)
    try:
        text = HTTPStatus(status).phrase
    except ValueError:
        text = f"Refused ({status})"
    return Response(text, media_type=MediaType.TEXT, status_code=status, headers=headers)
