"""Where the bytes of a file are, for people who may read it (files.md §5). One statement a request."""

from __future__ import annotations

from ..kernel.access import Session
from ..kernel.errors import Forbidden, NotFound
from ..kernel.parts import Kernel
from . import queries, urls


async def find(kernel: Kernel, actor: Session, base_url: str, file_id: int, thumb: bool) -> str:
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
