"""The SQLite engine: grouped commits keep transactions apart, nothing is answered before it is durable, no caller is left waiting."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from app.db import Tx
from app.db.sqlite import GROUP, SqliteDatabase, SqliteTx
from app.kernel.errors import AppError, NoSpace, NotFound, Unavailable

PUT = "INSERT INTO leases (name, holder, expires_at) VALUES (:name, :holder, 0)"


def put(tx: Tx, name: str, holder: str = "x") -> str:
    tx.run(PUT, name=name, holder=holder)
    return name


def names(tx: Tx) -> list[str]:
    return [n for (n,) in tx.all("SELECT name FROM leases ORDER BY name")]


class Spy:
    """A writer's connection that counts and can fail."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.seen: list[str] = []
        self.fail: dict[str, Exception] = {}

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        self.seen.append(sql.split()[0])
        if error := self.fail.get(sql):
            raise error
        return self.db.execute(sql, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "darkroom.db")
    await opened.start()
    yield opened
    await opened.stop()


def spy(db: SqliteDatabase) -> Spy:
    found = Spy(db._writer._conn)
    db._writer._connection = found  # type: ignore[assignment]  # stands in for the connection
    return found


async def together(db: SqliteDatabase, *jobs: Callable[[Tx], Any]) -> list[Any]:
    """Outcomes of jobs that share one COMMIT: the writer is held until all of them wait."""
    gate, held = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(tx: Tx) -> None:
        loop.call_soon_threadsafe(held.set)
        assert gate.wait(10)

    first = asyncio.create_task(db.write("hold", hold))
    await held.wait()
    waiting = [asyncio.create_task(db.write("t", job)) for job in jobs]
    await asyncio.sleep(0)
    gate.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


def broken(error: BaseException) -> Callable[[Tx], None]:
    def job(tx: Tx) -> None:
        put(tx, "half done")
        raise error

    return job


# --- reading what was written
async def test_what_was_answered_is_seen_by_every_reader(db: SqliteDatabase) -> None:
    for i in range(20):
        name = f"{i:02}"
        assert await db.write("t", put, name) == name
        assert (await db.read(names))[-1] == name
        assert (await db.scan(names))[-1] == name


async def test_a_scan_is_one_snapshot(db: SqliteDatabase) -> None:
    await db.write("t", put, "before")
    reading, written = threading.Event(), threading.Event()

    def scan(tx: Tx) -> list[list[str]]:
        first = names(tx)
        reading.set()
        assert written.wait(10)
        return [first, names(tx)]

    running = asyncio.create_task(db.scan(scan))
    await asyncio.to_thread(reading.wait, 10)
    await db.write("t", put, "meanwhile")
    written.set()
    assert await running == [["before"], ["before"]]
    assert await db.scan(names) == ["before", "meanwhile"]


async def test_scans_beyond_the_readers_wait_their_turn(db: SqliteDatabase) -> None:
    assert await asyncio.gather(*(db.scan(names) for _ in range(20))) == [[]] * 20


async def test_readers_cannot_write(db: SqliteDatabase) -> None:
    for read in (db.read, db.scan):
        with pytest.raises(AppError):
            await read(put, "x")
    assert await db.read(names) == []


async def test_transactions_count_their_statements(db: SqliteDatabase) -> None:
    def count(tx: Tx) -> int:
        put(tx, "a")
        assert (tx.one("SELECT 1 WHERE FALSE"), tx.value("SELECT 1 WHERE FALSE")) == (None, None)
        assert isinstance(tx, SqliteTx)
        return tx.statements

    assert await db.write("t", count) == 3


# --- groups
async def test_transactions_that_wait_together_share_one_commit(db: SqliteDatabase) -> None:
    watched = spy(db)
    got = await together(db, *(lambda tx, n=n: put(tx, f"{n:03}") for n in range(GROUP)))
    assert got == [f"{n:03}" for n in range(GROUP)]
    assert watched.seen.count("COMMIT") == 2  # one for the job that held the writer
    assert len(await db.read(names)) == GROUP


async def test_groups_are_bounded(db: SqliteDatabase) -> None:
    watched = spy(db)
    await together(db, *(lambda tx, n=n: put(tx, str(n)) for n in range(2 * GROUP + 1)))
    assert watched.seen.count("COMMIT") == 4


