"""PostgreSQL that goes away, comes back, hangs, deadlocks or is set up otherwise than expected."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from app.db import Tx
from app.db.postgres import watch
from app.db.postgres.database import PostgresDatabase
from app.db.postgres.statements import KEEP
from app.db.postgres.values import numbered
from app.kernel.errors import NoSpace, Unavailable
from app.main import create_app
from tests.db.proxy import Proxy, proxied
from tests.engines import PATIENT
from tests.files import photos
from tests.inprocess import Api, World, open_world


@pytest.fixture
async def db(url: str) -> AsyncIterator[PostgresDatabase]:
    opened = PostgresDatabase(url, 6, PATIENT)
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[Proxy]:
    async with proxied(url) as p:
        yield p


@pytest.fixture
async def away(proxy: Proxy) -> AsyncIterator[PostgresDatabase]:
    """A database behind the proxy."""
    opened = PostgresDatabase(proxy.url, 6)
    await opened.start()
    yield opened
    await proxy.restore()
    await opened.stop()


def put(tx: Tx, name: str, n: int = 0) -> int:
    return tx.run(
        "INSERT INTO leases (name, holder, expires_at) VALUES (:name, 'x', :n) ON CONFLICT (name) DO UPDATE SET expires_at = leases.expires_at + 1",
        name=name,
        n=n,
    )


def names(tx: Tx) -> set[str]:
    return {n for (n,) in tx.all("SELECT name FROM leases")}


# --- away and back
async def test_a_cut_between_requests_is_not_noticed(away: PostgresDatabase, proxy: Proxy) -> None:
    for n in range(3):
        await asyncio.gather(*(away.write("t", put, f"{n}-{i}") for i in range(6)))
        await proxy.cut()
        await proxy.restore()
        assert await away.scan(names) >= {f"{n}-{i}" for i in range(6)}
    assert len(await away.read(names)) == 18


async def test_while_it_is_away_the_answer_is_503_and_afterwards_all_is_well(url: str, tmp_path: Path) -> None:
    """Through the application, with requests all the time: no acknowledged write is lost, /readyz tells, nothing is restarted."""
    async with open_world("sqlite", tmp_path) as base, proxied(url) as proxy:
        db = PostgresDatabase(proxy.url, 6)
        await db.start()
        kernel = dataclasses.replace(base.kernel, db=db)
        world = World(kernel, base.clock, create_app(kernel))
        alice = await world.person("alice")
        album = await photos.album(alice)
        asks = [await photos.body(world, alice, album) for _ in range(60)]
        kept: list[int] = []
        statuses: set[int] = set()

        async def one(ask: photos.Json) -> None:
            began = time.monotonic()
            answer = await alice.post("/files", ask, expect=None)
            assert time.monotonic() - began < 30, "a few seconds; more on a busy machine, but not for ever"
            statuses.add(answer.status)
            if answer.status == 200:
                kept.append(answer.json()["id"])

        await one(asks.pop())
        under_way = [asyncio.create_task(one(asks.pop())) for _ in range(20)]
        await asyncio.sleep(0)
        await proxy.cut()
        await asyncio.gather(*under_way, *(one(asks.pop()) for _ in range(20)))
        assert 503 in statuses <= {200, 503}
        ready = Api(world.app)
        assert (await ready.get("/readyz", expect=503)).json() == {"status": "failing"}
        assert (await ready.get("/ping")).status == 200
        await proxy.restore()
        for _ in range(40):
            if (await ready.get("/readyz", expect=None)).status == 200:
                break
        statuses.clear()
        await asyncio.gather(*(one(asks.pop()) for _ in range(len(asks))))
        assert statuses == {200}
        assert {f["id"] for f in await photos.diff(alice, album)} >= set(kept)
        await photos.used(world, alice)
        await db.stop()


@pytest.mark.parametrize("delivered", [False, True])
async def test_a_connection_that_dies_during_commit_is_a_503(away: PostgresDatabase, proxy: Proxy, url: str, delivered: bool) -> None:
    """Whether it took place nobody can know: it is not tried again, and not acknowledged."""
    await away.write("t", put, "a")
    proxy.cut_at, proxy.deliver = b"COMMIT\0", delivered  # not the one in READ COMMITTED
    with pytest.raises(Unavailable, match="lost during COMMIT"):
        await away.write("t", put, "a")
    assert proxy.hits == 1
    proxy.cut_at = b""
    for _ in range(100):
        found = await away.read(lambda tx: tx.value("SELECT expires_at FROM leases WHERE name = 'a'"))
        if found == delivered:
            break
    assert found == delivered
    await away.write("t", put, "b")


async def test_a_connection_that_dies_before_commit_is_tried_again(away: PostgresDatabase, proxy: Proxy) -> None:
    tries = []

    def change(tx: Tx) -> int:
        put(tx, "a")
        tries.append(1)
        if len(tries) == 1:
            tx.value("SELECT pg_terminate_backend(pg_backend_pid())")
        return put(tx, "a")

    assert await away.write("t", change) == 1
    assert len(tries) == 2
    assert await away.read(lambda tx: tx.value("SELECT expires_at FROM leases")) == 1, "the first try left nothing"


async def test_a_server_that_says_nothing_is_given_up(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither closed nor refused: the connections stay open and no answer comes. Their requests end, and all is well afterwards."""
    monkeypatch.setattr(watch, "ANSWER", 1)
    monkeypatch.setattr(watch.Watch.__init__, "__defaults__", (0.5,))
    db = PostgresDatabase(proxy.url, 4)
    await db.start()
    await db.write("t", put, "a")
    proxy.stall()
    began = time.monotonic()
    results = await asyncio.gather(*(db.write("t", put, "b") for _ in range(6)), db.scan(names), return_exceptions=True)
    assert {type(r) for r in results} == {Unavailable}
    assert time.monotonic() - began < 30
    await proxy.restore()
    for _ in range(20):
        try:
            await db.write("t", put, "c")
            break
        except Unavailable:
            continue
    assert await db.scan(names) >= {"a", "c"}
    await db.stop()


