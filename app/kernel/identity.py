"""Which installation secrets, database and stores belong to: an id that follows from the secrets, kept in the database and in every store.

A server with somebody else's or an empty part looks healthy, answers 404 for photos that are safe elsewhere, and takes new ones to where
they will be lost. So a start compares the parts and refuses in one line; what an operator does on purpose has a flag.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from pathlib import Path
from typing import ParamSpec, TypeVar

from storage_backends import ObjectInfo, ObjectStore, StoreError, Unavailable
from storage_backends.wrapping import WrappedStore

from ..db import Tx
from .config_sources import ConfigError
from .parts import Kernel

P = ParamSpec("P")
T = TypeVar("T")


def recorded(tx: Tx) -> str | None:
    """The id in the database."""
    found = tx.value("SELECT id FROM instance")
    return None if found is None else str(found)


def record(tx: Tx, instance: str, now: int) -> None:
    tx.run(
        "INSERT INTO instance (id, created_at, probed_at) SELECT :instance, :now, :now WHERE NOT EXISTS (SELECT 1 FROM instance)",
        instance=instance,
        now=now,
    )


def probe(tx: Tx, now: int) -> None:
    """A write that changes nothing of anybody's: what a health probe tries."""
    tx.run("UPDATE instance SET probed_at = :now", now=now)


def marked(tx: Tx) -> set[str]:
    """Stores that carry our mark."""
    return {str(name) for (name,) in tx.all("SELECT name FROM instance_stores")}


def note_mark(tx: Tx, name: str, now: int) -> None:
    tx.run("INSERT INTO instance_stores (name, marked_at) VALUES (:name, :now) ON CONFLICT (name) DO NOTHING", name=name, now=now)


def has_accounts(tx: Tx) -> bool:
    return tx.value("SELECT 1 FROM users LIMIT 1") is not None


async def check_database(kernel: Kernel) -> None:
    """ConfigError when the database belongs to another installation."""
    found = await kernel.db.read(recorded)
    if found not in (None, kernel.crypto.instance()):
        raise ConfigError("data_dir: secrets.toml is not the one this database was written with; put both back from the same backup")


async def check_all(kernel: Kernel, *, adopt_stores: Collection[str] = (), adopt_database: bool = False) -> None:
    """ConfigError when a part is missing or another installation's; marks what is new. For the server that is about to start.

    `adopt_stores`: names of stores that are empty or another's on purpose; `adopt_database`: the database is empty on purpose.
    """
    if unknown := sorted(set(adopt_stores) - kernel.stores.keys()):
        raise ConfigError(f"--adopt-store: there is no store {unknown[0]}")
    await check_database(kernel)
    mine, now = kernel.crypto.instance(), kernel.clock.now()
    await set_aside(kernel, but=adopt_stores)
    there = {name: store for name, store in kernel.stores.items() if not isinstance(store, Absent)}
    marks = {name: await _marker(store) for name, store in there.items()}
    if await kernel.db.read(recorded) is None:
        if not adopt_database and not await kernel.db.read(has_accounts):
            for name, store in there.items():
                if name not in adopt_stores and (marks[name] == mine or (marks[name] is None and await _has_objects(store))):
                    raise ConfigError(
                        f"the database is empty, but store {name} has the photos of this installation: put the database back from a backup, "
                        "or start with `--adopt-database` if it is empty on purpose"
                    )
        known: set[str] = set()
    else:
        known = await kernel.db.read(marked)
    for name, store in there.items():
        if marks[name] != mine:
            if name not in adopt_stores:
                _refuse_store(name, missing=marks[name] is None, known=name in known)
            await _mark(store, mine)
        await kernel.db.write("identity.mark", note_mark, name, now)
    await kernel.db.write("identity.record", record, mine, now)


class Absent(WrappedStore):
    """A store that had our mark and does not show it now: a disk that is not mounted, a bucket that cannot be reached. Nothing is written
    or read there until the mark is back; then it is the store again."""

    def __init__(self, inner: ObjectStore, instance: str) -> None:
        super().__init__(inner)
        self._instance, self._found = instance, False

    async def _call(self, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        await self._look()
        return await method(*args, **kwargs)

    async def _look(self) -> None:
        if not self._found:
            if await self.inner.marker() != self._instance:
                raise Unavailable(f"store {self.name} has lost the mark of this installation: is its disk mounted?")
            self._found = True

    def path(self, key: str) -> Path | None:
        return self.inner.path(key) if self._found else None

    async def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        await self._look()
        async for info in self.inner.list(prefix, after):
            yield info


async def set_aside(kernel: Kernel, *, but: Collection[str] = ()) -> None:
    """Where there are several stores, go on without those that are known and do not show their mark, as long as one for new objects does."""
    if kernel.tiers.single or await kernel.db.read(recorded) is None:
        return
    mine, known = kernel.crypto.instance(), await kernel.db.read(marked)
    away = {name: why for name in known & kernel.stores.keys() - set(but) if (why := await _trouble(kernel.stores[name], mine))}
    if not [t for t in kernel.tiers.all.values() if t.settings.role == "primary" and t.name not in away]:
        return
    for name, why in away.items():
        if not isinstance(kernel.stores[name], Absent):
            kernel.stores[name] = Absent(kernel.stores[name], mine)
            kernel.tiers.failed(name, Unavailable(why))


async def _trouble(store: ObjectStore, mine: str) -> str:
    """Why a store cannot be used; "" for one that shows its mark, or another's, which is refused elsewhere."""
    try:
        return "" if await store.marker() is not None else "it does not show the mark of this installation: is its disk mounted?"
    except StoreError as e:
        return e.log


def _refuse_store(name: str, *, missing: bool, known: bool) -> None:
    if not missing:
        raise ConfigError(f"storage: store {name} belongs to another installation; `--adopt-store {name}` takes it over")
    if known:
        raise ConfigError(
            f"storage: store {name} has lost the mark of this installation: is its disk mounted? `--adopt-store {name}` if it is a new one"
        )


async def _marker(store: ObjectStore) -> str | None:
    try:
        return await store.marker()
    except StoreError as e:
        raise ConfigError(f"storage: cannot read store {store.name}: {e.log}") from e


async def _mark(store: ObjectStore, instance: str) -> None:
    try:
        await store.mark(instance)
    except StoreError as e:
        raise ConfigError(f"storage: cannot write to store {store.name}: {e.log}") from e


async def _has_objects(store: ObjectStore) -> bool:
    try:
        async for _ in store.list():
            return True
    except StoreError as e:
        raise ConfigError(f"storage: cannot read store {store.name}: {e.log}") from e
    return False
