"""`darkroom backup verify DIR|s3://…`: restores a snapshot into a scratch folder for a moment and looks at what came out; of a bucket only
the database, and objects are read there.

That hashes every byte, opens the database with this version's migrations, asks `consistency`, and compares rows with files and the counts
with what the snapshot says of itself.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage_backends import ObjectStore, StoreConfig, open_store

from ..db import Tx
from ..db.copying.raw_sqlite import RawSqlite
from ..kernel.progress import Tell, silent
from . import places, queries, restore, sealing, vault
from .backup import reading
from .consistency import problems
from .place import Place
from .queries import Stock
from .stock import Listing
from .vault import Facts, Unfit

BATCH = 1000


@dataclass(slots=True)
class Report:
    """`faults`: what is wrong, a line each; none when the snapshot can be restored whole."""

    snapshot: str
    taken_at: int
    users: int
    files: int
    objects: int = 0
    bytes: int = 0
    secrets: bool = True
    faults: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ok": not self.faults, **{name: getattr(self, name) for name in self.__slots__}}


async def verify(place: Place, name: str | None = None, *, tell: Tell = silent) -> Report:
    """The report on a snapshot (by name; else the newest). Unfit when there is none."""
    name = await places.chosen(place, name)
    facts = await place.facts(name)
    report = Report(name, facts.taken_at, facts.users, facts.files, secrets=facts.secrets)
    async with place.scratch() as scratch, place.fetched(name) as snapshot:
        await _drill(place, snapshot, facts, scratch, report, tell)
    return report


async def _drill(place: Place, snapshot: Path, facts: Facts, scratch: Path, report: Report, tell: Tell) -> None:
    for file, digest in ((vault.DATABASE, facts.database), (vault.MANIFEST, facts.manifest)):
        if await asyncio.to_thread(_digest, snapshot / file) != digest:
            report.faults.append(f"{file} is damaged")
    if facts.secrets and not any((snapshot / name).exists() for name in (vault.SECRETS, sealing.SEALED)):
        report.faults.append(f"{vault.SECRETS} is missing")
    if report.faults:
        return
    database = scratch / vault.DATABASE
    await asyncio.to_thread(shutil.copyfile, snapshot / vault.DATABASE, database)
    RawSqlite(database, writable=True).close()
    with reading(database) as tx:
        named = queries.stores_named(tx) or ["main"] if place.local else []
        stores = {name: open_store(StoreConfig(name=name, kind="filesystem", path=scratch / name)) for name in named}
        done, came = restore.Report(report.snapshot, facts.users, facts.files), Listing()
        try:
            await restore.restore_objects(place, snapshot, facts, stores, done, tell, lambda e: came.add(e.key, e.size))
            came.sort()
            report.objects, report.bytes = done.objects, done.bytes
            report.faults += [f"{key} is damaged or missing" for key in done.damaged]
            await asyncio.to_thread(_compare, tx, facts, stores, came, report)
        finally:
            for store in stores.values():
                await store.close()


def _digest(file: Path) -> str:
    try:
        return vault.digest_of(file)[0]
    except OSError as e:
        raise Unfit(log=f"{file}: {e.strerror}") from None


def _compare(tx: Tx, facts: Facts, stores: dict[str, ObjectStore], came: Listing, report: Report) -> None:
    """The restored database with the objects that came (and their files, where these were made), and both with the counts."""
    if (found := tx.value("PRAGMA integrity_check")) != "ok":
        report.faults.append(f"the database is damaged: {found}")
        return
    counted = (*queries.counts(tx), report.objects + sum("damaged or missing" in fault for fault in report.faults))
    if counted != (facts.users, facts.files, facts.objects):
        report.faults.append(f"accounts, files and objects are {counted}, but were {(facts.users, facts.files, facts.objects)}")
    report.faults += [f"the saved database breaks a rule ({name}): {len(rows)}" for name, rows in problems(tx).items()]
    after = 0
    while rows := queries.stock(tx, after, BATCH):
        after = rows[-1].object_id
        for row in rows:
            if (row.named or row.state == "pending") and not (came.has(row.key, row.size) and _is_there(stores, row)):
                report.faults.append(f"a row needs {row.key}, and its bytes did not come back")


def _is_there(stores: dict[str, ObjectStore], row: Stock) -> bool:
    path = stores[row.store].path(row.key) if stores else None
    return not stores or (path is not None and path.exists() and path.stat().st_size == row.size)