async def test_a_slow_transaction_is_left_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow is not away: as long as the server answers somebody, nobody is cut."""
    monkeypatch.setattr(watch.Watch.__init__, "__defaults__", (0.1,))
    db = PostgresDatabase(url, 2)
    await db.start()
    assert await db.write("t", lambda tx: tx.value("SELECT 7 FROM pg_sleep(1)")) == 7
    await db.stop()


async def test_it_is_not_there_at_the_start() -> None:
    db = PostgresDatabase("postgresql://127.0.0.1:9/none?connect_timeout=2", 2)
    with pytest.raises(Unavailable):
        await db.start()
    assert [t.name for t in threading.enumerate() if t.name.startswith("darkroom-db")] == []


# --- conflicts
async def test_a_deadlock_is_tried_again(db: PostgresDatabase, url: str) -> None:
    """Two transactions lock two rows in opposite order, each once it knows that the other has its first: one is undone and repeated."""
    await db.write("t", lambda tx: [put(tx, "a"), put(tx, "b")])
    meet = threading.Barrier(2)
    tries = []

    def both(tx: Tx, first: str, second: str) -> None:
        tries.append(first)
        put(tx, first)
        if len(tries) <= 2:
            meet.wait(20)
        put(tx, second)

    await asyncio.gather(db.write("t", both, "a", "b"), db.write("t", both, "b", "a"))
    assert len(tries) == 3
    assert await db.read(lambda tx: tx.all("SELECT expires_at FROM leases")) == [(2,), (2,)]


async def test_conflicts_without_end_are_a_503(db: PostgresDatabase) -> None:
    tries = []

    def never(tx: Tx) -> None:
        tries.append(put(tx, "a"))
        raise errors.SerializationFailure("again")

    with pytest.raises(Unavailable, match="still conflicting"):
        await db.write("t", never)
    assert len(tries) == 11
    assert await db.read(names) == set()


async def test_a_key_taken_meanwhile_is_looked_for_again(db: PostgresDatabase) -> None:
    """Two look, neither finds, both insert: the loser looks again and finds. What is taken for good stays an error."""
    meet = threading.Barrier(2)
    tries = []

    def find_or_make(tx: Tx) -> str:
        tries.append(1)
        if tx.value("SELECT 1 FROM leases WHERE name = 'only'"):
            return "found"
        if len(tries) <= 2:
            meet.wait(20)
        tx.run("INSERT INTO leases (name, holder, expires_at) VALUES ('only', '', 1)")
        return "made"

    assert sorted(await asyncio.gather(db.write("t", find_or_make), db.write("t", find_or_make))) == ["found", "made"]
    with pytest.raises(errors.UniqueViolation):
        await db.write("t", lambda tx: tx.run("INSERT INTO leases (name, holder, expires_at) VALUES ('only', '', 1)"))


# --- transactions
async def test_what_fails_leaves_nothing_and_reaches_the_caller(db: PostgresDatabase) -> None:
    def fail(tx: Tx) -> None:
        put(tx, "a")
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await db.write("t", fail)
    with pytest.raises(errors.UndefinedTable):
        await db.write("t", lambda tx: tx.all("SELECT 1 FROM nowhere"))
    assert await db.scan(names) == set()


async def test_a_swallowed_error_is_not_acknowledged(db: PostgresDatabase) -> None:
    """COMMIT of a failed transaction is a ROLLBACK that reports no error."""

    def swallow(tx: Tx) -> None:
        put(tx, "a")
        with contextlib.suppress(errors.DivisionByZero):
            tx.value("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="nothing is stored"):
        await db.write("t", swallow)
    assert await db.read(names) == set()


async def test_isolation_does_not_depend_on_the_servers_default(url: str) -> None:
    """With REPEATABLE READ a statement after a lock would not see what the lock's previous holder committed."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {admin.info.dbname} SET default_transaction_isolation = 'repeatable read'".encode())
        admin.execute(f"ALTER DATABASE {admin.info.dbname} SET default_transaction_read_only = off".encode())
    db = PostgresDatabase(url, 4)
    await db.start()
    await db.write("t", put, "lock")
    await db.write("t", put, "count")

    def count_up(tx: Tx) -> None:
        tx.one("SELECT 1 FROM leases WHERE name = 'lock' FOR UPDATE")
        n = tx.value("SELECT expires_at FROM leases WHERE name = 'count'")
        tx.run("UPDATE leases SET expires_at = :n WHERE name = 'count'", n=n + 1)

    await asyncio.gather(*(db.write("t", count_up) for _ in range(40)))
    assert await db.read(lambda tx: tx.value("SELECT expires_at FROM leases WHERE name = 'count'")) == 40
    assert await db.read(lambda tx: tx.value("SHOW transaction_isolation")) == "repeatable read"
    await db.stop()


