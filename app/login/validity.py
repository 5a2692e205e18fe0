"""The one route that every app asks first and that asks for nothing but what lies beside the session (accounts.md §5.5)."""

from __future__ import annotations

from ..http import auth
from ..http.request import Request
from . import queries
from .wire import Validity


@auth.guard("X-Auth-Token")
async def validity(request: Request) -> Validity:
    """Whether the account of a valid session has keys, and which: session and keys in one statement. 401 as `auth.session`."""
    token, hashed = auth.presented(request)
    row, keys = await request.kernel.db.read(queries.session_and_keys, hashed)
    auth.admit(request, token, hashed, row)
    return Validity(has_set_keys=keys is not None, key_attributes=keys)


async def told(found: Validity) -> Validity:
    """What the guard has found."""
    return found
