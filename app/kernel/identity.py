"""Which installation secrets, database and stores belong to: an id that follows from the secrets, kept in the database and in every store.

A server with somebody else's or an empty part looks healthy, answers 404 for photos that are safe elsewhere, and takes new ones to where
they will be lost. So a start compares the parts and refuses in one line; what an operator does on purpose has a flag.
"""

from __future__ import annotations

from collections.abc import Collection

from storage_backends import ObjectStore, StoreError

from ..db import Tx
from .config_sources import ConfigError
from .parts import Kernel


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
    marks = {name: await _marker(store) for name, store in kernel.stores.items()}
    if await kernel.db.read(recorded) is None:
        if not adopt_database and not await kernel.db.read(has_accounts):
            for name, store in kernel.stores.items():
                if name not in adopt_stores and (marks[name] == mine or (marks[name] is None and await _has_objects(store))):
                    raise ConfigError(
                        f"the database is empty, but store {name} has the photos of this installation: put the database back from a backup, "
                        "or start with `--adopt-database` if it is empty on purpose"
                    )
        known: set[str] = set()
    else:
        known = await kernel.db.read(marked)
    for name, store in kernel.stores.items():
        if marks[name] != mine:
            if name not in adopt_stores:
                _refuse_store(name, missing=marks[name] is None, known=name in known)
            await _mark(store, mine)
        await kernel.db.write("identity.mark", note_mark, name, now)
    await kernel.db.write("identity.record", record, mine, now)


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
