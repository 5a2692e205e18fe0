"""`darkroom export-museum`: everything into an empty museum, so that nobody is locked in.

A snapshot of our database is read, the objects go first under the keys that museum looks for, then all rows in one transaction: a run that was
killed has written none, and the next one finds the objects that it had brought.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage_backends import NotFound, ObjectStore, StoreError

from ...db.copying.export import export
from ...db.copying.tables import Refused
from ...kernel.parts import Kernel
from ...kernel.progress import Tell, silent
from ...storage import service as storage
from ..vault import Unfit
from .leaving import BEHIND, MOVES, NUMBERED, OUT, Leaving, Move, Out
from .seals import Seals
from .shape import Row

BATCH = 500
AT_ONCE = 8


@dataclass(slots=True)
class Report:
    """`went`: table → rows; `left`: ours → how many, and why; `objects`: how they went → how many; `missing`: keys without good bytes here."""

    went: dict[str, int] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ok": not self.missing, **{name: getattr(self, name) for name in self.__slots__}}


async def hand_over(kernel: Kernel, url: str, seals: Seals, target: Path | ObjectStore, bucket: str, *, tell: Tell = silent) -> Report:
    """Everything into the museum database at `url`, and objects into a folder by key, or into the store of museum's bucket. Unfit when that
    database is none, or has people."""
    report, context = Report(), Leaving(kernel.crypto, seals, bucket, kernel.config.quota.default)
    with tempfile.TemporaryDirectory(dir=kernel.config.data_dir, prefix=".export-") as scratch:
        snapshot = Path(scratch) / "darkroom.db"
        tell("copying the database", 0, None)
        try:
            await asyncio.to_thread(export, kernel.db.url, snapshot)
        except Refused as e:
            raise Unfit(log=f"the database cannot be copied: {e}") from None
        with opened(url, bucket) as museum:
            await _objects(kernel, snapshot, target, report, tell)
            await asyncio.to_thread(_rows, snapshot, museum, context, report, tell)
    return report


# --- objects
async def _objects(kernel: Kernel, snapshot: Path, target: Path | ObjectStore, report: Report, tell: Tell) -> None:
    gate, done = asyncio.Semaphore(AT_ONCE), 0

    async def one(move: Move) -> None:
        async with gate:
            try:
                how = await (_to_folder(kernel, move, target) if isinstance(target, Path) else _to_store(kernel, move, target))
            except NotFound:
                report.missing.append(move.key)
            except StoreError as e:
                raise Unfit(log=f"{move.key}: {e.log}") from e
            else:
                report.objects[how] = report.objects.get(how, 0) + 1

    with closing(sqlite3.connect(snapshot, check_same_thread=False)) as db:
        cursor = db.execute(MOVES)
        while rows := await asyncio.to_thread(cursor.fetchmany, BATCH):
            await asyncio.gather(*(one(Move(*row)) for row in rows))
            done += len(rows)
            tell("handing over objects", done, None)


async def _to_folder(kernel: Kernel, move: Move, folder: Path) -> str:
    file = folder / move.target
    if await asyncio.to_thread(_size, file) == move.size:
        return "there"
    await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
    source = kernel.stores[move.store].path(move.key) if move.store in kernel.stores else None
    if source is not None and await asyncio.to_thread(_link, source, file):
        return "linked"
    temp = file.with_name(f".tmp-{file.name}")
    with await asyncio.to_thread(temp.open, "wb") as out:
        async for block in _bytes(kernel, move):
            await asyncio.to_thread(out.write, block)
        await asyncio.to_thread(os.fsync, out.fileno())
    await asyncio.to_thread(temp.replace, file)
    return "copied"


async def _to_store(kernel: Kernel, move: Move, store: ObjectStore) -> str:
    there = await store.head(move.target)
    if there is not None and there.size == move.size:
        return "there"
    await store.put(move.target, _bytes(kernel, move), length=move.size, md5=None)
    return "copied"


async def _bytes(kernel: Kernel, move: Move) -> AsyncIterator[bytes]:
    """From any store that has them."""
    reader = await storage.from_any(kernel, move.key, move.store, lambda store: store.open(move.key))
    try:
        async for block in reader:
            yield block
    finally:
        await reader.aclose()


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else -1


def _link(source: Path, file: Path) -> bool:
    try:
        file.unlink(missing_ok=True)
        os.link(source, file)
    except OSError:
        return False
    return True


# --- rows
class Target:
    """An empty museum database. `columns`: of each table."""

    def __init__(self, db: Any, bucket: str) -> None:
        self.db = db
        self.columns: dict[str, set[str]] = {}
        sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() AND is_generated = 'NEVER'"
        for table, column in db.execute(sql).fetchall():
            self.columns.setdefault(table, set()).add(column)
        if not {"users", "key_attributes", "collections", "files", "object_keys"} <= self.columns.keys():
            raise Unfit(log="this is no museum database: start a museum on it once, and stop it again")
        if db.execute("SELECT 1 FROM users LIMIT 1").fetchone():
            raise Unfit(log="this museum has accounts: hand over to an empty one")
        regions = [label for (label,) in db.execute("SELECT unnest(enum_range(NULL::s3region))::text").fetchall()]
        if bucket not in regions:
            raise Unfit(log=f"museum knows no bucket {bucket}: --bucket is one of {', '.join(regions)}")


@contextlib.contextmanager
def opened(url: str, bucket: str) -> Iterator[Target]:
    """The target, its rows committed when all went well. Unfit when it cannot be written."""
    try:
        import psycopg
    except ImportError:
        raise Unfit(log="writing museum's database needs `pip install 'darkroom[postgres]'`") from None
    try:
        with psycopg.connect(url) as db:
            yield Target(db, bucket)
    except psycopg.Error as e:
        raise Unfit(log=f"museum's database: {str(e).strip().splitlines()[0]}") from e


def _rows(snapshot: Path, museum: Target, context: Leaving, report: Report, tell: Tell) -> None:
    with closing(sqlite3.connect(snapshot)) as db:
        for out in OUT:
            lacking = [c for c in out.needs if c not in museum.columns.get(out.table, ())]
            if out.table not in museum.columns or lacking:
                report.left[out.table] = f"this museum has no {', '.join(lacking) or out.table}"
                continue
            report.went[out.table] = 0
            for rows in _batches(db, out):
                made = [row for r in rows if (row := out.make(context, r)) is not None]
                _insert(museum, out.table, made)
                report.went[out.table] += len(made)
                tell(f"handing over {out.table}", report.went[out.table], None)
        for ours, (sql, why) in BEHIND.items():
            if count := db.execute(sql).fetchone()[0]:
                report.left[ours] = f"{count} {why}"
    for table, column in NUMBERED:
        if table in museum.columns:
            greatest = f"(SELECT COALESCE(max({column}), 0) FROM {table})"
            sequence = f"pg_get_serial_sequence('{table}', '{column}')"
            museum.db.execute(f"SELECT setval({sequence}, GREATEST(nextval({sequence}), {greatest} + 1), false)".encode())


def _batches(db: sqlite3.Connection, out: Out) -> Iterator[list[Row]]:
    cursor = db.execute(out.sql)
    names = [c[0] for c in cursor.description]
    while rows := cursor.fetchmany(BATCH):
        yield [dict(zip(names, row, strict=True)) for row in rows]


def _insert(museum: Target, table: str, rows: list[Row]) -> None:
    """A value that museum has a default for, and we none, is left to it."""
    groups: dict[tuple[str, ...], list[list[Any]]] = {}
    for row in rows:
        given = tuple(c for c in row if c in museum.columns[table])
        groups.setdefault(given, []).append([row[c] for c in given])
    with museum.db.cursor() as cursor:
        for given, values in groups.items():
            marks = ", ".join(["%s"] * len(given))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(given)}) OVERRIDING SYSTEM VALUE VALUES ({marks})".encode(), values)
