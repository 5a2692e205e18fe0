"""Codes that nobody answered within an hour, and sessions that no TV used for a week, go."""

from __future__ import annotations

from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import queries
from .service import CODE_LIFETIME, SESSION_LIFETIME


async def expire(kernel: Kernel) -> None:
    now = kernel.clock.now()
    await kernel.db.write("cast.expire", queries.delete_expired, now - CODE_LIFETIME, now - SESSION_LIFETIME)


JOBS = (Job("cast.expire", 2700, expire),)
