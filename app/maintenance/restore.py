"""`darkroom restore DIR`: a snapshot becomes an installation again: secrets, objects, and the database last.

The database gets its name when everything it names is in place, so a killed restore is no installation that a server would start on; the
same command goes on with it. Never over data: whoever has a broken installation moves it away first. Every byte is hashed on the way.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage_backends import ObjectStore, StoreError

from ..db.copying import copy
from ..db.copying.opening import opened
from ..db.copying.raw_sqlite import RawSqlite
from ..kernel import secrets_file
from ..kernel.clock import Ids
from ..kernel.config_sources import ConfigError
from ..kernel.crypto import Crypto
from ..kernel.progress import Tell, silent
from . import vault
from .vault import Entry, Facts, Unfit, Vault

MARK = ".restoring"
TEMP = ".restoring.db"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: the data folder (locked by the caller), the stores by name, the URL of a PostgreSQL database instead of a file."""

    data: Path
    stores: dict[str, ObjectStore]
    url: str | None = None


@dataclass(slots=True)
class Report:
    """`damaged`: keys whose bytes in the backup are not what they were, or are gone; they were not restored."""

    snapshot: str
    users: int
    files: int
    objects: int = 0
    bytes: int = 0
    linked: int = 0
    damaged: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ok": not self.damaged, **{name: getattr(self, name) for name in self.__slots__}}


async def restore(place: Vault, name: str | None, target: Target, *, secrets: Path | None = None, tell: Tell = silent) -> Report:
    """A snapshot (by name; else the newest) into an empty data folder. `secrets`: the file, when the backup was made without."""
    snapshot = place.snapshot(name)
    facts = place.facts(snapshot)
    await asyncio.to_thread(_begin, snapshot, facts, target, secrets)
    report = Report(snapshot.name, facts.users, facts.files)
    await restore_objects(place, snapshot, facts, target.stores, report, tell)
    tell("restoring the database", 0, None)
    await asyncio.to_thread(_database, snapshot, facts, target)
    return report


def _begin(snapshot: Path, facts: Facts, target: Target, secrets: Path | None) -> None:
    """Refuse what has data; then the secrets, and a mark of what is being restored."""
    data, mark = target.data, target.data / MARK
    under_way = mark.read_text(encoding="utf-8") if mark.exists() else None
    if (data / vault.DATABASE).exists() and under_way is None:
        raise Unfit(log=f"{data} has a database: restore never writes over one. Move the folder away, or name another with --data-dir")
    if under_way not in (None, str(snapshot)):
        raise Unfit(log=f"{data} is half restored from {under_way}: finish that, or empty the folder")
    if vault.digest_of(snapshot / vault.MANIFEST)[0] != facts.manifest:
        raise Unfit(log=f"{snapshot / vault.MANIFEST} is damaged")
    source = secrets or snapshot / vault.SECRETS
    if not source.exists():
        raise Unfit(log="this backup was made without secrets.toml: name the file with --secrets")
    try:
        instance = Crypto(secrets_file.read(source), Ids()).instance()
    except ConfigError as e:
        raise Unfit(log=str(e)) from None
    if instance != facts.instance:
        raise Unfit(log=f"{source} is not the one this backup was made with")
    own = data / secrets_file.NAME
    if own.exists() and own.read_bytes() != source.read_bytes():
        raise Unfit(log=f"{own} is another installation's: move it away")
    vault.write(mark, str(snapshot))
    vault.write(own, source.read_text(encoding="utf-8"))


