"""What runs by itself."""

from __future__ import annotations

from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import copying, sweeps, watch


async def copies(kernel: Kernel) -> None:
    """Plan for what is new, then copy, mend and remove what is due."""
    await sweeps.run_plan(kernel)
    await copying.run(kernel)


async def passes(kernel: Kernel) -> None:
    await sweeps.run_passes(kernel)


JOBS = (
    Job("storage.watch", 15, watch.watch, everywhere=True),
    Job("storage.copies", 5, copies),
    Job("storage.passes", 30, passes),
)
