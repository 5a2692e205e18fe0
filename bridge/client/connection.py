"""HTTP to one server: the session's token on API requests and never on object URLs, redirects followed by hand, refusals as types.

A connection that was opened for reading lets nothing out that could write, whoever asks: `ReadOnly`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx

from .errors import ClientError, Conflict, LoggedOut, NotThere, ReadOnly, Refused, StorageFull, Unreachable

Row = dict[str, Any]
PACKAGE = "io.ente.photos"
READS = {"/files/data/fetch", "/files/data/status-diff"}
"""POSTs that only read."""
WAITS = (0.5, 2.0, 5.0)
"""Seconds before another attempt at what may be asked twice."""
BUSY = {429, 500, 502, 503, 504}
_TYPES: dict[int, type[Refused]] = {401: LoggedOut, 402: StorageFull, 404: NotThere, 409: Conflict, 426: StorageFull}


def refusal(what: str, response: httpx.Response) -> Refused:
    """The typed error of an answer that is not 2xx; its body must have been read."""
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    kind = _TYPES.get(response.status_code, Refused)
    return kind(what, response.status_code, str(body.get("code", "")), str(body.get("message", "")))


class Connection:
    """`token` is the session's; `transport` for tests. `async with`, or `close()`."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        read_only: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        waits: tuple[float, ...] = WAITS,
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.read_only = read_only
        self._waits = waits
        timeout = httpx.Timeout(60, connect=15)
        self._http = httpx.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False, trust_env=transport is None)
        self._without_v3 = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    def may_write(self) -> None:
        """Raises `ReadOnly` where nothing may be written."""
        if self.read_only:
            raise ReadOnly("this account is linked for reading only")

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The decoded answer, None when it is empty. What may be asked twice is asked again while the server is away or busy."""
        response = await self._answer(method, path, body, query)
        if not response.is_success:
            raise refusal(f"{method} {path}", response)
        return json.loads(response.content) if response.content else None

    async def get(self, path: str, **query: Any) -> Any:
        return await self.call("GET", path, None, **query)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.call("POST", path, body)

    async def put(self, path: str, body: Any) -> Any:
        return await self.call("PUT", path, body)

    async def _answer(self, method: str, path: str, body: Any, query: Row) -> httpx.Response:
        if method != "GET" and path not in READS:
            self.may_write()
        headers = {"X-Client-Package": PACKAGE}
        if self.token:
            headers["X-Auth-Token"] = self.token
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = {"params": query or None, "content": content, "headers": headers}
        waits = self._waits if method == "GET" or path in READS else ()
        for wait in (*waits, None):
            try:
                response = await self._http.request(method, self.url + path, **request)  # type: ignore[arg-type]  # one dict for both attempts
            except httpx.TransportError as e:
                if wait is None:
                    raise Unreachable(f"{method} {path}: {e or type(e).__name__}") from e
            else:
                if wait is None or response.status_code not in BUSY:
                    return response
            await asyncio.sleep(wait)
        raise AssertionError

    # -- objects ----------------------------------------------------------------------------------

    async def put_object(self, url: str, size: int, content: Callable[[], AsyncIterator[bytes]], md5: str | None) -> str:
        """Puts bytes at an object URL and returns the ETag as it came. `content()` is called once an attempt."""
        self.may_write()
        headers = {"X-Client-Package": PACKAGE, "Content-Length": str(size)} | ({"Content-MD5": md5} if md5 else {})
        for wait in (*self._waits, None):
            try:
                response = await self._http.put(url, content=content(), headers=headers)
            except httpx.TransportError as e:
                if wait is None:
                    raise Unreachable(f"an upload broke off: {e or type(e).__name__}") from e
            else:
                if response.is_success:
                    return str(response.headers.get("etag", ""))
                if wait is None or response.status_code not in BUSY:
                    raise refusal("an upload", response)
            await asyncio.sleep(wait)
        raise AssertionError

    async def complete_object(self, url: str, xml: str) -> None:
        """Joins the parts of an upload; a store may say 200 and mean an error."""
        self.may_write()
        try:
            response = await self._http.post(url, content=xml.encode(), headers={"X-Client-Package": PACKAGE, "Content-Type": "text/xml"})
        except httpx.TransportError as e:
            raise Unreachable(f"the end of an upload broke off: {e or type(e).__name__}") from e
        if not response.is_success or b"<Error>" in response.content:
            raise refusal("the end of an upload", response)

    async def object_url(self, kind: str, file_id: int) -> str:
        """Where a file's ciphertext is: `kind` is "download" or "thumbnail" (client.md §11)."""
        if not self._without_v3:
            try:
                return str((await self.get(f"/files/{kind}/v3/{file_id}"))["url"])
            except NotThere:
                pass  # an older server, or no such file: the older route knows which
        path = f"/files/{'download' if kind == 'download' else 'preview'}/{file_id}"
        response = await self._answer("GET", path, None, {})
        if response.status_code not in (302, 303, 307, 308):
            raise refusal(f"GET {path}", response)
        self._without_v3 = True
        return str(response.headers["location"])

    @asynccontextmanager
    async def open_object(self, kind: str, file_id: int, span: tuple[int, int] | None = None, url: str = "") -> AsyncIterator[httpx.Response]:
        """The ciphertext as a streamed answer; `span` = first and last byte, and then the answer is that part or the whole (200). `url`: one that
        `object_url` gave before and that may have expired."""
        url = url or await self.object_url(kind, file_id)
        headers = {"Range": f"bytes={span[0]}-{span[1]}"} if span else {}
        try:
            async with self._http.stream("GET", url, headers=headers) as response:
                if not response.is_success:
                    await response.aread()
                    raise refusal(f"the {kind} of file {file_id}", response)
                yield response
        except httpx.TransportError as e:
            raise Unreachable(f"the {kind} of file {file_id} broke off: {e or type(e).__name__}") from e


__all__ = ["ClientError", "Connection", "Row", "refusal"]
