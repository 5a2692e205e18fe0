"""What operators do with stores (`darkroom storage …`): they write a word or begin a pass, and background jobs do the work, so that whoever
asked may go away at any moment. Arguments and results are JSON values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..db import Tx
from ..kernel import identity
from ..kernel.errors import AppError, CodedBadRequest
from ..kernel.parts import Kernel
from ..kernel.tiers import ACTIVE, DRAINING, RETIRED
from . import copy_queries as queries
from . import copying, sweeps, watch
from .copy_queries import GOOD, Sweep

Json = dict[str, Any]
DEAD_SHOWN = 20


def _refused(text: str) -> AppError:
    return CodedBadRequest(text, log=text)


def _known(kernel: Kernel, name: str) -> None:
    if name not in kernel.stores:
        raise _refused(f"no [[storage]] is named {name} in the configuration; there are {', '.join(kernel.stores)}")


async def status(kernel: Kernel) -> Json:
    """Stores, copies and passes: `{"copies", "stores": […], "sweeps": […], "dead": […]}`."""
    figures = await kernel.db.scan(_figures)
    for tier in kernel.tiers.all.values():
        if tier.checked_at + watch.EVERY <= kernel.clock.now():
            await watch.try_one(kernel, tier)
    return {
        "copies": kernel.config.tiers.copies,
        "stores": [_store(kernel, name, figures) for name in [*kernel.stores, *sorted(figures["in"].keys() - kernel.stores.keys())]],
        "sweeps": [_sweep(s, figures["last"]) for s in figures["sweeps"]],
        "dead": [{"key": key, "store": store, "problem": problem} for key, store, problem in figures["dead"]],
    }


def _figures(tx: Tx) -> Json:
    return {
        "in": queries.in_stores(tx),
        "states": queries.states(tx),
        "said": queries.said(tx),
        "sweeps": queries.sweeps(tx),
        "last": queries.last_id(tx),
        "dead": queries.dead(tx, DEAD_SHOWN),
    }


def _store(kernel: Kernel, name: str, figures: Mapping[str, Any]) -> Json:
    tier, store = kernel.tiers.all.get(name), kernel.stores.get(name)
    objects, size = figures["in"].get(name, (0, 0))
    states = figures["states"]
    return {
        "name": name,
        "kind": "not in the configuration" if store is None else store.kind,
        "role": "" if tier is None else tier.settings.role,
        "state": figures["said"].get(name, ACTIVE),
        "health": "unknown" if tier is None else ("down" if tier.failures else "ok"),
        "problem": "" if tier is None else tier.problem,
        "objects": objects,
        "bytes": size,
        "free": None if tier is None else tier.free,
        "quota": None if tier is None else tier.settings.quota,
        "verified": sum(states.get((name, s), 0) for s in GOOD),
        "waiting": states.get((name, "pending"), 0),
        "leaving": states.get((name, "leaving"), 0) + states.get((name, "deleting"), 0),
        "dead": states.get((name, "dead"), 0),
    }


def _sweep(s: Sweep, last: int) -> Json:
    return {
        "name": s.name,
        "kind": s.kind,
        "done": s.finished_at is not None,
        "progress": 1.0 if s.finished_at is not None else min(1.0, s.cursor / last if last else 0.0),
        "objects": s.objects,
        "bytes": s.bytes,
        "problems": s.problems,
        "started": s.started_at,
        "finished": s.finished_at,
    }


async def add(kernel: Kernel, name: str) -> str:
    """Take a store into use (again); it gets the copies it should have."""
    _known(kernel, name)
    try:
        await kernel.stores[name].check()
    except Exception as e:
        raise _refused(f"store {name} cannot be written: {e}") from e
    await _say(kernel, name, ACTIVE)
    return f"store {name} is in use as {kernel.tiers.all[name].settings.role}"


async def drain(kernel: Kernel, name: str) -> str:
    """Move everything out of a store; new objects go elsewhere from now on."""
    _known(kernel, name)
    others = [t for t in kernel.tiers.all.values() if t.name != name and t.settings.role == "primary"]
    said = await kernel.db.read(queries.said)
    if not [t for t in others if said.get(t.name, ACTIVE) == ACTIVE]:
        raise _refused(f"no other primary store is in use, so the objects of {name} have nowhere to go; add one to the configuration first")
    await _say(kernel, name, DRAINING)
    return f"store {name} is being drained; `darkroom storage status` shows what is left, `darkroom storage add {name}` changes your mind"


async def retire(kernel: Kernel, name: str) -> str:
    """Say that a store is no longer used; only when nothing lies in it."""
    held = (await kernel.db.scan(queries.in_stores)).get(name, (0, 0))[0]
    waiting = sum(n for (store, state), n in (await kernel.db.scan(queries.states)).items() if store == name and state != "dead")
    if held or waiting:
        raise _refused(f"{max(held, waiting)} objects lie in store {name}; `darkroom storage drain {name}` moves them away")
    await kernel.db.write("storage.retire", _retire, name, kernel.clock.now())
    await watch.watch(kernel)
    return f"store {name} is retired; take its [[storage]] out of the configuration at the next restart"


def _retire(tx: Tx, name: str, now: int) -> None:
    queries.say(tx, name, RETIRED, now)


async def _say(kernel: Kernel, name: str, state: str) -> None:
    await kernel.db.write("storage.say", queries.say, name, state, kernel.clock.now())
    await watch.watch(kernel)
    await sweeps.run_plan(kernel)


async def resync(kernel: Kernel, name: str) -> str:
    """Ask a store for every object it should have; what is missing is copied there again."""
    return await _begin(kernel, f"resync {name}", sweeps.RESYNC, name)


async def verify(kernel: Kernel, name: str) -> str:
    """Read every object of a store and compare it; what is wrong is mended from another one."""
    return await _begin(kernel, f"verify {name}", sweeps.VERIFY, name)


async def move(kernel: Kernel, name: str, target: str) -> str:
    """Make another store the home of a store's objects. The store stays in use for new ones; `drain` ends that too."""
    _known(kernel, target)
    if name == target:
        raise _refused("from a store to itself")
    return await _begin(kernel, f"move {name} {target}", sweeps.MOVE, name, target)


async def _begin(kernel: Kernel, sweep: str, kind: str, name: str, target: str = "") -> str:
    """Begin a pass; one that is under way goes on."""
    if kind != sweeps.MOVE:
        _known(kernel, name)
    found = await kernel.db.read(queries.sweep, sweep)
    if found is None or found.finished_at is not None:
        await kernel.db.write("storage.begin", queries.begin_sweep, sweep, kind, name, target, kernel.clock.now())
        return f"{sweep}: begun"
    return f"{sweep}: goes on"


async def work(kernel: Kernel, seconds: float = 2.0) -> Json:
    """Work at what is queued for a while: for commands where no server runs, and harmless where one does. Then `status`."""
    await identity.set_aside(kernel)
    await sweeps.run_plan(kernel)
    await sweeps.run_passes(kernel, seconds=seconds / 2)
    await copying.run(kernel, seconds=seconds / 2)
    return await status(kernel)
