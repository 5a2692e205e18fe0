"""Passes over all objects in the order of their ids: what is to be copied or moved, and reading everything now and then.

A pass is a row with a cursor, so whoever is killed is followed by the next process at the same place. Objects are looked at in batches under
a lease, one process a pass.
"""

from __future__ import annotations

import asyncio
import json
import logging

from storage_backends import StoreError

from ..db import Tx
from ..kernel.clock import DAY, HOUR, MINUTE, SECOND
from ..kernel.jobs import take_lease
from ..kernel.pace import Pace
from ..kernel.parts import Kernel
from . import copy_queries as queries
from . import planning
from .checking import look
from .copy_queries import GOOD, Facts, Sweep
from .copying import UNCOMMITTED_WAIT

log = logging.getLogger("darkroom.storage")

PLAN, SCRUB, VERIFY, RESYNC, MOVE = "plan", "scrub", "verify", "resync", "move"
BATCH = 100
LISTED = 1000
LAG = 30 * SECOND  # numbers of objects become visible out of order for so long, and most uploads are committed by then
LEASE = 2 * MINUTE
SLICE = 60.0  # seconds until a job lets others have the lease
EASE = 0.9  # of a scrub's period: then it should be done


async def run_plan(kernel: Kernel) -> None:
    """Decide for every object, new ones first come: from the beginning when stores or wishes have changed, and once a day."""
    if kernel.tiers.single and not await kernel.db.read(queries.sweep, PLAN):
        return
    while await kernel.db.write("storage.plan", _plan, kernel):
        pass


def _plan(tx: Tx, kernel: Kernel) -> bool:
    """One batch; whether there may be more."""
    now = kernel.clock.now()
    view = planning.view(kernel, queries.said(tx))
    wishes, was = fingerprint(kernel, view), queries.sweep(tx, PLAN)
    if was is None or was.target != wishes:
        queries.begin_sweep(tx, PLAN, PLAN, "", wishes, now)
        was = queries.sweep(tx, PLAN)
        assert was is not None
    page = [f for f in queries.locked_page(tx, was.cursor, BATCH) if f.created_at <= now - LAG]
    if not page:
        if was.started_at + DAY <= now and was.cursor:
            queries.begin_sweep(tx, PLAN, PLAN, "", wishes, now)
        return False
    for f in page:
        _plan_one(tx, view, f)
    queries.advance(tx, was, page[-1].object_id, len(page), sum(f.size for f in page), 0)
    return True


def _plan_one(tx: Tx, view: planning.View, f: Facts) -> None:
    """Of what is no file's yet only what will be wanted is written down, for later: this pass does not come back to it."""
    changes = planning.decide(view, f)
    if f.state == "stored":
        planning.apply(tx, view, f, changes)
    elif f.state != "deleting":
        for change in changes:
            if change.act.startswith("want"):
                queries.want(tx, f.object_id, change.store, view.now + UNCOMMITTED_WAIT, takes_home=change.act == "want home")


def fingerprint(kernel: Kernel, view: planning.View) -> str:
    """Everything of the configuration and the operator's word that decides where objects should be."""
    stores = [(t.name, t.state, t.settings.role, t.settings.min_object, t.settings.max_object) for t in view.tiers]
    return json.dumps([stores, view.copies, kernel.config.tiers.archive_after_days])


# --- passes that look at bytes
async def run_passes(kernel: Kernel, *, seconds: float = SLICE) -> None:
    """Go on with every pass that is not finished, and begin the scrub when it is time."""
    await _begin_scrub(kernel)
    pace = Pace(kernel.config.tiers.rate)
    holder, until = kernel.ids.uuid(), asyncio.get_running_loop().time() + seconds
    for sweep in await kernel.db.scan(queries.sweeps):
        if sweep.kind != PLAN and sweep.finished_at is None:
            await _go_on(kernel, sweep.name, pace, holder, until)


async def _begin_scrub(kernel: Kernel) -> None:
    now, period = kernel.clock.now(), kernel.config.tiers.scrub_days * DAY
    was = await kernel.db.read(queries.sweep, SCRUB)
    if period and (was is None or (was.finished_at is not None and was.started_at + period <= now)):
        await kernel.db.write("storage.begin", queries.begin_sweep, SCRUB, SCRUB, "", "", now)


async def _go_on(kernel: Kernel, name: str, pace: Pace, holder: str, until: float) -> None:
    lease = f"storage {name}"
    while asyncio.get_running_loop().time() < until:
        now = kernel.clock.now()
        if not await kernel.db.write("storage.lease", take_lease, lease, holder, now, now + LEASE):
            return
        if not await step(kernel, name, pace):
            break
    await kernel.db.write("storage.lease", take_lease, lease, holder, kernel.clock.now(), kernel.clock.now())