@pytest.mark.parametrize("error", [NotFound(), ZeroDivisionError(), KeyError("x"), sqlite3.IntegrityError("made up"), asyncio.CancelledError()])
async def test_a_failing_job_undoes_only_itself(db: SqliteDatabase, error: BaseException) -> None:
    got = await together(db, lambda tx: put(tx, "a"), broken(error), lambda tx: put(tx, "b"))
    assert (got[0], type(got[1]), got[2]) == ("a", type(error), "b")
    assert await db.read(names) == ["a", "b"]


async def test_a_failing_statement_undoes_its_whole_job(db: SqliteDatabase) -> None:
    def twice(tx: Tx) -> None:
        put(tx, "half done")
        put(tx, "a")

    got = await together(db, lambda tx: put(tx, "a"), twice, lambda tx: put(tx, "b"))
    assert isinstance(got[1], sqlite3.IntegrityError)
    assert await db.read(names) == ["a", "b"]


async def test_a_job_sees_its_predecessors_in_the_group_but_no_ruins(db: SqliteDatabase) -> None:
    got = await together(db, lambda tx: put(tx, "a"), broken(KeyError()), names, lambda tx: put(tx, "b"), names)
    assert (got[2], got[4]) == (["a"], ["a", "b"])


async def test_an_iterator_that_runs_dry_does_not_stop_the_writer(db: SqliteDatabase) -> None:
    got = await together(db, lambda tx: next(iter(())), lambda tx: put(tx, "a"))
    assert isinstance(got[0], RuntimeError)
    assert got[1] == "a"
    assert await db.write("t", put, "b") == "b"


async def test_a_failing_commit_fails_everybody(db: SqliteDatabase) -> None:
    def dangling(tx: Tx) -> str:
        tx.run("PRAGMA defer_foreign_keys = ON")  # the violation shows at COMMIT
        tx.run("INSERT INTO feeds (user_id, stamp) VALUES (1, 1)")
        return "fine so far"

    got = await together(db, lambda tx: put(tx, "a"), dangling, lambda tx: put(tx, "b"))
    assert [type(e) for e in got] == [sqlite3.IntegrityError] * 3
    assert await db.read(names) == []
    assert await db.write("t", put, "after") == "after"


# --- the disk and the lock
@pytest.mark.parametrize("statement", ["COMMIT", "RELEASE job", "BEGIN IMMEDIATE"])
@pytest.mark.parametrize(
    "text, kind",
    [
        ("database or disk is full", NoSpace),
        ("database is locked", Unavailable),
        ("database table is locked", Unavailable),
        ("disk I/O error", Unavailable),
        ("unable to open database file", Unavailable),
        ("attempt to write a readonly database", Unavailable),
        ("no such table: x", sqlite3.OperationalError),
    ],
)
async def test_errors_of_the_file_are_typed_and_pass(db: SqliteDatabase, statement: str, text: str, kind: type[Exception]) -> None:
    watched = spy(db)
    watched.fail[statement] = sqlite3.OperationalError(text)
    for _ in range(2):
        with pytest.raises(kind):
            await db.write("t", put, "a")
    watched.fail.clear()
    assert await db.read(names) == []
    assert await db.write("t", put, "b") == "b"


async def test_a_column_with_full_in_its_name_is_no_full_disk(db: SqliteDatabase) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await db.write("t", broken(sqlite3.IntegrityError("UNIQUE constraint failed: people.full_name")))


async def test_a_writer_that_cannot_even_roll_back_leaves_nobody_waiting(db: SqliteDatabase) -> None:
    watched = spy(db)
    watched.fail = {"COMMIT": sqlite3.OperationalError("disk I/O error"), "ROLLBACK": sqlite3.OperationalError("disk I/O error")}
    with pytest.raises(Unavailable):
        await asyncio.wait_for(db.write("t", put, "a"), 10)
    watched.fail.clear()
    with pytest.raises(sqlite3.OperationalError):  # the transaction is still open: this attempt ends it
        await db.write("t", put, "b")
    assert await db.write("t", put, "c") == "c"
    assert await db.read(names) == ["c"]


