"""Where the bytes of a file are, for people who may read it (files.md §5). One statement a request. Never the bytes themselves:
mobile needs a redirect for files above 40 MiB (files.md §18 S8), clients newer than the protocol notes ask for the URL in JSON."""

from __future__ import annotations

from collections.abc import Awaitable

from ..kernel.access import Session
from ..kernel.errors import CodedBadRequest, Forbidden, NotFound
from ..kernel.parts import Kernel
from . import queries, urls
from .wire import FileUrl


async def find(kernel: Kernel, actor: Session, base_url: str, file_id: int, *, thumb: bool) -> str:
    """The signed URL of a file's bytes or thumbnail. Unknown or deleted for good 404, no access 403; the owner still reads trashed files."""
    row = await kernel.db.read(queries.readable, actor.user_id, file_id, thumb=thumb)
    if row is None:
        raise NotFound(log=f"no file {file_id}")
    key, store, gone, may_read = row
    if not may_read:
        raise Forbidden(log=f"user {actor.user_id} may not read file {file_id}")
    if gone or key is None:
        raise NotFound(log=f"file {file_id} has no bytes")
    return urls.get_url(kernel, base_url, key, store)


async def in_json(found: Awaitable[str]) -> FileUrl:
    """The URL as the v3 routes tell it. What is missing is 400 NOT_FOUND: their clients take a 404 for a server without these routes, and
    leave them alone for an hour."""
    try:
        return FileUrl(url=await found)
    except NotFound as e:
        raise CodedBadRequest("requested object was not found", code="NOT_FOUND", log=e.log) from e
