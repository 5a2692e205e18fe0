"""Statements that travel together to PostgreSQL: they take effect in their order, and none of their errors is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg import errors

from app.db import Tx
from app.db.postgres import statements
from app.db.postgres.database import PostgresDatabase
from app.db.postgres.pipeline import exchange
from app.db.postgres.statements import HELD, KEEP
from app.kernel.errors import Unavailable
from tests.db.proxy import Proxy, proxied
from tests.engines import PATIENT


@pytest.fixture
async def db(url: str) -> AsyncIterator[PostgresDatabase]:
    opened = PostgresDatabase(url, 2, PATIENT)
    await opened.start()
    yield opened
    await opened.stop()


def send(tx: Tx, name: str) -> None:
    tx.send("INSERT INTO leases (name, holder, expires_at) VALUES (:name, 'x', 0)", name=name)


def add(tx: Tx, n: int = 1) -> None:
    tx.send("UPDATE leases SET expires_at = expires_at + :n", n=n)


def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each exchange has, as they come."""
    sizes: list[int] = []

    def counting(to: Any, calls: list[Any]) -> Any:
        sizes.append(len(calls))
        return exchange(to, calls)

    monkeypatch.setattr(statements, "exchange", counting)
    return sizes


def stored(tx: Tx) -> dict[str, int]:
    return dict(tx.all("SELECT name, expires_at FROM leases"))


async def test_it_works(db: PostgresDatabase) -> None:
    def change(tx: Tx) -> dict[str, int]:
        send(tx, "a")
        add(tx)
        send(tx, "b")
        add(tx, 10)
        seen = stored(tx)
        add(tx, 100)
        return seen

    assert await db.write("t", change) == {"a": 11, "b": 10}
    assert await db.read(stored) == {"a": 111, "b": 110}
    assert await db.scan(stored) == {"a": 111, "b": 110}


async def test_a_transaction_of_nothing_but_sent_statements_is_committed(db: PostgresDatabase) -> None:
    await db.write("t", send, "a")
    assert await db.read(stored) == {"a": 0}
    assert await db.write("t", lambda tx: 5) == 5


