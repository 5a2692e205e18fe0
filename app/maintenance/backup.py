"""`darkroom backup DIR|s3://…`, while the server runs: first the database, then the objects that it names.

From before the database is read until the last object is in the pool, no bytes are removed anywhere (`HOLD`), so every row of the
snapshot has its bytes. Uploads that nobody had committed come along while they are as their row says, else their row is taken out of the
snapshot: nobody was promised anything. A killed run leaves nothing that looks like a backup, and the next one uses what it had copied.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage_backends import StoreError

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
from ..kernel.together import together
from ..storage import service as storage
from . import places, queries, sealing, vault
from .place import Place
from .queries import Stock
from .vault import Entry, Facts, Unfit

BATCH = 500
AT_ONCE = 4
HELD = 10 * MINUTE
"""A hold that nobody renews: how long deletions rest after a backup was killed."""


@dataclass(slots=True)
class Report:
    """`copied`, `linked`: objects that came into the pool; `secrets`: it has `secrets.toml`, sealed or not; `missing`: (key, store) of living
    rows without bytes; `damaged`: with other bytes than their row says. Such a backup is kept, as the best there is, and is not `ok`."""

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


async def take(kernel: Kernel, where: str | Path, *, secrets: bool = True, tell: Tell = silent) -> Report:
    """A new snapshot in this folder or bucket. Unfit when it cannot be made."""
    where = str(where)
    own = kernel.config.data_dir.expanduser().absolute() / NAME
    if secrets and not own.exists():
        raise Unfit(log=f"{own} is not there, and without it a backup cannot be used: --no-secrets if it is kept elsewhere")
    _apart(kernel, where)
    async with places.opened(where, kernel.config.backup, scratch=own.parent, clock=kernel.clock, make=True) as place:
        await place.claim(kernel.crypto.instance())
        await place.tidy()
        name = _named(kernel.clock.now(), await place.names())
        async with holding(kernel, where):
            return await _take(kernel, place, name, own if secrets else None, tell)


def _apart(kernel: Kernel, where: str) -> None:
    """A backup in the bucket that it is a backup of is lost together with it, and `fsck` would take it for strays."""
    bucket = where.removeprefix(places.SCHEME).partition("/")[0] if places.is_bucket(where) else None
    endpoint = (kernel.config.backup.endpoint or "").rstrip("/")
    for store in kernel.config.storage:
        if store.kind == "s3" and (store.bucket, (store.endpoint or "").rstrip("/")) == (bucket, endpoint):
            raise Unfit(log=f"{where} is the bucket of store {store.name}: a backup there is lost together with it; name another bucket")


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
        raise Unfit(log="a backup into another place is running, or was killed less than ten minutes ago")
    task = asyncio.create_task(renew(), name="backup-hold")
    try:
        yield
    finally:
        task.cancel()
        await kernel.db.write("backup.release", end_lease, HOLD, holder)


async def _take(kernel: Kernel, place: Place, name: str, secrets: Path | None, tell: Tell) -> Report:
    async with place.begun(name) as partial:
        tell("copying the database", 0, None)
        try:
            await asyncio.to_thread(export, kernel.db.url, partial / vault.DATABASE)
        except Refused as e:
            raise Unfit(log=f"the database cannot be copied: {e}") from None
        (partial / vault.DATABASE).chmod(0o600)
        report = Report(name)
        await _objects(kernel, place, partial, report, tell)
        report.secrets = secrets is not None and await asyncio.to_thread(_secrets, kernel, place, secrets, partial)
        tell("finishing", 0, None)
        await asyncio.to_thread(_facts, partial, report, kernel)
        await place.finish(partial, name)
    return report


def _secrets(kernel: Kernel, place: Place, own: Path, partial: Path) -> bool:
    """Under the passphrase where there is one; in clear only where nobody else looks."""
    passphrase = kernel.config.backup.passphrase
    text = own.read_text(encoding="utf-8")
    if passphrase is not None:
        vault.write(partial / sealing.SEALED, sealing.seal(text, passphrase.get_secret_value()))
    elif not place.untrusted:
        vault.write(partial / vault.SECRETS, text)
    return passphrase is not None or not place.untrusted


@contextlib.contextmanager
def reading(database: Path) -> Iterator[Tx]:
    """A snapshot's database. The statements of `queries` and `consistency` run on it."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as db:
        yield SqliteTx(db)


