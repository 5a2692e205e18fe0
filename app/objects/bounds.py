"""What an account has deleted and what is arriving for it: neither is in its quota, and both have a bound.

Deleted bytes wait for the end of their grace; beyond the bound the oldest go at once. While nothing may go (a backup is being made) the account
can delete on, but what it stores anew has to fit beside what is too much (`quota.excess`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..db import Tx
from ..http.body import IncomingBody
from ..kernel import quota
from ..kernel.config import Config
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from . import deletion, queries
from .refusals import Refusal

BATCH = 1000
UNASKED = 64 << 20
"""Bytes that may be arriving for an account without its limit being looked up."""


async def shed(kernel: Kernel, owner_id: int) -> None:
    """Remove the oldest of what an account has deleted, as far as it is too much; after the transaction that let go of something."""
    while ids := await kernel.db.write("objects.shed", _shed, kernel.config, owner_id, kernel.clock.now()):
        if not await deletion.delete(kernel, ids) or len(ids) < BATCH:
            return


def _shed(tx: Tx, config: Config, owner_id: int, now: int) -> list[int]:
    """The deletions that are due from now on, because all that wait are too much. None while nothing may go."""
    limit = quota.deleted_limit(config, quota.plan(tx, config, owner_id).limit)
    over = queries.held(tx, owner_id, now) - limit if limit < quota.UNLIMITED else 0
    if over <= 0:
        return []
    go: list[int] = []
    for object_id, size in queries.waiting(tx, owner_id, now, BATCH):
        if over <= 0:
            break
        go.append(object_id)
        over -= size
    queries.hasten(tx, go, now)
    return go


async def sweep(kernel: Kernel) -> None:
    """What requests did not come to: nobody asks who let go of what in the background."""
    for owner_id in await kernel.db.scan(_above, kernel.config, kernel.clock.now()):
        await shed(kernel, owner_id)


def _above(tx: Tx, config: Config, now: int) -> list[int]:
    """Accounts that have too much waiting."""
    found = queries.holders(tx, now)
    return [owner_id for owner_id, size in found if size > quota.deleted_limit(config, quota.plan(tx, config, owner_id).limit)]


# --- what is arriving
@contextmanager
def arriving(kernel: Kernel, owner_id: int, body: IncomingBody, limit: int) -> Iterator[None]:
    """While a body is being written: its bytes, as announced or as they come, are on its owner's account; 503 beyond `limit`, one always fits.

    A URL can be used many times at once, and each of them writes bytes that no row has yet.
    """
    counted = 0

    def count(size: int) -> None:
        nonlocal counted
        others = kernel.arriving.get(owner_id, 0) - counted
        if others and others + counted + size > limit:
            raise Refusal(503, "SlowDown", "Too much at once. Please try again.", log=f"user {owner_id}: {others} bytes are arriving")
        counted += size
        kernel.arriving[owner_id] = others + counted

    before = body.must_go_on
    if body.announced is None:

        def as_it_comes() -> None:
            if before is not None:
                before()
            count(body.got - counted)

        body.must_go_on = as_it_comes
    try:
        count(body.announced or 0)
        yield
    finally:
        left = kernel.arriving.get(owner_id, 0) - counted
        if left > 0:
            kernel.arriving[owner_id] = left
        else:
            kernel.arriving.pop(owner_id, None)


async def arrivals(kernel: Kernel, owner_id: int, announced: int | None) -> int:
    """How many bytes may be arriving for an account at once."""
    if announced is not None and kernel.arriving.get(owner_id, 0) + announced <= UNASKED:
        return UNASKED
    return await kernel.db.read(_arrivals, kernel.config, owner_id)


def _arrivals(tx: Tx, config: Config, owner_id: int) -> int:
    return max(UNASKED, config.quota.pending or quota.plan(tx, config, owner_id).limit + config.quota.tolerance)


JOBS = (Job("objects.shed", 60, sweep),)
