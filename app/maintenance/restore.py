"""`darkroom restore DIR|s3://…`: a snapshot becomes an installation again: secrets, objects, and the database last.

The database gets its name when everything it names is in place, so a killed restore is no installation that a server would start on; the
same command goes on with it. Never over data: whoever has a broken installation moves it away first. Every byte is hashed on the way.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sqlite3
from collections.abc import Callable
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
from ..kernel.together import together
from . import places, sealing, vault
from .place import Damaged, Place
from .vault import Entry, Facts, Unfit

MARK = ".restoring"
TEMP = ".restoring.db"
AT_ONCE = 8
Came = Callable[[Entry], None]


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


async def restore(
    place: Place, name: str | None, target: Target, *, secrets: Path | None = None, passphrase: str | None = None, tell: Tell = silent
) -> Report:
    """A snapshot (by name; else the newest) into an empty data folder. `secrets`: the file, when the backup was made without."""
    name = await places.chosen(place, name)
    facts = await place.facts(name)
    async with place.fetched(name) as snapshot:
        await asyncio.to_thread(_begin, snapshot, f"{place.where}/snapshots/{name}", facts, target, secrets, passphrase)
        report = Report(name, facts.users, facts.files)
        await _mark(target.stores, facts.instance)
        await restore_objects(place, snapshot, facts, target.stores, report, tell)
        tell("restoring the database", 0, None)
        await asyncio.to_thread(_database, snapshot, facts, target)
    return report


def _begin(snapshot: Path, label: str, facts: Facts, target: Target, secrets: Path | None, passphrase: str | None) -> None:
    """Refuse what has data; then the secrets, and a mark of what is being restored."""
    data, mark = target.data, target.data / MARK
    under_way = mark.read_text(encoding="utf-8") if mark.exists() else None
    if (data / vault.DATABASE).exists() and under_way is None:
        raise Unfit(log=f"{data} has a database: restore never writes over one. Move the folder away, or name another with --data-dir")
    if under_way not in (None, label):
        raise Unfit(log=f"{data} is half restored from {under_way}: finish that, or empty the folder")
    if vault.digest_of(snapshot / vault.MANIFEST)[0] != facts.manifest:
        raise Unfit(log=f"{label}/{vault.MANIFEST} is damaged")
    source, text = _secrets(snapshot, secrets, passphrase)
    try:
        instance = Crypto(secrets_file.parsed(text, source), Ids()).instance()
    except ConfigError as e:
        raise Unfit(log=str(e)) from None
    if instance != facts.instance:
        raise Unfit(log=f"{source} is not the one this backup was made with")
    own = data / secrets_file.NAME
    if own.exists() and own.read_text(encoding="utf-8") != text:
        raise Unfit(log=f"{own} is another installation's: move it away")
    vault.write(mark, label)
    vault.write(own, text)


def _secrets(snapshot: Path, secrets: Path | None, passphrase: str | None) -> tuple[Path, str]:
    """Whence, and the text."""
    sealed, clear = snapshot / sealing.SEALED, secrets or snapshot / vault.SECRETS
    if secrets is None and sealed.exists():
        if passphrase is None:
            raise Unfit(
                log="secrets.toml is sealed in this backup: set backup.passphrase (DARKROOM_BACKUP_PASSPHRASE), or name the file with --secrets"
            )
        return sealed, sealing.unseal(sealed.read_text(encoding="utf-8"), passphrase)
    try:
        return clear, clear.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Unfit(log="this backup was made without secrets.toml: name the file with --secrets") from None
    except (OSError, ValueError) as e:
        raise Unfit(log=f"{clear} cannot be read: {e}") from None


async def _mark(stores: dict[str, ObjectStore], instance: str) -> None:
    for store in stores.values():
        try:
            found = await store.marker()
            if found not in (None, instance):
                raise Unfit(log=f"store {store.name} belongs to another installation")
            await store.mark(instance)
        except StoreError as e:
            raise Unfit(log=f"store {store.name}: {e.log}") from e


async def restore_objects(
    place: Place, snapshot: Path, facts: Facts, stores: dict[str, ObjectStore], report: Report, tell: Tell = silent, came: Came = lambda _: None
) -> None:
    """Every object into the store of its name, or the first one where that does not exist any more; only read where there are none at all."""
    first = next(iter(stores.values()), None)

    async def one(entry: Entry) -> None:
        try:
            report.linked += await place.deliver(entry, stores.get(entry.store, first))
        except Damaged:
            report.damaged.append(entry.key)
            return
        report.objects += 1
        report.bytes += entry.size
        came(entry)

    entries = vault.entries(snapshot)
    while batch := list(itertools.islice(entries, AT_ONCE)):
        await together(one(entry) for entry in batch)
        tell("restoring objects", report.objects + len(report.damaged), facts.objects)


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
