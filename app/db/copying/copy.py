"""Copying one database into another, between the engines or within one: `darkroom db copy`.

Both databases are read through their own catalogue, so a table or column that exists cannot be forgotten. The target is filled in batches, each
in one transaction with the note of how far it has come; until everything is verified its schema number is one that no server opens.
Objects are not here: they stay in the folder or bucket that both configurations name. Asks no server anything and needs none running.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from .. import migrate
from .raw import RawDatabase
from .raw_sqlite import scratch
from .tables import Refused, Row, Table, ordered

__all__ = ["Copied", "Refused", "check_target", "copy", "empty_rows", "ordered", "transfer", "verify"]
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Copied:
    """One table, verified: `checksum` is the sum over its rows, so that it does not depend on their order."""

    table: str
    rows: int
    checksum: int


def copy(source: RawDatabase, target: RawDatabase, tell: Callable[[Copied], None], batch: int = BATCH) -> None:
    """Everything of the source into the target, continuing where an earlier run stopped; each table is told once it is verified.

    Raises Refused for a target that holds something else, and for any difference afterwards: the target then stays unusable.
    """
    tables = check_source(source)
    check_target(target, tables, source.identity)
    transfer(source, target, tables, batch)
    for table in tables:
        tell(verify(source, target, table))
    target.finish(migrate.latest())


def is_done(source: RawDatabase, target: RawDatabase) -> bool:
    """Whether an earlier run has brought everything over: nothing is under way, and no table differs."""
    tables = ordered(source.tables())
    same = {t.name: t.kinds for t in tables} == {t.name: t.kinds for t in target.tables()}
    return same and target.marker() is None and all(measure(source, t) == measure(target, t) for t in tables)


def check_source(source: RawDatabase) -> list[Table]:
    """The source's tables in an order in which rows may be inserted."""
    if source.marker() is not None:
        raise Refused(f"{source.identity} is itself the target of an unfinished copy")
    number = source.schema_number()
    if number != migrate.latest():
        raise Refused(f"{source.identity} has schema {number}, this Darkroom {migrate.latest()}: start the server on it once, then copy")
    return ordered(source.tables())


def check_target(target: RawDatabase, tables: list[Table], identity: str) -> None:
    """The target is empty, or half full of this very source. An empty one is marked as being filled."""
    there = {t.name: t for t in target.tables()}
    if {t.name: t.kinds for t in tables} != {name: t.kinds for name, t in there.items()}:
        raise Refused(f"{target.identity} has other tables or columns than the source: it must be a Darkroom database of this version")
    marker = target.marker()
    if marker is None:
        born = empty_rows()
        full = [t.name for t in tables if target.count(t.name) != born.get(t.name, 0)]
        if full:
            raise Refused(f"{target.identity} is not empty: there are rows in {', '.join(full)}")
        target.begin(identity, migrate.COPYING, [t.name for t in reversed(tables) if born.get(t.name)])
    elif marker != identity:
        raise Refused(f"{target.identity} is half full of {marker}, not of {identity}: finish that copy, or start with an empty database")


def transfer(source: RawDatabase, target: RawDatabase, tables: list[Table], batch: int = BATCH) -> None:
    """Copy what is missing, then set where the identity columns go on."""
    for table in tables:
        done, after = target.progress(table.name)
        while not done:
            rows = source.page(table, after, batch)
            after = table.key_of(rows[-1]) if rows else after
            done = len(rows) < batch
            target.append(table, rows, after, done)
    for table in tables:
        if table.identity is not None:
            target.continue_at(table, max(source.next_id(table), target.next_id(table), target.greatest(table) + 1))


def verify(source: RawDatabase, target: RawDatabase, table: Table) -> Copied:
    """Compare a table's rows by number and content; Refused when they differ."""
    here, there = measure(source, table), measure(target, table)
    if here.rows != there.rows:
        raise Refused(f"{table.name}: {here.rows} rows in the source, {there.rows} in the target")
    if here != there:
        raise Refused(f"{table.name}: the contents of the {here.rows} rows differ (was the source changed while it was copied?)")
    return here


def measure(db: RawDatabase, table: Table) -> Copied:
    count = total = 0
    for row in _rows(db, table):
        count += 1
        total += int.from_bytes(hashlib.blake2b(msgspec.msgpack.encode(row), digest_size=16).digest(), "big")
    return Copied(table.name, count, total & ((1 << 128) - 1))


def _rows(db: RawDatabase, table: Table) -> Iterator[Row]:
    after: list[Any] | None = None
    while rows := db.page(table, after, BATCH):
        yield from rows
        after = table.key_of(rows[-1])


def empty_rows() -> dict[str, int]:
    """Rows that the migrations themselves leave in a table."""
    fresh = scratch()
    try:
        return {t.name: n for t in fresh.tables() if (n := fresh.count(t.name))}
    finally:
        fresh.close()
