"""The routes by which bytes of files are found, for any door: an own session, an album's link, a file's link, a memory, a cast.

A door has a guard, and a `find` that says where the bytes of a file are, or refuses: not to be seen by this actor 403, gone 404. This
module makes of them the redirects of old (307) and the URLs in JSON that newer clients ask for (files.md §5). Never the bytes themselves:
mobile needs a redirect for files above 40 MiB (files.md §18 S8).
"""

from __future__ import annotations

import typing
from collections.abc import Awaitable, Callable
from typing import Any

from ..http.answer import Redirect
from ..http.auth import AnyGuard
from ..http.request import BaseUrl
from ..http.routing import Route, get
from ..kernel.errors import AppError, BadRequest, CodedBadRequest, Forbidden, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import strict_int
from .wire import FileUrl

Find = Callable[[Kernel, Any, str, int, bool], Awaitable[str]]
"""(kernel, actor, base URL, file id, thumbnail?) → the signed URL."""
FindOne = Callable[[Kernel, Any, str, bool], Awaitable[str]]
"""The same for a door that opens one file."""
_ERRORS: tuple[type[AppError], ...] = (Forbidden, NotFound)


def routes(
    prefix: str, guard: AnyGuard, find: Find, *, limit: str | None = None, older: bool = False, bad_id: type[AppError] = BadRequest
) -> list[Route]:
    """Bytes and thumbnails of files below `prefix`, both ways. `limit`: the budget of thumbnails. `older`: also the JSON form of July 2026.
    `bad_id`: what an id that is no number is."""
    made = []
    for path, thumb, budget in (("download", False, None), ("preview", True, limit)):
        made.append(get(f"{prefix}/{path}/{{file_id}}", guard, _redirect(guard, find, thumb, bad_id), limit=budget, errors=_ERRORS))
        if older:
            made.append(get(f"{prefix}/{path}/v2/{{file_id}}", guard, _plain(guard, find, thumb, bad_id), limit=budget, errors=_ERRORS))
    for path, thumb, budget in (("download", False, None), ("thumbnail", True, limit)):
        made.append(get(f"{prefix}/{path}/v3/{{file_id}}", guard, _in_json(guard, find, thumb, bad_id), limit=budget, errors=(Forbidden,)))
    return made


def routes_of_one(prefix: str, guard: AnyGuard, find: FindOne) -> list[Route]:
    """Bytes and thumbnail of the one file that a door opens, both ways."""
    made = []
    for path, thumb in (("file", False), ("thumbnail", True)):
        made.append(get(f"{prefix}/{path}", guard, redirect_of_one(guard, find, thumb), errors=_ERRORS))
        made.append(get(f"{prefix}/{path}/v3", guard, _in_json_one(guard, find, thumb), errors=(Forbidden,)))
    return made


def _redirect(guard: AnyGuard, find: Find, thumb: bool, bad_id: type[AppError]) -> Any:
    async def redirect(kernel: Kernel, actor: Any, base_url: BaseUrl, file_id: str) -> Redirect:
        return Redirect(await find(kernel, actor, base_url, _number(file_id, bad_id), thumb))

    return _for(guard, redirect, find)


def _plain(guard: AnyGuard, find: Find, thumb: bool, bad_id: type[AppError]) -> Any:
    async def url(kernel: Kernel, actor: Any, base_url: BaseUrl, file_id: str) -> FileUrl:
        return FileUrl(url=await find(kernel, actor, base_url, _number(file_id, bad_id), thumb))

    return _for(guard, url, find)


def _in_json(guard: AnyGuard, find: Find, thumb: bool, bad_id: type[AppError]) -> Any:
    async def found(kernel: Kernel, actor: Any, base_url: str, text: str) -> str:
        return await find(kernel, actor, base_url, _number(text, bad_id), thumb)

    async def url_in_json(kernel: Kernel, actor: Any, base_url: BaseUrl, file_id: str) -> FileUrl:
        return await in_json(found(kernel, actor, base_url, file_id))

    return _for(guard, url_in_json, find)


def redirect_of_one(guard: AnyGuard, find: FindOne, thumb: bool) -> Any:
    """A handler that sends on to the one file's bytes or thumbnail."""

    async def redirect(kernel: Kernel, actor: Any, base_url: BaseUrl) -> Redirect:
        answer = Redirect(await find(kernel, actor, base_url, thumb))
        answer.headers.append((b"cache-control", b"no-store"))  # unlike those of albums (accounts.md §1.5)
        return answer

    return _for(guard, redirect, find)


def _in_json_one(guard: AnyGuard, find: FindOne, thumb: bool) -> Any:
    async def url_in_json(kernel: Kernel, actor: Any, base_url: BaseUrl) -> FileUrl:
        return await in_json(find(kernel, actor, base_url, thumb))

    return _for(guard, url_in_json, find)


def _for(guard: AnyGuard, handler: Any, find: Any) -> Any:
    """The handler, whose actor is the guard's, under the name of the door."""
    actor = typing.get_type_hints(guard.check)["return"]
    handler.__annotations__ = {**typing.get_type_hints(handler), "actor": actor}
    handler.__module__, handler.__qualname__ = find.__module__, f"{find.__qualname__}.{handler.__name__}"
    return handler


def _number(text: str, bad: type[AppError]) -> int:
    value = strict_int(text)
    if value is None:
        raise bad(log="no file id")
    return value


async def in_json(found: Awaitable[str]) -> FileUrl:
    """The URL as the v3 routes tell it. What is missing is 400 NOT_FOUND: their clients take a 404 for a server without these routes, and
    leave them alone for an hour."""
    try:
        return FileUrl(url=await found)
    except NotFound as e:
        raise CodedBadRequest("requested object was not found", code="NOT_FOUND", log=e.log) from e
