"""`darkroom backup DIR`, while the server runs: first the database, then the objects that it names.

From before the database is read until the last object is in the pool, no bytes are removed anywhere (`HOLD`), so every row of the
snapshot has its bytes. Uploads that nobody had committed come along while they are as their row says, else their row is taken out of the
snapshot: nobody was promised anything. A killed run leaves nothing that looks like a backup, and the next one uses what it had copied.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage_backends import NotFound, StoreError

from .. import __version__
from ..db import Tx
from ..db.copying.export import export
from ..db.copying.tables import Refused
from ..db.sqlite import SqliteTx
from ..kernel.clock import MINUTE, SECOND
from ..kernel.jobs import HOLD, end_lease, take_lease
from ..kernel.parts import Kernel
from ..kernel.progress import Tell, silent
from ..kernel.secrets_file import NAME
from ..storage import service as storage
from . import queries, vault
from .queries import Stock
from .vault import Entry, Facts, Unfit, Vault

BATCH = 500
AT_ONCE = 4
HELD = 10 * MINUTE
"""A hold that nobody renews: how long deletions rest after a backup was killed."""


@dataclass(slots=True)
class Report:
    """`copied`, `linked`: objects that came into the pool; `missing`: (key, store) of living rows without bytes; `damaged`: with other bytes
    than their row says. Such a backup is kept, as the best there is, and is not `ok`."""

    name: str
    objects: int = 0
    bytes: int = 0
    copied: int = 0
    linked: int = 0
    secrets: bool = True
    missing: list[tuple[str, str]] = field(default_factory=list)
    damaged: list[tuple[str, str]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        shown = {name: getattr(self, name) for name in self.__slots__}
        return {"ok": not self.missing and not self.damaged, **shown}


async def take(kernel: Kernel, folder: Path, *, secrets: bool = True, tell: Tell = silent) -> Report:
    """A new snapshot in this folder. Unfit when it cannot be made."""
    own = kernel.config.data_dir.expanduser().absolute() / NAME
    if secrets and not own.exists():
        raise Unfit(log=f"{own} is not there, and without it a backup cannot be used: --no-secrets if it is kept elsewhere")
    with vault.opened(folder, make=True) as place:
        await asyncio.to_thread(place.claim, kernel.crypto.instance())
        await asyncio.to_thread(place.tidy)
        name = _named(kernel.clock.now(), place.names())
        async with holding(kernel, str(folder)):
            return await _take(kernel, place, name, own if secrets else None, tell)


def _named(at: int, taken: list[str]) -> str:
    """A snapshot's name: its second (UTC), or the first free one after it, so that two in one second are two and stay in order."""
    while (name := datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y%m%dT%H%M%SZ")) in taken:
        at += SECOND
    return name


@contextlib.asynccontextmanager
async def holding(kernel: Kernel, holder: str) -> AsyncIterator[None]:
    """No bytes are removed inside. Unfit while another backup holds them; one of the same name was killed, and is succeeded."""

    async def hold() -> bool:
        now = kernel.clock.now()
        return await kernel.db.write("backup.hold", take_lease, HOLD, holder, now, now + HELD)

    async def renew() -> None:
        while True:
            await asyncio.sleep(HELD / SECOND / 5)
            await hold()

    if not await hold():
        raise Unfit(log="a backup into another folder is running, or was killed less than ten minutes ago")
    task = asyncio.create_task(renew(), name="backup-hold")
    try:
        yield
    finally:
        task.cancel()
        await kernel.db.write("backup.release", end_lease, HOLD, holder)


async def _take(kernel: Kernel, place: Vault, name: str, secrets: Path | None, tell: Tell) -> Report:
    partial = place.snapshots / f".partial-{name}"
    partial.mkdir(mode=0o700)
    tell("copying the database", 0, None)
    try:
        await asyncio.to_thread(export, kernel.db.url, partial / vault.DATABASE)
    except Refused as e:
        raise Unfit(log=f"the database cannot be copied: {e}") from None
    (partial / vault.DATABASE).chmod(0o600)
    report = Report(name, secrets=secrets is not None)
    await _objects(kernel, place, partial, report, tell)
    if secrets is not None:
        await asyncio.to_thread(lambda: vault.write(partial / vault.SECRETS, secrets.read_text(encoding="utf-8")))
    await asyncio.to_thread(_finish, place, partial, name, report, kernel)
    return report


@contextlib.contextmanager
def reading(database: Path) -> Iterator[Tx]:
    """A snapshot's database. The statements of `queries` and `consistency` run on it."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as db:
        yield SqliteTx(db)


async def _objects(kernel: Kernel, place: Vault, partial: Path, report: Report, tell: Tell) -> None:
    """Bring what the snapshot names into the pool, and write the manifest."""
    known = _Known(place)
    gate, after, seen = asyncio.Semaphore(AT_ONCE), 0, 0
    with reading(partial / vault.DATABASE) as tx, (partial / vault.MANIFEST).open("w", encoding="utf-8") as manifest:
        total = queries.counted(tx)
        while rows := queries.stock(tx, after, BATCH):
            after = rows[-1].object_id
            wanted = [row for row in rows if row.state != "deleting" or row.named]
            made = await asyncio.gather(*(_one(kernel, place, gate, row, known.get(row), report) for row in wanted))
            for entry in made:
                if entry is not None:
                    manifest.write(entry.line())
                    report.objects += 1
                    report.bytes += entry.size
            _drop(tx, [row.object_id for row, entry in zip(wanted, made, strict=True) if entry is None and not row.named and row.state != "stored"])
            seen += len(rows)
            tell("copying objects", min(seen, total), total)
    known.close()


class _Known:
    """Digests that the newest snapshot has: both go by rising ids, so one pass is enough and nothing is kept."""

    def __init__(self, place: Vault) -> None:
        names = place.names()
        self._entries = place.entries(place.snapshots / names[-1]) if names else iter(())
        self._next: Entry | None = next(self._entries, None)

    def get(self, row: Stock) -> str | None:
        while self._next is not None and self._next.object_id < row.object_id:
            self._next = next(self._entries, None)
        found = self._next
        return found.digest if found is not None and (found.key, found.size) == (row.key, row.size) else None

    def close(self) -> None:
        closer = getattr(self._entries, "close", None)
        if closer is not None:
            closer()


async def _one(kernel: Kernel, place: Vault, gate: asyncio.Semaphore, row: Stock, digest: str | None, report: Report) -> Entry | None:
    """The object in the pool, as an entry of the manifest; None when its bytes are not there or not its row's."""
    file = place.file(row.key)
    async with gate:
        if digest is not None and _size(file) == row.size:
            return Entry(row.object_id, row.key, row.store, row.size, digest)
        if _size(file) == row.size and (found := await asyncio.to_thread(_judge, file, row)) is not None:
            return found
        trouble: StoreError | None = None
        for name in [row.store, *await _elsewhere(kernel, row)]:
            file.unlink(missing_ok=True)  # an upload that was written anew since an earlier backup, or bytes that are not its row's
            try:
                linked = await _bring(kernel, name, row, file)
            except StoreError as e:
                trouble = e
                continue
            if linked is not None and (found := await asyncio.to_thread(_judge, file, row)) is not None:
                report.linked += linked
                report.copied += not linked
                return found
        if trouble is not None:
            raise Unfit(log=f"no store gives {row.key}: {trouble.log}") from trouble
        return await _wanting(kernel, row, file, report)


async def _wanting(kernel: Kernel, row: Stock, file: Path, report: Report) -> Entry | None:
    """No store gives the bytes that the row describes: what its own has is better than nothing."""
    await asyncio.to_thread(file.unlink, missing_ok=True)
    if not row.named:
        return None
    if await _bring(kernel, row.store, row, file) is None:
        report.missing.append((row.key, row.store))
        return None
    report.damaged.append((row.key, row.store))
    report.copied += 1
    return await asyncio.to_thread(_entry, file, row)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return -1


def _judge(file: Path, row: Stock) -> Entry | None:
    """None when the file does not have the bytes of its row."""
    digest, md5 = vault.digest_of(file, md5=row.md5 is not None)
    if file.stat().st_size != row.size or (row.md5 is not None and md5 != row.md5):
        return None
    return Entry(row.object_id, row.key, row.store, row.size, digest)


def _entry(file: Path, row: Stock) -> Entry:
    """Of a file as it is."""
    return Entry(row.object_id, row.key, row.store, file.stat().st_size, vault.digest_of(file)[0])


async def _bring(kernel: Kernel, name: str, row: Stock, file: Path) -> bool | None:
    """Link or copy an object's bytes into the pool, durably; whether it was linked, None when this store does not have them."""
    store = kernel.stores.get(name)
    if store is None:
        return None
    source = store.path(row.key)
    if source is not None and await asyncio.to_thread(_link, source, file):
        return True
    temp = file.with_name(f".tmp-{file.name}"[:250])
    try:
        await _copy(kernel, name, row.key, temp)
    except NotFound:
        return None
    await asyncio.to_thread(_publish, temp, file)
    return False


async def _elsewhere(kernel: Kernel, row: Stock) -> list[str]:
    """Other stores that have it by now: copies, or where it was moved to since the snapshot."""
    return [name for name in await kernel.db.scan(storage.places, row.key) if name != row.store and name in kernel.stores]


def _link(source: Path, file: Path) -> bool:
    """Whether the pool could have the same file: on one file system that has links."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        os.link(source, file)
    except FileExistsError:
        return True
    except OSError:
        return False
    vault.sync_folder(file.parent)
    return True


async def _copy(kernel: Kernel, store: str, key: str, temp: Path) -> None:
    reader = await kernel.stores[store].open(key)
    temp.parent.mkdir(mode=0o700, exist_ok=True)
    with temp.open("wb") as out:
        async for block in reader:
            await asyncio.to_thread(out.write, block)


def _publish(temp: Path, file: Path) -> None:
    vault.sync(temp)
    os.rename(temp, file)
    vault.sync_folder(file.parent)


def _drop(tx: Tx, object_ids: list[int]) -> None:
    """Take uploads that nobody committed out of the snapshot."""
    if object_ids:
        queries.drop_from_snapshot(tx, object_ids)


def _finish(place: Vault, partial: Path, name: str, report: Report, kernel: Kernel) -> None:
    """Facts last, then the name: from here on it is a backup."""
    for folder in (place.pool, *(p for p in place.pool.iterdir() if p.is_dir())):
        vault.sync_folder(folder)
    with reading(partial / vault.DATABASE) as tx:
        users, files = queries.counts(tx)
        schema = int(tx.value("PRAGMA user_version"))
    for file in (vault.DATABASE, vault.MANIFEST):
        vault.sync(partial / file)
    facts = Facts(
        format=vault.FORMAT,
        instance=kernel.crypto.instance(),
        taken_at=kernel.clock.now(),
        version=__version__,
        schema=schema,
        users=users,
        files=files,
        objects=report.objects,
        bytes=report.bytes,
        secrets=report.secrets,
        manifest=vault.digest_of(partial / vault.MANIFEST)[0],
        database=vault.digest_of(partial / vault.DATABASE)[0],
    )
    vault.write(partial / vault.FACTS, vault.written(facts))
    os.rename(partial, place.snapshots / name)
    vault.sync_folder(place.snapshots)