async def test_a_scan_is_one_snapshot(db: PostgresDatabase) -> None:
    seen, written = threading.Event(), threading.Event()

    def twice(tx: Tx) -> tuple[set[str], set[str]]:
        before = names(tx)
        seen.set()
        assert written.wait(20)
        return before, names(tx)

    scanning = asyncio.create_task(db.scan(twice))
    await asyncio.to_thread(seen.wait, 20)
    await db.write("t", put, "a")
    written.set()
    assert await scanning == (set(), set())
    assert await db.scan(names) == {"a"}


async def test_a_scan_cannot_write(url: str) -> None:
    """A database that takes no writes is one that was replaced by another: it is tried again for as long as anybody waits."""
    db = PostgresDatabase(url, 2, 0.5)
    await db.start()
    with pytest.raises(Unavailable):
        await db.scan(put, "b")
    assert await db.scan(names) == set()
    await db.stop()


async def test_a_full_disk_is_a_507(db: PostgresDatabase) -> None:
    def full(tx: Tx) -> None:
        raise errors.DiskFull("could not extend file")

    with pytest.raises(NoSpace):
        await db.write("t", full)


# --- values
async def test_values_come_back_as_they_went(db: PostgresDatabase) -> None:
    def check(tx: Tx) -> None:
        for value in (0, -1, (1 << 63) - 1, -(1 << 63), True, False, b"", bytes(range(256))):
            kind = {int: "BIGINT", bool: "BOOLEAN", bytes: "BYTEA"}[type(value)]
            got = tx.value(f"SELECT CAST(:v AS {kind})", v=value)
            assert (got, type(got)) == (value, type(value))
        for text in ("", "é😀", "'; DROP TABLE users; --", '{a,"b"}', "\\x00", "NULL", "%s %(x)s %%", "$1"):
            assert tx.value("SELECT CAST(:v AS TEXT)", v=text) == text
            assert (
                tx.value("SELECT count(*) FROM :rows[t text] r WHERE r.t IN (:list[])", rows=[(text,), ("other",)], list=[text, "\\", '"', "NULL"])
                == 1
            )
        assert tx.value("SELECT count(*) FROM :rows[n int] r WHERE r.n NOT IN (:l[])", rows=[(1,), (2,)], l=()) == 2
        assert tx.value("SELECT CAST(:v AS TEXT)", v=None) is None
        assert tx.value("SELECT 1 WHERE CAST(:raw AS BYTEA) IN (:raws[])", raw=b"\0\xff", raws=[b"", b"\0\xff"]) == 1

    await db.read(check)
    with pytest.raises(psycopg.DataError, match="NUL"):
        await db.read(lambda tx: tx.value("SELECT CAST(:v AS TEXT)", v="a\0b"))
    with pytest.raises(TypeError):
        await db.read(lambda tx: tx.value("SELECT :v", v=1.5))


async def test_sums_are_whole_numbers(db: PostgresDatabase) -> None:
    big = (1 << 63) - 1
    await db.write("t", lambda tx: [put(tx, "a", big), put(tx, "b", big)])
    found = await db.read(lambda tx: tx.value("SELECT sum(expires_at) FROM leases"))
    assert (found, type(found)) == (2 * big, int)
    assert await db.read(lambda tx: tx.value("SELECT sum(expires_at) FROM leases WHERE name = ''")) is None


def test_statements_are_numbered_once() -> None:
    assert numbered("SELECT :b, :a, :b, '5%' FROM :r[x int] q")[:2] == (
        b"SELECT $1, $2, $1, '5%' FROM (SELECT (v->>0)::BIGINT AS x FROM jsonb_array_elements($3::jsonb) AS t(v)) q",
        ("b", "a", "r"),
    )


async def test_prepared_statements_have_a_bound_and_survive_a_change_of_schema(url: str) -> None:
    db = PostgresDatabase(url, 2)
    await db.start()

    def many(tx: Tx) -> int:
        for n in range(KEEP + 20):
            assert tx.value(f"SELECT {n} + :n", n=1) == n + 1
        return int(tx.value("SELECT count(*) FROM pg_prepared_statements"))

    assert await db.scan(many) < 100
    row = lambda tx: tx.all("SELECT * FROM leases")  # noqa: E731 - one statement, asked before and after
    await db.write("t", put, "a")
    for _ in range(12):
        assert await db.scan(row) == [("a", "x", 0)]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("ALTER TABLE leases ADD COLUMN more TEXT")
    assert await db.scan(row) == [("a", "x", 0, None)]
    await db.stop()
