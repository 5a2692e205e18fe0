"""The list of a person's sessions and how they end (accounts.md §5.6). Ended means that the next request fails."""

from __future__ import annotations

from ..http.query import Query
from ..kernel import sessions
from ..kernel.access import Session
from ..kernel.crypto import token_hash
from ..kernel.errors import NotFound
from ..kernel.parts import Kernel
from . import user_agent
from .wire import EndedSessions, ListedSession, SessionList


async def listed(kernel: Kernel, actor: Session) -> SessionList:
    """Sessions of the request's app. Only the caller's own is listed by its token (clients mark it as "this device"), others by handle."""
    rows = await kernel.db.scan(sessions.listed, actor.user_id, actor.app)
    return SessionList(sessions=[_listed(row, actor) for row in rows])


def _listed(row: sessions.StoredSession, actor: Session) -> ListedSession:
    return ListedSession(
        id=row.handle,
        token=actor.token if row.token_hash == actor.token_hash else row.handle,
        creation_time=row.created_at,
        ip=row.ip or "Unknown IP",
        ua=row.user_agent or user_agent.UNKNOWN,
        pretty_ua=user_agent.pretty(row.user_agent),
        last_used_time=row.last_used_at,
    )


class Named(Query):
    """Which session to end: its token or its handle. An unknown one is no error, so neither is none."""

    token: str = ""


async def end(kernel: Kernel, actor: Session, query: Named) -> None:
    """End one of the caller's sessions, in any app."""
    await _end(kernel, actor, query.token)


async def end_one(kernel: Kernel, actor: Session, id: str) -> None:
    """End one of the caller's sessions, in any app, by its id in the list; 404 for an unknown one."""
    if not await kernel.db.write("login.end_session", sessions.end, actor.user_id, b"", id):
        raise NotFound(log="no such session")


async def end_others(kernel: Kernel, actor: Session) -> EndedSessions:
    """End all of the caller's sessions, in every app, but the one that asks."""
    return EndedSessions(ended=await kernel.db.write("login.end_others", sessions.end_all, actor.user_id, actor.token_hash))


async def log_out(kernel: Kernel, actor: Session) -> None:
    """End the session that asks."""
    await _end(kernel, actor, actor.token)


async def _end(kernel: Kernel, actor: Session, named: str) -> None:
    await kernel.db.write("login.end_session", sessions.end, actor.user_id, token_hash(named), named)
