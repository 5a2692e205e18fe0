"""From a credential to an actor. A guard's type fixes what the handlers behind it receive.

Tokens are looked up by hash on every request (17 µs on SQLite) and never cached: revoked means that the next request fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..kernel import sessions
from ..kernel.access import Account, Session
from ..kernel.crypto import token_hash
from ..kernel.errors import Gate, Gone
from .request import Request

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Guard(Generic[A]):
    """Who may call a route. `credential`: the header that proves it, as the API description names it; None where nobody is asked. `statuses`: of
    its refusals, beside the 401 of who has none."""

    check: Callable[[Request], Awaitable[A]]
    name: str
    credential: str | None
    statuses: tuple[int, ...] = ()

    async def __call__(self, request: Request) -> A:
        return await self.check(request)


def guard(credential: str | None, *statuses: int) -> Callable[[Callable[[Request], Awaitable[A]]], Guard[A]]:
    """Make a guard of `async def name(request) -> actor`, which raises `Gate` where the actor may not come in."""

    def make(check: Callable[[Request], Awaitable[A]]) -> Guard[A]:
        return Guard(check, getattr(check, "__name__", "guard"), credential, statuses)

    return make


@guard(None)
async def anyone(request: Request) -> None:
    """No credential needed."""


def credential(request: Request) -> str:
    """X-Auth-Token, else the query parameter `token`; the header wins (accounts.md §2.2)."""
    return request.header(b"x-auth-token") or request.query.get("token", "")


@guard("X-Auth-Token")
async def session(request: Request) -> Session:
    """A logged-in person in the app of this request; 401 `{"error"}` otherwise."""
    return await find_session(request)


async def find_session(request: Request) -> Session:
    """What the guard `session` does."""
    token, hashed = presented(request)
    return admit(request, token, hashed, await request.kernel.db.read(sessions.find, hashed))


def presented(request: Request) -> tuple[str, bytes]:
    """(token, its hash) of a request; 401 without one."""
    token = credential(request)
    if not token:
        raise Gate("missing token")
    return token, token_hash(token)


def admit(request: Request, token: str, hashed: bytes, row: sessions.SessionRow | None) -> Session:
    """The session of a token whose row was looked up; 401 for none, for another app's, for one that lay idle for a year."""
    if row is None or row[1] != request.app:
        raise Gate("invalid token")
    now = request.kernel.clock.now()
    if row[3] < now - sessions.IDLE_LIMIT:
        raise Gate("token expired")
    found = Session(row[0], request.app, hashed, token, row[2], row[3])
    request.kernel.last_used.note(found, now, request.client_ip, request.header(b"user-agent"))
    return found


@guard("X-Auth-Token", 403)
async def storage(request: Request) -> Session:
    """A session of an app that stores files: the Auth app is refused (accounts.md §2.1)."""
    found = await find_session(request)
    if found.app == "auth":
        raise Gate("invalid app for endpoint", status=403)
    return found


# --- signed tokens for one purpose (accounts.md §2.4), in the place of a session's
async def scoped(request: Request, scope: str) -> Account:
    """The person of a token of this scope; 401 `{"error"}`, and 410 once the account was deleted: such a token cannot be taken back."""
    token = credential(request)
    if not token:
        raise Gate("missing token")
    claims = request.kernel.crypto.read_jwt(token, scope=scope, now=request.kernel.clock.now())
    user_id = None if claims is None else claims.get("userID")
    if not isinstance(user_id, int):
        raise Gate("invalid token")
    if not await request.kernel.db.read(sessions.has_account, user_id):
        raise Gone(log=f"a token of account {user_id}, which was deleted")
    return Account(user_id, request.app)


@guard("X-Auth-Token")
async def accounts_page(request: Request) -> Account:
    """The accounts app: a token of `GET /users/accounts-token`, good for half an hour."""
    return await scoped(request, "ACCOUNTS")


@guard("X-Auth-Token")
async def payment_page(request: Request) -> Account:
    """The payments app: a token of `GET /users/payment-token`, good for a day."""
    return await scoped(request, "PAYMENT")


@guard("X-Auth-Token")
async def family_page(request: Request) -> Account:
    """A session of any app, or a token of `GET /users/families-token`: told apart by the dot in the latter."""
    if "." in credential(request):
        return await scoped(request, "FAMILIES")
    found = await find_session(request)
    return Account(found.user_id, found.app)


AnyGuard = Guard[Any]
