"""The trash: back out of it, or for ever."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ..library.library import Library
from . import lookup
from .albums import BulkIds


@post("/api/trash/restore", permission="asset.delete", status_code=200)
async def restore_all(library: NamedDependency[Library]) -> dict[str, int]:
    return {"count": len(await library.restore(list(library.binned)))}


@post("/api/trash/restore/assets", permission="asset.delete", status_code=200)
async def restore(data: JSONBody[BulkIds], library: NamedDependency[Library]) -> dict[str, int]:
    """How many of these were in the trash."""
    found = lookup.photos(library, data.ids, "asset.delete", trash=True)
    return {"count": len(await library.restore([photo.file.id for photo in found]))}


@post("/api/trash/empty", permission="asset.delete", status_code=200)
async def empty(library: NamedDependency[Library]) -> dict[str, int]:
    """For ever, also what does not open here."""
    numbers = list(library.trashed)
    await library.delete_for_ever(numbers)
    return {"count": len(numbers)}


HANDLERS = [restore_all, restore, empty]
