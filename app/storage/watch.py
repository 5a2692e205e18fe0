"""Each process's own look at its stores: whether they answer, what is free, what the operator said. Only where there are several."""

from __future__ import annotations

import asyncio
import logging

from storage_backends import StoreError, Unavailable

from ..kernel.clock import MINUTE
from ..kernel.parts import Kernel
from ..kernel.tiers import ACTIVE, Tier
from . import copy_queries as queries

log = logging.getLogger("darkroom.storage")

EVERY = MINUTE  # a store that works is tried so often; one that does not, when its wait is over
COUNTED = 5 * MINUTE
PATIENCE = 10.0  # seconds
_counted = "used"  # in `kernel.health`


async def watch(kernel: Kernel) -> None:
    """Look at every store whose turn it is."""
    if kernel.tiers.single:
        return
    said = await kernel.db.read(queries.said)
    now = kernel.clock.now()
    for tier in kernel.tiers.all.values():
        tier.state = said.get(tier.name, ACTIVE)
    await _count(kernel, now)
    due = [t for t in kernel.tiers.all.values() if (t.down_until <= now if t.failures else t.checked_at + EVERY <= now)]
    await asyncio.gather(*(try_one(kernel, tier) for tier in due))


async def try_one(kernel: Kernel, tier: Tier) -> None:
    store = kernel.stores[tier.name]
    tier.checked_at = kernel.clock.now()
    try:
        async with asyncio.timeout(PATIENCE):
            await store.check()
            tier.free = await store.free_bytes()
    except TimeoutError:
        kernel.tiers.failed(tier.name, Unavailable(f"no answer within {PATIENCE:.0f} s"))
    except StoreError as e:
        kernel.tiers.failed(tier.name, e)
    else:
        kernel.tiers.worked(tier.name)


async def _count(kernel: Kernel, now: int) -> None:
    """What the quotas of stores are compared with."""
    if not any(t.settings.quota for t in kernel.tiers.all.values()) or kernel.health.get(_counted, (0, ""))[0] + COUNTED > now:
        return
    kernel.health[_counted] = (now, "counted")
    found = await kernel.db.scan(queries.in_stores)
    for tier in kernel.tiers.all.values():
        tier.used = found.get(tier.name, (0, 0))[1]
