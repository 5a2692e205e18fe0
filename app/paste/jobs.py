"""Pastes that nobody read go when their day is over."""

from __future__ import annotations

from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import queries


async def expire(kernel: Kernel) -> None:
    await kernel.db.write("paste.expire", queries.delete_expired, kernel.clock.now())


JOBS = (Job("paste.expire", 600, expire),)
