"""The pages of stores and backups, and what can be done to stores on them."""

from __future__ import annotations

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from ..http.pages import Incoming
from ..kernel.errors import AppError
from . import access, upkeep, upkeep_views
from .access import Visit
from .pages import frame_of, shown, with_session


class Stores(Controller):
    path = "/admin/storage"

    @get("/")
    async def look(self, incoming: Incoming) -> Response[str]:
        return await with_session(incoming, lambda visit: _stores(incoming, visit))

    @post("/{act:str}")
    async def act(self, incoming: Incoming, act: FromPath[str]) -> Response[str]:
        """The page says what was begun, for nothing is done at once."""
        visit, fields = await access.believed(incoming)
        try:
            said = await upkeep.work_on(incoming.kernel, visit.by, act, fields.get("name", ""))
        except AppError as e:
            return await _stores(incoming, visit, problem=e.message or e.log, status=e.status)
        return await _stores(incoming, visit, said=said)


async def _stores(request: Incoming, visit: Visit, *, said: str = "", problem: str = "", status: int = 200) -> Response[str]:
    frame = frame_of(request, visit, "/admin/storage", problem=problem, words=said)
    return shown(upkeep_views.stores(frame, await upkeep.stores(request.kernel)), status)


class Backups(Controller):
    path = "/admin/backups"

    @get("/")
    async def look(self, incoming: Incoming) -> Response[str]:
        async def show(visit: Visit) -> Response[str]:
            return shown(upkeep_views.backups(frame_of(incoming, visit, "/admin/backups"), await upkeep.backups(incoming.kernel)))

        return await with_session(incoming, show)
