"""Point reads on PostgreSQL from the event loop: many at once over few connections, and the longer way when these are gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
from psycopg import errors

from app.db import Tx
from app.db.postgres import lookups
from app.db.postgres.database import PostgresDatabase
from app.kernel.errors import NotFound
from tests.db.proxy import Proxy, proxied
from tests.engines import PATIENT


async def opened(url: str) -> PostgresDatabase:
    """A database whose lines are all there."""
    db = PostgresDatabase(url, 2, PATIENT)
    await db.start()
    await lines(db)
    return db


async def lines(db: PostgresDatabase) -> None:
    while sum(line.alive for line in db._lookups._lines) < lookups.LINES:
        await db.read(one)
        await asyncio.sleep(0)


@pytest.fixture
async def db(url: str) -> AsyncIterator[PostgresDatabase]:
    made = await opened(url)
    yield made
    await made.stop()


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one for every read that went through a thread."""
    went: list[int] = []
    read_again: Callable[..., Any] = PostgresDatabase._read_again

    def counted(self: PostgresDatabase, *args: Any) -> Any:
        went.append(1)
        return read_again(self, *args)

    monkeypatch.setattr(PostgresDatabase, "_read_again", counted)
    return went


def one(tx: Tx) -> int:
    return int(tx.value("SELECT 1"))


def squares(tx: Tx, n: int) -> list[Any]:
    """Every way to ask, each answer deciding about the next question."""
    first = tx.value("SELECT :n * :n", n=n)
    second = tx.one("SELECT :n, 'text', TRUE, NULL", n=first)
    rows = tx.all("SELECT r.a * 2, r.b FROM :r[a int, b text] r ORDER BY 1", r=[(first, "x"), (first + 1, "y")])
    return [
        first,
        second,
        rows,
        tx.together(lambda tx: tx.all("SELECT 5"), lambda tx: 6)[0],
        tx.one("SELECT 1 WHERE FALSE"),
        tx.value("SELECT 1 WHERE FALSE"),
    ]


async def test_it_works(db: PostgresDatabase, long_way: list[int]) -> None:
    found = await asyncio.gather(*(db.read(squares, n) for n in range(100)))
    for n, answer in enumerate(found):
        q = n * n
        assert answer == [q, (q, "text", True, None), [(2 * q, "x"), (2 * q + 2, "y")], [(5,)], None, None]
    assert long_way == []
    assert await db.read(lambda tx: 7) == 7


async def test_large_questions_and_answers(db: PostgresDatabase, long_way: list[int]) -> None:
    text = "x" * 3_000_000
    found = await asyncio.gather(*(db.read(lambda tx: tx.all("SELECT :t || '!'", t=text)) for _ in range(6)))
    assert found == [[(text + "!",)]] * 6
    assert long_way == []


async def test_an_error_is_its_askers_alone(db: PostgresDatabase, long_way: list[int]) -> None:
    def divide(tx: Tx, by: int) -> Any:
        return tx.value("SELECT 10 / :by", by=by)

    found = await asyncio.gather(*(db.read(divide, n % 3) for n in range(30)), return_exceptions=True)
    assert [type(f) if isinstance(f, Exception) else f for f in found] == [errors.DivisionByZero, 10, 5] * 10
    for _ in range(3):
        with pytest.raises(errors.SyntaxError):
            await db.read(lambda tx: tx.all("SELECT FROM WHERE"))
    with pytest.raises(psycopg.DataError, match="NUL"):
        await db.read(lambda tx: tx.all("SELECT :a", a="a\0b"))
    assert await db.read(divide, 2) == 5
    assert long_way == []


async def test_what_the_function_raises_is_raised(db: PostgresDatabase) -> None:
    def refuse(tx: Tx) -> None:
        try:
            one(tx)
        except Exception as e:
            raise AssertionError("the way a question is asked shows") from e
        raise NotFound(log="no")

    with pytest.raises(NotFound):
        await db.read(refuse)


@pytest.mark.parametrize("how", ["run", "send", "lock"])
async def test_a_read_changes_nothing(db: PostgresDatabase, how: str) -> None:
    with pytest.raises(TypeError, match="changes nothing"):
        await db.read(lambda tx: getattr(tx, how)("DELETE FROM leases"))


async def test_an_asker_who_goes_away_disturbs_nobody(db: PostgresDatabase, long_way: list[int]) -> None:
    tasks = [asyncio.create_task(db.read(squares, n)) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(f, asyncio.CancelledError) for f in found[::2])
    assert [f[0] for f in found[1::2] if isinstance(f, list)] == [n * n for n in range(1, 20, 2)]
    assert long_way == []


async def test_a_lost_connection_is_not_noticed_by_askers(url: str, long_way: list[int]) -> None:
    async with proxied(url) as proxy:
        db = await opened(proxy.url)
        for _ in range(3):
            await _cut_under_questions(db, proxy)
        await db.stop()
    assert long_way


async def _cut_under_questions(db: PostgresDatabase, proxy: Proxy) -> None:
    tasks = [asyncio.create_task(db.read(squares, n)) for n in range(20)]
    await asyncio.sleep(0)
    await proxy.cut()
    await proxy.restore()
    assert [answer[0] for answer in await asyncio.gather(*tasks)] == [n * n for n in range(20)]
    await lines(db)


async def test_a_server_that_ends_our_connection(db: PostgresDatabase, url: str, long_way: list[int]) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    assert await db.read(squares, 3)
    before = len(long_way)
    await lines(db)
    assert before <= len(long_way)


async def test_a_plan_that_went_stale_is_made_anew(db: PostgresDatabase, url: str) -> None:
    def whole(tx: Tx) -> Any:
        return tx.one("SELECT * FROM leases")

    await db.write("t", lambda tx: tx.run("INSERT INTO leases (name, holder, expires_at) VALUES ('a', 'b', 1)"))
    assert await db.read(whole) == ("a", "b", 1)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("ALTER TABLE leases ADD COLUMN more BIGINT DEFAULT 5")
    assert await db.read(whole) == ("a", "b", 1, 5)


async def test_a_line_that_has_prepared_enough_is_replaced(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "KEEP", 10)
    db = await opened(url)
    for n in range(200):
        assert await db.read(lambda tx, n=n: tx.value(f"SELECT {n} + 1")) == n + 1
    await lines(db)
    assert all(len(line._db.prepared) <= 11 for line in db._lookups._lines if line.alive)
    await db.stop()


async def test_stopping_answers_everybody(url: str) -> None:
    db = await opened(url)
    tasks = [asyncio.create_task(db.read(squares, n)) for n in range(10)]
    await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    await db.stop()
    assert not any(line.alive for line in db._lookups._lines)
    other = PostgresDatabase(url, 2, PATIENT)
    await other.start()
    await other.read(one)  # its first line is being made
    await other.stop()
    assert not any(line.alive for line in other._lookups._lines)


async def test_no_line_is_to_be_had(url: str, monkeypatch: pytest.MonkeyPatch, long_way: list[int]) -> None:
    """Reads go on the longer way, and the server is not asked for a connection at every one."""
    tries: list[int] = []

    def refused(settings: Any) -> Any:
        tries.append(1)
        raise psycopg.OperationalError("too many connections")

    monkeypatch.setattr("app.db.postgres.database._connect", refused)
    db = PostgresDatabase(url, 2, PATIENT)
    await db.start()
    for n in range(20):
        assert (await db.read(squares, n))[0] == n * n
    assert len(long_way) == 20
    assert 1 <= len(tries) < 10
    await db.stop()
