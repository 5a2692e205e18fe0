"""One request as guards and handlers see it. Decoding rules live in `app.kernel.wire`."""

from __future__ import annotations

import logging
import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from ..kernel import wire
from ..kernel.access import App, app_of
from ..kernel.errors import BadRequest
from ..kernel.parts import Kernel
from .body import IncomingBody, Receive

B = TypeVar("B", bound=wire.Body)
log = logging.getLogger("darkroom.http")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_compared: set[str] = set()  # values of public_url that were compared with what a proxy says: a mismatch is told once


def _socket_name(scope: dict[str, Any]) -> str:
    """Where the request came in, for a client of HTTP/1.0 that names no host."""
    host, port = scope.get("server") or ("localhost", 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Request:
    """A request. Header names are lower-case bytes; query values are text, the first of each name counts."""

    __slots__ = ("_query", "body", "client_ip", "headers", "kernel", "method", "params", "path", "proxied", "request_id", "scope")

    def __init__(self, kernel: Kernel, scope: dict[str, Any], receive: Receive) -> None:
        self.kernel = kernel
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self.body = IncomingBody(receive, self.headers)
        self.params: dict[str, str] = {}
        self.client_ip = ""
        self.proxied = False  # by a trusted proxy
        self.request_id = ""
        self._query: dict[str, str] | None = None

    def header(self, name: bytes) -> str:
        """A request header as text, "" when absent."""
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def query_string(self) -> bytes:
        raw: bytes = self.scope["query_string"]
        return raw

    @property
    def query(self) -> dict[str, str]:
        if self._query is None:
            raw = self.query_string
            pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True) if raw else []
            self._query = dict(reversed(pairs))
        return self._query

    @property
    def app(self) -> App:
        """Which app asks: decided by X-Client-Package alone (accounts.md §2.1)."""
        return app_of(self.header(b"x-client-package"))

    @property
    def base_url(self) -> str:
        """The URL at which this client reaches the server: the configured one, else that of this request, as a trusted proxy names it."""
        scheme, host = self.scope.get("scheme", "http"), self.header(b"host") or _socket_name(self.scope)
        if self.proxied:
            told = self.header(b"x-forwarded-proto").partition(",")[0].strip().lower()
            scheme = told if told in ("http", "https") else scheme
            named = self.header(b"x-forwarded-host").partition(",")[0].strip()
            host = named if _HOST.fullmatch(named) else host
        configured = self.kernel.config.public_url
        if not configured:
            return f"{scheme}://{host}"
        if self.proxied and configured not in _compared:
            _compared.add(configured)
            if configured.partition("/")[0] != f"{scheme}:":
                log.warning("public_url is %s, but the proxy says that clients use %s://%s: one of them is wrong", configured, scheme, host)
        return configured

    async def json(self, kind: type[B], limit: int) -> B:
        """The body (at most `limit` bytes) as a struct (`app.kernel.wire.decode`)."""
        return wire.decode(await self.body.read(limit), kind)

    def id_param(self, name: str) -> int:
        """A path parameter that must be an integer; 400 otherwise."""
        value = wire.strict_int(self.params[name])
        if value is None:
            raise BadRequest(log=f"{name} is no integer")
        return value


class BaseUrl(str):
    """`Request.base_url` as a handler's parameter."""

    @classmethod
    def of(cls, request: Request) -> BaseUrl:
        return cls(request.base_url)
