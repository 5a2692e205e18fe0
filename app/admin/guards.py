"""Who may call administrators' routes: whom the configuration names (`admin.users`), and nobody else (misc.md §1.1)."""

from __future__ import annotations

from ..http.auth import find_session, guard
from ..http.request import Request
from ..kernel import people
from ..kernel.access import Session
from ..kernel.clock import MINUTE
from ..kernel.errors import CodedBadRequest, Gate

FRESH = 10 * MINUTE


class Administrator(Session):
    """A session of somebody whom the configuration names."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """As the audit log says it."""
        return f"user {self.user_id}"


async def _admit(request: Request) -> Administrator:
    found = await find_session(request)
    if not await request.kernel.db.read(people.is_administrator, request.kernel, found.user_id):
        raise Gate("insufficient permissions")
    return Administrator(found.user_id, found.app, found.token_hash, found.token, found.created_at, found.last_used_at)


@guard("X-Auth-Token")
async def administrator(request: Request) -> Administrator:
    """A session of an administrator in any app; 401 for everybody else, as museum has it."""
    return await _admit(request)


@guard("X-Auth-Token", 400)
async def fresh_administrator(request: Request) -> Administrator:
    """The same, logged in within the last ten minutes; the CLI knows the refusal by its words."""
    found = await _admit(request)
    if found.created_at < request.kernel.clock.now() - FRESH:
        raise CodedBadRequest("Token is too old")
    return found