async def _objects(kernel: Kernel, place: Place, partial: Path, report: Report, tell: Tell) -> None:
    """Bring what the snapshot names into the pool, and write the manifest."""
    gate, after, seen = asyncio.Semaphore(AT_ONCE), 0, 0
    async with _known(place) as known:
        with reading(partial / vault.DATABASE) as tx, (partial / vault.MANIFEST).open("w", encoding="utf-8") as manifest:
            total = queries.counted(tx)
            while rows := queries.stock(tx, after, BATCH):
                after = rows[-1].object_id
                wanted = [row for row in rows if row.state != "deleting" or row.named]
                made = await together(_one(kernel, place, gate, row, known.get(row), report) for row in wanted)
                for entry in made:
                    if entry is not None:
                        manifest.write(entry.line())
                        report.objects += 1
                        report.bytes += entry.size
                none = [row.object_id for row, entry in zip(wanted, made, strict=True) if entry is None and not row.named and row.state != "stored"]
                _drop(tx, none)
                seen += len(rows)
                tell("copying objects", min(seen, total), total)


class _Known:
    """Digests that the newest snapshot has: both go by rising ids, so one pass is enough and nothing is kept."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self._next: Entry | None = next(entries, None)

    def get(self, row: Stock) -> str | None:
        while self._next is not None and self._next.object_id < row.object_id:
            self._next = next(self._entries, None)
        found = self._next
        return found.digest if found is not None and (found.key, found.size) == (row.key, row.size) else None


@contextlib.asynccontextmanager
async def _known(place: Place) -> AsyncIterator[_Known]:
    names = await place.names()
    if not names:
        yield _Known(iter(()))
        return
    async with place.fetched(names[-1], vault.MANIFEST) as folder:
        with contextlib.closing(vault.entries(folder)) as entries:  # type: ignore[type-var]  # a generator
            yield _Known(entries)


async def _one(kernel: Kernel, place: Place, gate: asyncio.Semaphore, row: Stock, digest: str | None, report: Report) -> Entry | None:
    """The object in the pool, as an entry of the manifest; None when its bytes are not there or not its row's."""
    async with gate:
        if (there := await place.have(row, digest)) is not None:
            return there
        trouble: StoreError | None = None
        for name in [row.store, *await _elsewhere(kernel, row)]:
            try:
                if name in kernel.stores and (found := await place.bring(kernel.stores[name], row)) is not None:
                    report.linked += found.linked
                    report.copied += found.sent and not found.linked
                    return found.entry
            except StoreError as e:
                trouble = e
        if trouble is not None:
            raise Unfit(log=f"no store gives {row.key}: {trouble.log}") from trouble
        return await _wanting(kernel, place, row, report)


async def _wanting(kernel: Kernel, place: Place, row: Stock, report: Report) -> Entry | None:
    """No store gives the bytes that the row describes: what its own has is better than nothing."""
    await place.discard(row.key)
    if not row.named:
        return None
    found = await place.bring(kernel.stores[row.store], row, as_it_is=True) if row.store in kernel.stores else None
    if found is None:
        report.missing.append((row.key, row.store))
        return None
    report.damaged.append((row.key, row.store))
    report.copied += found.sent
    return found.entry


async def _elsewhere(kernel: Kernel, row: Stock) -> list[str]:
    """Other stores that have it by now: copies, or where it was moved to since the snapshot."""
    return [name for name in await kernel.db.scan(storage.places, row.key) if name != row.store]


def _drop(tx: Tx, object_ids: list[int]) -> None:
    """Take uploads that nobody committed out of the snapshot."""
    if object_ids:
        queries.drop_from_snapshot(tx, object_ids)


def _facts(partial: Path, report: Report, kernel: Kernel) -> None:
    with reading(partial / vault.DATABASE) as tx:
        users, files = queries.counts(tx)
        schema = int(tx.value("PRAGMA user_version"))
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