async def test_what_begins_together_travels_in_one_exchange(db: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = watched(monkeypatch)

    def twice(tx: Tx) -> Any:
        n = tx.value("SELECT expires_at FROM leases")
        add(tx, n)
        return n, tx.value("SELECT count(*) FROM leases")

    def change(tx: Tx) -> Any:
        send(tx, "a")
        add(tx, 5)
        return *tx.together(stored, twice, lambda tx: 7, lambda tx: tx.one("SELECT 1 WHERE FALSE")), stored(tx)

    assert await db.write("t", change) == ({"a": 5}, (5, 1), 7, None, {"a": 10})
    assert sizes == [6, 2], "BEGIN, two changes and three first statements; then what the second step went on with"
    assert await db.read(lambda tx: tx.together(stored, stored)) == ({"a": 10}, {"a": 10})


async def test_steps_that_ask_nothing_travel_nowhere(db: PostgresDatabase) -> None:
    assert await db.write("t", lambda tx: tx.together(lambda tx: 1, lambda tx: 2)) == (1, 2)


async def test_what_a_step_raises_is_raised_in_their_order(db: PostgresDatabase) -> None:
    done = []

    def refuse(tx: Tx) -> None:
        tx.value("SELECT 1")
        raise ValueError("refused")

    def later(tx: Tx) -> None:
        done.append(tx.value("SELECT 2"))

    with pytest.raises(ValueError, match="refused"):
        await db.write("t", lambda tx: tx.together(refuse, later))
    assert done == []
    with pytest.raises(errors.DivisionByZero):
        await db.write("t", lambda tx: tx.together(later, lambda tx: tx.value("SELECT 1 / 0")))
    assert done == []
    await db.write("t", send, "a")
    assert await db.read(stored) == {"a": 0}


async def test_a_step_that_begins_with_a_change_is_refused(db: PostgresDatabase) -> None:
    """It is called twice up to its first answer."""
    with pytest.raises(TypeError, match="begins with a statement that has an answer"):
        await db.write("t", lambda tx: tx.together(stored, lambda tx: send(tx, "a")))
    assert await db.read(stored) == {}


async def test_statements_beyond_the_bound_go_ahead(db: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = watched(monkeypatch)

    def many(tx: Tx) -> None:
        send(tx, "a")
        for _ in range(2 * HELD):
            add(tx)

    await db.write("t", many)
    assert await db.read(stored) == {"a": 2 * HELD}
    assert sizes == [HELD, HELD, 3], "BEGIN, the statements, COMMIT"


@pytest.mark.parametrize("looks", [True, False])
async def test_an_error_of_a_sent_statement_undoes_everything(db: PostgresDatabase, looks: bool) -> None:
    """It comes with the next statement or the commit, and what was sent behind it has not run."""
    await db.write("t", send, "taken")
    tries = []

    def change(tx: Tx) -> None:
        tries.append(1)
        send(tx, "a")
        send(tx, "taken")
        send(tx, "b")
        if looks:
            stored(tx)
            tries.append(2)

    with pytest.raises(errors.UniqueViolation):
        await db.write("t", change)
    assert tries == [1, 1, 1], "a taken key is looked for again twice"
    assert await db.read(stored) == {"taken": 0}
    await db.write("t", send, "c")
    assert await db.read(stored) == {"taken": 0, "c": 0}


async def test_what_was_held_back_is_forgotten_when_the_function_fails(db: PostgresDatabase) -> None:
    def change(tx: Tx) -> None:
        send(tx, "a")
        raise ValueError("no")

    for _ in range(3):  # more often than there are connections
        with pytest.raises(ValueError, match="no"):
            await db.write("t", change)
    await db.write("t", send, "b")
    assert await db.read(stored) == {"b": 0}


async def test_a_swallowed_error_is_not_taken_for_a_commit(db: PostgresDatabase) -> None:
    def change(tx: Tx) -> None:
        send(tx, "a")
        try:
            tx.value("SELECT 1 / 0")
        except errors.DivisionByZero:
            send(tx, "b")

    with pytest.raises(errors.InFailedSqlTransaction):
        await db.write("t", change)
    assert await db.read(stored) == {}


async def test_large_values_pass_in_both_directions(db: PostgresDatabase) -> None:
    """More than the sockets hold: what comes back is read while the rest is being sent."""
    text = "x" * 3_000_000

    def change(tx: Tx) -> list[Any]:
        for n in range(4):
            tx.send("INSERT INTO leases (name, holder, expires_at) VALUES (:name, :text, 0)", name=str(n), text=text)
            tx.lock("SELECT holder FROM leases WHERE name = :name FOR UPDATE", name=str(n))
        return tx.all("SELECT length(holder) FROM leases")

    assert await asyncio.wait_for(db.write("t", change), 60) == [(3_000_000,)] * 4


async def test_prepared_statements_stay_within_their_bound(db: PostgresDatabase) -> None:
    await db.write("t", send, "a")

    def many(tx: Tx, first: int) -> int:
        for n in range(first, first + 400):
            tx.send(f"UPDATE leases SET expires_at = expires_at + 1 WHERE expires_at > -{n + 1}")
        return int(tx.value("SELECT count(*) FROM pg_prepared_statements"))

    for first in range(0, 4000, 400):
        assert await db.write("t", many, first) <= KEEP
    assert await db.read(stored) == {"a": 4000}


@pytest.mark.parametrize("delivered", [False, True])
async def test_a_connection_that_dies_with_the_commit_is_a_503(url: str, delivered: bool) -> None:
    """The sent statement and COMMIT travel together; whether they arrived nobody can know: not tried again, and not acknowledged."""
    async with proxied(url) as proxy:
        db = PostgresDatabase(proxy.url, 2, PATIENT)
        await db.start()
        await _lose(db, proxy, delivered)
        await db.stop()


async def _lose(db: PostgresDatabase, proxy: Proxy, delivered: bool) -> None:
    await asyncio.gather(*(db.write("t", send, str(n)) for n in range(4)))
    proxy.cut_at, proxy.deliver = b"remember-me", delivered
    with pytest.raises(Unavailable, match="lost during COMMIT"):
        await db.write("t", send, "remember-me")
    assert proxy.hits == 1
    proxy.cut_at = b""
    for _ in range(200):
        found = "remember-me" in await db.read(stored)
        if found == delivered:
            break
    assert found == delivered
    await db.write("t", send, "after")


async def test_a_connection_that_dies_under_sent_statements_before_the_commit_is_tried_again(db: PostgresDatabase) -> None:
    tries = []

    def change(tx: Tx) -> None:
        send(tx, "a")
        tries.append(1)
        if len(tries) == 1:
            tx.send("SELECT pg_terminate_backend(pg_backend_pid())")
        stored(tx)
        add(tx)

    await db.write("t", change)
    assert len(tries) == 2
    assert await db.read(stored) == {"a": 1}