async def restore_objects(place: Vault, snapshot: Path, facts: Facts, stores: dict[str, ObjectStore], report: Report, tell: Tell = silent) -> None:
    """Every object into the store of its name, or the first one where that does not exist any more."""
    first = next(iter(stores.values()))
    for store in stores.values():
        found = await store.marker()
        if found not in (None, facts.instance):
            raise Unfit(log=f"store {store.name} belongs to another installation")
        await store.mark(facts.instance)
    for entry in place.entries(snapshot):
        file, store = place.file(entry.key), stores.get(entry.store, first)
        if await asyncio.to_thread(_is_whole, file, entry):
            report.linked += await _bring(store, entry, file)
            report.objects += 1
            report.bytes += entry.size
        else:
            report.damaged.append(entry.key)
        tell("restoring objects", report.objects + len(report.damaged), facts.objects)


def _is_whole(file: Path, entry: Entry) -> bool:
    try:
        return file.stat().st_size == entry.size and vault.digest_of(file)[0] == entry.digest
    except OSError:
        return False


async def _bring(store: ObjectStore, entry: Entry, file: Path) -> bool:
    """Into the store, whether as a link to the backup's file. What is there already is the work of a run before."""
    path = store.path(entry.key)
    if path is not None and await asyncio.to_thread(_link, file, path):
        return True
    try:
        await store.put(entry.key, _blocks(file, entry), length=entry.size, md5=None)
    except StoreError as e:
        raise Unfit(log=f"store {store.name} does not take {entry.key}: {e.log}") from e
    return False


def _link(file: Path, path: Path) -> bool:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(file, path)
    except FileExistsError:
        return path.samefile(file)
    except OSError:
        return False
    vault.sync_folder(path.parent)
    vault.sync_folder(path.parent.parent)
    return True


async def _blocks(file: Path, entry: Entry) -> AsyncIterator[bytes]:
    """The file once more; an error instead of its last block when it changed since it was hashed."""
    digest = hashlib.blake2b(digest_size=32)
    with file.open("rb", buffering=0) as source:
        while block := await asyncio.to_thread(source.read, vault.BLOCK):
            digest.update(block)
            yield block
    if digest.hexdigest() != entry.digest:
        raise Unfit(log=f"{file} changed while it was read")


def _database(snapshot: Path, facts: Facts, target: Target) -> None:
    temp = target.data / TEMP
    if (target.data / vault.DATABASE).exists():  # a run before was killed at its last step
        (target.data / MARK).unlink()
        return
    temp.unlink(missing_ok=True)
    shutil.copyfile(snapshot / vault.DATABASE, temp)
    if vault.digest_of(temp)[0] != facts.database:
        raise Unfit(log=f"{snapshot / vault.DATABASE} is damaged")
    _adapt(temp, target.stores)
    if target.url is None:
        vault.sync(temp)
        os.rename(temp, target.data / vault.DATABASE)
        vault.sync_folder(target.data)
    else:
        try:
            copy_into(temp, target.url)
        except copy.Refused as e:
            raise Unfit(log=str(e)) from None
        temp.unlink()
    (target.data / MARK).unlink()


def _adapt(database: Path, stores: dict[str, ObjectStore]) -> None:
    """Objects of stores that do not exist any more lie in the first one; nobody holds a lease any more."""
    first = next(iter(stores))
    with closing(sqlite3.connect(database)) as db, db:
        marks = ", ".join("?" * len(stores))
        db.execute(f"UPDATE objects SET store = ? WHERE store NOT IN ({marks})", (first, *stores))
        db.execute("DELETE FROM leases")
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'object_copies'").fetchone():
            db.execute("DELETE FROM object_copies")  # copies are made, and digests noted, anew


def copy_into(database: Path, url: str) -> None:
    """A SQLite file, brought up to date, into an empty PostgreSQL database. Refused when that has something else; what a run before was killed
    after stays as it is."""
    source = RawSqlite(database, writable=True)
    try:
        target = opened(url, writable=True)
        try:
            copy.copy(source, target, lambda _: None)
        except copy.Refused:
            if not copy.is_done(source, target):
                raise
        finally:
            target.close()
    finally:
        source.close()
        for left in ("-wal", "-shm"):
            database.with_name(database.name + left).unlink(missing_ok=True)