async def step(kernel: Kernel, name: str, pace: Pace) -> bool:
    """One batch of a pass; whether there is more to do now."""
    sweep = await kernel.db.read(queries.sweep, name)
    if sweep is None or sweep.finished_at is not None or (sweep.kind == SCRUB and await _ahead(kernel, sweep)):
        return False
    page = await kernel.db.scan(queries.page, sweep.cursor, BATCH if sweep.kind == MOVE else BATCH // 5)
    if not page:
        if sweep.kind == RESYNC:
            await _misplaced(kernel, sweep.store)
        await kernel.db.write("storage.finish", queries.finish_sweep, sweep, kernel.clock.now())
        log.info("%s: done, %d objects, %d bytes, %d problems", name, sweep.objects, sweep.bytes, sweep.problems)
        return False
    seen = size = bad = 0
    for f in page:
        problems = await _one(kernel, sweep, f, pace) if f.state == "stored" else None
        if problems is not None:
            seen, size, bad = seen + 1, size + f.size, bad + problems
    await kernel.db.write("storage.advance", queries.advance, sweep, page[-1].object_id, seen, size, bad)
    return True


async def _ahead(kernel: Kernel, sweep: Sweep) -> bool:
    """Whether the scrub is further than the clock: its reading is spread over the period."""
    last = await kernel.db.read(queries.last_id)
    due = (kernel.clock.now() - sweep.started_at) / (kernel.config.tiers.scrub_days * DAY * EASE or 1)
    return sweep.cursor > due * last


async def _one(kernel: Kernel, sweep: Sweep, f: Facts, pace: Pace) -> int | None:
    """Problems found with one object, None when it is none of this pass's."""
    if sweep.kind == SCRUB:
        return sum([await check(kernel, f, store, pace) for store in f.good])
    if sweep.kind == MOVE:
        return await kernel.db.write("storage.move", _move, kernel, f.object_id, sweep) if f.home == sweep.store else None
    held = sweep.store == f.home or sweep.store in f.copies
    if not held:
        return None
    if sweep.kind == VERIFY:
        return await check(kernel, f, sweep.store, pace) if sweep.store in f.good else 1
    return await _resync(kernel, f, sweep.store)


async def check(kernel: Kernel, f: Facts, name: str, pace: Pace) -> int:
    """Read an object in one store; what is wrong is queued to be mended. 1 for a problem."""
    store = kernel.stores.get(name)
    if store is None:
        return 1
    try:
        verdict = await look(store, f, pace)
        problem = verdict.problem
    except StoreError as e:
        kernel.tiers.failed(name, e)
        if not await _answers(kernel, name):  # the store, not the object: nothing is known of this one
            return 1
        problem = e.log
    if problem:
        log.error("%s in store %s: %s", f.key, name, problem)
        await kernel.db.write("storage.doubt", queries.want, f.object_id, name, kernel.clock.now(), problem=problem)
        return 1
    await kernel.db.write("storage.verified", queries.verified, f.object_id, name, verdict.digest, kernel.clock.now())
    return 0


async def _answers(kernel: Kernel, name: str) -> bool:
    try:
        await kernel.stores[name].check()
    except StoreError:
        return False
    return True


async def _resync(kernel: Kernel, f: Facts, name: str) -> int:
    """Compare what the store has with what it should have; given-up copies get another chance."""
    try:
        head = await kernel.stores[name].head(f.key)
    except (StoreError, KeyError):
        return 1
    fine = head is not None and head.size == f.size
    if fine and name in f.good:
        return 0
    if not (name in f.copies and f.copies[name].state in ("deleting", "pending")):
        problem = "" if fine else "the store did not have it"
        takes_home = name in f.copies and f.copies[name].takes_home
        await kernel.db.write("storage.resync", queries.want, f.object_id, name, kernel.clock.now(), takes_home=takes_home, problem=problem)
    return 0 if fine else 1


async def _misplaced(kernel: Kernel, name: str) -> None:
    """What lies in a store and belongs elsewhere goes: of uploads that failed here after their bytes had come, and were sent again to another.
    What no row knows at all is `darkroom fsck`'s."""
    settled, keys = kernel.clock.now() - HOUR, list[str]()
    try:
        async for info in kernel.stores[name].list():
            if info.modified_us < settled:
                keys.append(info.key)
            if len(keys) == LISTED:
                await kernel.db.write("storage.misplaced", _discard, name, keys, kernel.clock.now())
                keys = []
    except StoreError as e:
        log.warning("store %s cannot be listed: %s", name, e.log)
    await kernel.db.write("storage.misplaced", _discard, name, keys, kernel.clock.now())


def _discard(tx: Tx, name: str, keys: list[str], now: int) -> None:
    for key in queries.misplaced(tx, name, keys) if keys else ():
        queries.discard(tx, key, name, now)


def _move(tx: Tx, kernel: Kernel, object_id: int, sweep: Sweep) -> int:
    f = queries.facts(tx, object_id, lock=True)
    tier = kernel.tiers.all.get(sweep.target)
    if f is None or f.state != "stored" or f.home != sweep.store:
        return 0
    if tier is None or not tier.takes(f.size):
        return 1
    if sweep.target in f.copies and f.copies[sweep.target].state in GOOD:
        planning.rehome(tx, f, sweep.target)
        planning.replan(tx, planning.view(kernel, queries.said(tx)), object_id)
    else:
        queries.want(tx, object_id, sweep.target, kernel.clock.now(), takes_home=True)
    return 0
