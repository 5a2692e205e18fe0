"""What other features ask of stores: bytes from whichever has them, and where else an object's bytes lie when it goes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from storage_backends import NotFound, ObjectStore, StoreError, Unavailable

from ..db import Tx
from ..kernel.errors import AppError
from ..kernel.parts import Kernel
from . import copy_queries as queries

__all__ = ["discard", "doubt", "forget", "from_any", "others", "places", "whereabouts"]

T = TypeVar("T")
log = logging.getLogger("darkroom.storage")


async def from_any(kernel: Kernel, key: str, name: str, read: Callable[[ObjectStore], Awaitable[T]]) -> T:
    """What `read` gives of the store that should have a key, or, where that is down, fails or has lost it, of one that has a copy.

    The database is asked only then. `read` raises NotFound and Unavailable as stores do; the first trouble is raised when nobody helps.
    """
    first = kernel.stores.get(name, kernel.store)
    if kernel.tiers.single:
        return await read(first)
    trouble: StoreError | None = None
    if not kernel.tiers.is_down(first.name):
        try:
            return await read(first)
        except (NotFound, Unavailable) as e:
            kernel.tiers.failed(first.name, e)
            trouble = e
    found = await kernel.db.read(queries.places, key)
    names = [s for s in found if s in kernel.stores and not (trouble is not None and s == first.name)] or ([] if trouble else [first.name])
    for other in sorted(names, key=kernel.tiers.is_down):
        try:
            answer = await read(kernel.stores[other])
        except (NotFound, Unavailable) as e:
            kernel.tiers.failed(other, e)
            trouble = trouble or e
        else:
            if isinstance(trouble, NotFound) and first.name in found:
                await _doubt(kernel, key, first.name)
            return answer
    raise trouble or NotFound(f"{key}: no store has it")


async def _doubt(kernel: Kernel, key: str, store: str) -> None:
    """A store has lost what another had: have it mended. The reader has its answer whatever becomes of this."""
    try:
        await kernel.db.write("storage.doubt", _note_lost, key, store, kernel.clock.now())
    except AppError as e:
        log.warning("%s is lost in store %s, and that could not be noted: %s", key, store, e.log)


def _note_lost(tx: Tx, key: str, store: str, now: int) -> None:
    f = queries.by_key(tx, key)
    if f is not None and f.state == "stored" and store in f.good and len(f.good) > 1:
        log.warning("%s is lost in store %s; it will be copied there again", key, store)
        queries.want(tx, f.object_id, store, now, problem="the store had lost it when somebody wanted it")


def places(tx: Tx, key: str) -> list[str]:
    """Stores that should have good bytes of a key, home first."""
    return queries.places(tx, key)


def whereabouts(tx: Tx, object_ids: Collection[int]) -> dict[int, dict[str, bool]]:
    """object → store → whether good bytes should be there: what is known of its copies, and of its home once that was looked at."""
    found: dict[int, dict[str, bool]] = {}
    for object_id, store, state in queries.states_of(tx, object_ids):
        found.setdefault(object_id, {})[store] = state in queries.GOOD
    return found


def doubt(tx: Tx, object_id: int, store: str, now: int, problem: str) -> None:
    """A store does not have the good bytes that it should have: they are to be copied there from another one."""
    queries.want(tx, object_id, store, now, problem=problem)


def others(tx: Tx, object_ids: Collection[int], now: int) -> tuple[dict[int, list[str]], set[int]]:
    """(object → stores where bytes of it may lie beside its home, objects that somebody is copying at this moment)."""
    found: dict[int, list[str]] = {}
    for object_id, store in queries.others(tx, object_ids):
        found.setdefault(object_id, []).append(store)
    return found, queries.leased(tx, found, now) if found else set()


def forget(tx: Tx, object_ids: Collection[int]) -> None:
    """The copies of objects whose bytes are gone everywhere. Their own rows go next."""
    queries.forget(tx, object_ids)


def discard(tx: Tx, key: str, store: str, now: int) -> None:
    """Bytes of a key lie in a store that is not its home: they go, unless they are a copy that is wanted there."""
    queries.discard(tx, key, store, now)
