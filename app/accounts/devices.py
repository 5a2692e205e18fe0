"""The list of a person's sessions and how they end (accounts.md §5.6). Ended means that the next request fails."""

from __future__ import annotations

from ..kernel.access import Session
from ..kernel.crypto import token_hash
from ..kernel.parts import Kernel
from . import queries, user_agent
from .wire import Device, Devices


async def sessions(kernel: Kernel, actor: Session) -> Devices:
    """Sessions of the request's app. Only the caller's own is listed by its token (clients mark it as "this device"), others by handle."""
    rows = await kernel.db.scan(queries.sessions, actor.user_id, actor.app)
    return Devices(sessions=[_device(row, actor) for row in rows])


def _device(row: queries.StoredSession, actor: Session) -> Device:
    return Device(
        token=actor.token if row.token_hash == actor.token_hash else row.handle,
        creation_time=row.created_at,
        ip=row.ip or "Unknown IP",
        ua=row.user_agent or user_agent.UNKNOWN,
        pretty_ua=user_agent.pretty(row.user_agent),
        last_used_time=row.last_used_at,
    )


async def end(kernel: Kernel, actor: Session, named: str) -> None:
    """End one of the caller's sessions, in any app, named by its token or handle; an unknown one is no error."""
    await kernel.db.write("accounts.end_session", queries.end_session, actor.user_id, token_hash(named), named)


async def log_out(kernel: Kernel, actor: Session) -> None:
    await end(kernel, actor, actor.token)
