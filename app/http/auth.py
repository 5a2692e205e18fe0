"""From a credential to an actor. A guard is a function `Call -> actor`; its type fixes what the route's handler receives.

Tokens are looked up by hash on every request (17 µs on SQLite) and never cached: revoked means that the next request fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..access import Session
from ..clock import DAY, MINUTE
from ..crypto import token_hash
from ..db import Tx
from ..errors import Gate
from .call import Call

A = TypeVar("A")
Guard = Callable[[Call], Awaitable[A]]
IDLE_LIMIT = 365 * DAY  # accounts.md §2.3
SessionRow = tuple[int, str, int, int]  # user id, app, created at, last used at


def find_session(tx: Tx, hashed: bytes) -> SessionRow | None:
    """(user id, app, created at, last used at) of a token's hash."""
    row = tx.one("SELECT user_id, app, created_at, last_used_at FROM sessions WHERE token_hash = :hashed", hashed=hashed)
    return None if row is None else (row[0], row[1], row[2], row[3])


def touch_sessions(tx: Tx, seen: list[tuple[str, int, str, str]]) -> None:
    """Record (token hash as hex, µs, address, user agent) of tokens that were used."""
    for hashed, at, ip, agent in seen:
        tx.run(
            "UPDATE sessions SET last_used_at = :at, ip = :ip, user_agent = :agent WHERE token_hash = :hashed",
            hashed=bytes.fromhex(hashed),
            at=at,
            ip=ip,
            agent=agent,
        )


class Touches:
    """Tokens seen since the last flush: `last_used_at` moves at most once a minute per token, and never in the request's way."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str, str]] = {}

    def note(self, call: Call, session: Session, now: int) -> None:
        if now - session.last_used_at > MINUTE:
            self._seen.setdefault(session.token_hash.hex(), (now, call.client_ip, call.header(b"user-agent")[:512]))

    def take(self) -> list[tuple[str, int, str, str]]:
        seen, self._seen = self._seen, {}
        return [(h, *rest) for h, rest in seen.items()]


def credential(call: Call) -> str:
    """X-Auth-Token, else the query parameter `token`; the header wins (accounts.md §2.2)."""
    return call.header(b"x-auth-token") or call.query.get("token", "")


async def anyone(call: Call) -> None:
    """No credential needed."""


async def session(call: Call) -> Session:
    """A logged-in person in the app of this request; 401 `{"error"}` otherwise."""
    token, hashed = presented(call)
    return admit(call, token, hashed, await call.kernel.db.read(find_session, hashed))


def presented(call: Call) -> tuple[str, bytes]:
    """(token, its hash) of a request; 401 without one."""
    token = credential(call)
    if not token:
        raise Gate("missing token")
    return token, token_hash(token)


def admit(call: Call, token: str, hashed: bytes, row: SessionRow | None) -> Session:
    """The session of a token whose row was looked up; 401 for none, for another app's, for one that lay idle for a year."""
    if row is None or row[1] != call.app:
        raise Gate("invalid token")
    now = call.kernel.clock.now()
    if row[3] < now - IDLE_LIMIT:
        raise Gate("token expired")
    found = Session(row[0], call.app, hashed, token, row[2], row[3])
    call.kernel.touches.note(call, found, now)
    return found


async def storage(call: Call) -> Session:
    """A session of an app that stores files: the Auth app is refused (accounts.md §2.1)."""
    found = await session(call)
    if found.app == "auth":
        raise Gate("invalid app for endpoint", status=403)
    return found
