"""HTTP as Ente's web app speaks it, every answer held against the strict client schemas.

JSON goes out as text/plain; redirects are never followed by the library; each client has an address of its own
(X-Forwarded-For), because rate limits are per address.
"""

from __future__ import annotations

import itertools
import json
import random
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.clients import strict

WEB = "io.ente.photos.web"
_addresses = itertools.count(random.SystemRandom().randrange(1, 1 << 23))
_open: set[Api] = set()


def close_all() -> None:
    """For the end of a test: closes every connection that is still open."""
    for api in list(_open):
        api.close()


class ApiError(AssertionError):
    """An answer whose status was not the expected one; `status`, `code` and `body` say what came instead."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.body = _decoded(response)
        self.code = self.body.get("code") if isinstance(self.body, dict) else None
        super().__init__(f"{response.request.method} {response.request.url}: {self.status} {response.text[:300]}")


def next_address() -> str:
    number = next(_addresses) % (1 << 24)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _decoded(response: httpx.Response) -> Any:
    if not response.content or "json" not in response.headers.get("content-type", ""):
        return None
    return json.loads(response.content)


class Api:
    """One device's connection. `token` is sent on API calls and never to an object URL."""

    def __init__(self, base_url: str, *, transport: httpx.BaseTransport | None = None, package: str = WEB, address: str | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.package = package
        self.address = address or next_address()
        self.token = ""
        self._http = httpx.Client(transport=transport, timeout=120, trust_env=False, verify=False)
        _open.add(self)

    def close(self) -> None:
        _open.discard(self)
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """The raw answer, already checked against the schemas; any status."""
        sent = {"X-Forwarded-For": self.address, "X-Client-Package": self.package}
        if self.token:
            sent["X-Auth-Token"] = self.token
        content = None
        if body is not None:
            content = body if isinstance(body, str | bytes) else json.dumps(body)
            sent["Content-Type"] = "text/plain;charset=UTF-8"
        response = self._http.request(method, self.base_url + path, params=params, content=content, headers={**sent, **(headers or {})})
        request_body = body if isinstance(body, dict) else None
        strict.check(method, urlsplit(path).path, response.status_code, _decoded(response), request_body)
        return response

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        expect: int = 200,
    ) -> Any:
        """The decoded body (None when empty); `ApiError` unless the status is `expect`."""
        response = self.send(method, path, body, params=params, headers=headers)
        if response.status_code != expect:
            raise ApiError(response)
        return _decoded(response)

    def get(self, path: str, **params: Any) -> Any:
        return self.call("GET", path, params=params or None)

    def post(self, path: str, body: Any = None) -> Any:
        return self.call("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        return self.call("PUT", path, body)

    def at_object(self, method: str, url: str, content: bytes | str | None = None, headers: dict[str, str] | None = None) -> httpx.Response:
        """A request to an object URL: no session token, no JSON; any status."""
        sent = {"X-Client-Package": self.package, "X-Forwarded-For": self.address, **(headers or {})}
        return self._http.request(method, url, content=content, headers=sent)

    def follow(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """A download: the redirect is followed by hand, without the token."""
        first = self.send("GET", path)
        if first.status_code != 307:
            raise ApiError(first)
        return self.at_object("GET", first.headers["location"], headers=headers)