async def test_a_really_full_disk(db: SqliteDatabase) -> None:
    pages = await db.read(lambda tx: tx.value("PRAGMA page_count"))
    await db.write("t", lambda tx: tx.value(f"PRAGMA max_page_count = {pages + 4}"))
    got = await together(db, *(lambda tx, n=n: put(tx, str(n), "x" * 3000) for n in range(30)))
    assert {type(g) for g in got} <= {str, NoSpace}
    assert NoSpace in {type(g) for g in got}
    assert sorted(g for g in got if isinstance(g, str)) == await db.read(names), "answered and kept are the same"
    await db.write("t", lambda tx: tx.value(f"PRAGMA max_page_count = {pages + 400}"))
    assert await db.write("t", put, "later", "x" * 9000) == "later"


async def test_a_transaction_that_the_engine_rolled_back_takes_nobody_along_half(db: SqliteDatabase) -> None:
    def lose(tx: Tx) -> None:
        db._writer._conn.execute("ROLLBACK")  # what SQLite does by itself on some full disks
        raise sqlite3.OperationalError("database or disk is full")

    got = await together(db, lambda tx: put(tx, "a"), lose, lambda tx: put(tx, "b"))
    assert [type(g) for g in got] == [NoSpace] * 3
    assert await db.read(names) == []


async def test_a_database_locked_by_another_program(db: SqliteDatabase, tmp_path: Path) -> None:
    await db._on_writer(lambda: db._writer._conn.execute("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(tmp_path / "darkroom.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await db.write("t", put, "a")
    with pytest.raises(Unavailable):
        await db.check()
    other.execute("ROLLBACK")
    other.close()
    await db.check()
    assert await db.write("t", put, "a") == "a"


async def test_reads_type_their_errors_too(db: SqliteDatabase) -> None:
    def fail(tx: Tx) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    def bug(tx: Tx) -> None:
        tx.all("SELECT nonsense")

    for read in (db.read, db.scan):
        with pytest.raises(Unavailable):
            await read(fail)
        with pytest.raises(sqlite3.OperationalError, match="nonsense"):
            await read(bug)
        assert await read(names) == []


async def test_a_check_that_fails_oddly_is_still_unavailable(db: SqliteDatabase) -> None:
    spy(db).fail["SELECT 1"] = sqlite3.DatabaseError("file is not a database")
    with pytest.raises(Unavailable):
        await db.check()


# --- callers that leave, and the end
async def test_a_caller_that_goes_away_does_not_undo_its_write(db: SqliteDatabase) -> None:
    gate, held = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(tx: Tx) -> str:
        loop.call_soon_threadsafe(held.set)
        assert gate.wait(10)
        return put(tx, "holder")

    running = asyncio.create_task(db.write("hold", hold))
    await held.wait()
    queued, refused = asyncio.create_task(db.write("t", put, "queued")), asyncio.create_task(db.write("t", broken(KeyError())))
    last = asyncio.create_task(db.write("t", put, "last"))
    await asyncio.sleep(0)
    for task in (running, queued, refused):
        task.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await last == "last"
    assert [t.cancelled() for t in (running, queued, refused)] == [True] * 3
    assert await db.read(names) == ["holder", "last", "queued"]


async def test_stop_finishes_what_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    db = SqliteDatabase(tmp_path / "darkroom.db")
    await db.start()
    waiting = [asyncio.create_task(db.write("t", put, f"{n:03}")) for n in range(3 * GROUP)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(db.stop())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await db.write("t", put, "too late")
    await stopping
    assert [await w for w in waiting] == [f"{n:03}" for n in range(3 * GROUP)]
    again = SqliteDatabase(tmp_path / "darkroom.db")
    await again.start()
    assert await again.read(names) == [f"{n:03}" for n in range(3 * GROUP)]
    await again.stop()


async def test_acknowledged_means_synced(db: SqliteDatabase) -> None:
    def read(tx: Tx) -> list[Any]:
        return [tx.value(f"PRAGMA {p}") for p in ("synchronous", "journal_mode", "foreign_keys")]

    assert await db.write("t", read) == [2, "wal", 1]


async def test_slow_transactions_are_named(db: SqliteDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    ticks = iter((0.0, 0.0, 0.75))
    monkeypatch.setattr("app.db.sqlite.time.perf_counter", lambda: next(ticks, 1.0))
    await db.write("the.slow.one", put, "a")
    assert "slow transaction the.slow.one: 750 ms" in caplog.text
