"""One request as a handler sees it, and the answer it gives. Decoding rules live in `app.wire`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from .. import wire
from ..access import App, app_of
from ..errors import BadRequest, TooLarge
from ..kernel import Kernel

B = TypeVar("B", bound=wire.Body)
Headers = list[tuple[bytes, bytes]]
JSON = b"application/json; charset=utf-8"


class Answer:
    """A response: body bytes, status, content type (none for an empty body), further headers."""

    __slots__ = ("body", "headers", "media", "status")

    def __init__(self, body: bytes = b"", status: int = 200, *, media: bytes = JSON, headers: Headers | None = None) -> None:
        self.body = body
        self.status = status
        self.media = media
        self.headers = headers or []


EMPTY = Answer()
"""200 with no body and no content type: how the protocol says "done" (accounts.md §0)."""


def reply(value: Any, status: int = 200) -> Answer:
    """A JSON answer from a reply struct, dict or list."""
    return Answer(wire.encode(value), status)


def redirect(url: str) -> Answer:
    """307 to the place of the bytes (files.md §5)."""
    return Answer(status=307, headers=[(b"location", url.encode())])


class Call:
    """A request. Header names are lower-case bytes; query values are text, the first of each name counts."""

    __slots__ = ("_query", "_receive", "body_limit", "client_ip", "headers", "kernel", "method", "params", "path", "request_id", "scope")

    def __init__(self, kernel: Kernel, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self.kernel = kernel
        self.scope = scope
        self._receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self.params: dict[str, str] = scope.get("path_params") or {}
        self.body_limit = kernel.config.http.max_body
        self.client_ip = ""
        self.request_id = ""
        self._query: dict[str, str] | None = None

    def header(self, name: bytes) -> str:
        """A request header as text, "" when absent."""
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def query(self) -> dict[str, str]:
        if self._query is None:
            raw: bytes = self.scope["query_string"]
            pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True) if raw else []
            self._query = dict(reversed(pairs))
        return self._query

    @property
    def app(self) -> App:
        """Which app asks: decided by X-Client-Package alone (accounts.md §2.1)."""
        return app_of(self.header(b"x-client-package"))

    @property
    def base_url(self) -> str:
        """The URL at which this client reaches the server: the configured one, else that of this request."""
        if self.kernel.config.public_url:
            return self.kernel.config.public_url
        return f"{self.scope.get('scheme', 'http')}://{self.header(b'host')}"

    async def body(self) -> bytes:
        """The whole body; 413 above `body_limit`, 400 when the client goes away."""
        limit = self.body_limit
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise BadRequest(log="client went away")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise TooLarge(log=f"body above {limit} bytes")
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    async def json(self, kind: type[B]) -> B:
        """The body as a struct (`app.wire.decode`)."""
        return wire.decode(await self.body(), kind)

    def int_query(self, name: str) -> int:
        """A query integer, 0 when missing or unparsable, as museum reads most of them."""
        return wire.go_int(self.query.get(name))

    def bound_int(self, name: str) -> int | None:
        """A query integer where museum binds it to a field: 0 when empty, None when missing or no integer of 64 bits."""
        text = self.query.get(name)
        return 0 if text == "" else wire.strict_int(text)

    def id_param(self, name: str = "id", error: type[Exception] = BadRequest) -> int:
        """A path parameter that must be an integer."""
        value = wire.strict_int(self.params[name])
        if value is None:
            raise error
        return value
