"""What memories showed is forgotten when they are over; their rows stay, so that a link says that it is."""

from __future__ import annotations

from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import queries
from .service import LIFETIME


async def forget(kernel: Kernel) -> None:
    await kernel.db.write("memories.forget", queries.forget_files, kernel.clock.now() - LIFETIME)


JOBS = (Job("memories.forget", 86_400, forget),)
