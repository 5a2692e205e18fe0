"""Log-in, and what a person may change about it (`/auth`, `/users`)."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ..library.api_keys import ApiKey
from ..serving.access import presented
from ..serving.bridge import Bridge
from ..serving.face import ANYONE
from . import PREFIX, wire
from .access import ACCOUNT, READ, Everyone, Me

Ask = Request[ApiKey, Any, State]


def _peer(request: Ask) -> str:
    return request.client.host if request.client else ""


@post(f"{PREFIX}/auth/register", permission=ANYONE, status_code=201, request_max_body_size=wire.SMALL)
async def register(data: JSONBody[wire.Register], people: Everyone) -> dict[str, Any]:
    return (await people.register(data)).whole()


@post(f"{PREFIX}/auth/login", permission=ANYONE, status_code=200, request_max_body_size=wire.SMALL)
async def login(data: JSONBody[wire.Login], request: Ask, people: Everyone) -> dict[str, Any]:
    token, person = await people.log_in(data, _peer(request))
    return {"access_token": token, "token_type": "bearer", "user": person.short()}


@get(f"{PREFIX}/auth/me", sync_to_thread=False, **READ)
def auth_me(me: Me) -> dict[str, Any]:
    return me.whole()


@post(f"{PREFIX}/auth/logout", sync_to_thread=False, **READ)
def logout(request: Ask, bridge: NamedDependency[Bridge], me: Me) -> dict[str, Any]:
    """The session is over; a key is no session and stays."""
    bridge.keys.end(presented(request)[0])
    return {"message": "Successfully logged out"}


@get(f"{PREFIX}/users/me", sync_to_thread=False, **READ)
def users_me(me: Me) -> dict[str, Any]:
    return me.whole()


@put(f"{PREFIX}/users/me", request_max_body_size=wire.SMALL, **ACCOUNT)
async def change(data: JSONBody[wire.Profile], people: Everyone, me: Me) -> dict[str, Any]:
    """Name and address that this face shows. How the account itself is called is changed in Ente's apps."""
    return (await people.change(me, data)).whole()


@post(f"{PREFIX}/users/me/change-password", request_max_body_size=wire.SMALL, **ACCOUNT)
async def change_password(data: JSONBody[wire.ChangePassword], request: Ask, people: Everyone, me: Me) -> dict[str, Any]:
    await people.change_password(me, data, _peer(request))
    return {"message": "Password changed successfully"}


@delete(f"{PREFIX}/users/me", **ACCOUNT)
async def leave(people: Everyone, me: Me) -> dict[str, Any]:
    await people.leave(me)
    return {"message": "Account deactivated successfully"}


HANDLERS = [register, login, auth_me, logout, users_me, change, change_password, leave]
