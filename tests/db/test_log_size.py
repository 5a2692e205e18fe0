"""SQLite's write-ahead log: snapshots that overlap without end do not make it grow for ever, and a long one only for as long as it lasts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db import sqlite
from app.db.engine import Tx
from app.db.sqlite import SqliteDatabase

LIMIT = 256 << 10
BLOCK = bytes(64 << 10)


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteDatabase]:
    monkeypatch.setattr(sqlite, "WAL_LIMIT", LIMIT)
    db = SqliteDatabase(tmp_path / "darkroom.db")
    await db.start()
    await db.write("t", lambda tx: tx.run("CREATE TABLE blocks (n INTEGER PRIMARY KEY, data BLOB)"))
    yield db
    await db.stop()


async def fill(db: SqliteDatabase, n: int) -> None:
    await db.write("t", lambda tx: tx.run("INSERT OR REPLACE INTO blocks VALUES (:n, :data)", n=n % 10, data=BLOCK))


def size(tmp_path: Path) -> int:
    return (tmp_path / "darkroom.db-wal").stat().st_size


async def settled(db: SqliteDatabase) -> None:
    if db._trimming is not None:
        await db._trimming


async def test_snapshots_that_overlap_without_end(database: SqliteDatabase, tmp_path: Path) -> None:
    """There is a snapshot at every moment: each waits for the next to have begun, unless that has to pause."""
    begun: list[threading.Event] = [threading.Event() for _ in range(200)]
    over = threading.Event()

    def look(tx: Tx, n: int) -> None:
        tx.value("SELECT count(*) FROM blocks")
        begun[n].set()
        while not (begun[n + 1].wait(0.002) or over.is_set() or not database._calm.is_set()):
            pass

    async def readers() -> None:
        running: list[asyncio.Task[None]] = []
        for n in range(len(begun) - 1):
            if over.is_set():
                break
            running.append(asyncio.create_task(database.scan(look, n)))
            await asyncio.get_running_loop().run_in_executor(None, begun[n].wait)
        over.set()
        await asyncio.gather(*running)

    reading = asyncio.create_task(readers())
    longest = 0
    for n in range(80):
        await fill(database, n)
        await settled(database)
        longest = max(longest, size(tmp_path))
    over.set()
    await reading
    assert longest < 4 * LIMIT, "5 MiB went through it"


async def test_a_long_reader_keeps_it_as_it_is_and_nobody_waits_for_it(
    database: SqliteDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE", 0.01)
    begun, end = threading.Event(), threading.Event()

    def long(tx: Tx) -> int:
        found = int(tx.value("SELECT count(*) FROM blocks"))
        begun.set()
        end.wait()
        return found

    reader = asyncio.create_task(database.scan(long))
    await asyncio.get_running_loop().run_in_executor(None, begun.wait)
    for n in range(20):
        await fill(database, n)
    await settled(database)
    assert await database.scan(lambda tx: tx.value("SELECT count(*) FROM blocks")) == 10, "others read on"
    assert size(tmp_path) > LIMIT
    end.set()
    assert await reader == 0
    for n in range(20):
        await fill(database, n)
        await settled(database)
    assert size(tmp_path) < 2 * LIMIT
