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


async def test_answers_are_of_their_turn_whenever_they_are_taken(db: PostgresDatabase) -> None:
    def change(tx: Tx) -> list[Any]:
        none = tx.ask("SELECT count(*) FROM leases")
        send(tx, "a")
        one = tx.ask("SELECT name, expires_at FROM leases")
        add(tx, 5)
        after = one()
        return [none(), after, stored(tx), one(), tx.ask("SELECT 7")()]

    assert await db.write("t", change) == [[(0,)], [("a", 0)], {"a": 5}, [("a", 0)], [(7,)]]
    assert await db.read(lambda tx: tx.ask("SELECT expires_at FROM leases")()) == [(5,)]


async def test_an_answer_of_a_failed_exchange_is_none(db: PostgresDatabase) -> None:
    def change(tx: Tx) -> None:
        answer = tx.ask("SELECT 1 / expires_at FROM leases")
        send(tx, "b")
        with pytest.raises(errors.DivisionByZero):
            answer()
        answer()

    await db.write("t", send, "a")
    with pytest.raises(RuntimeError, match="answer was lost"):
        await db.write("t", change)
    assert await db.read(stored) == {"a": 0}


async def test_statements_beyond_the_bound_go_ahead(db: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def watched(to: Any, calls: list[Any]) -> Any:
        sizes.append(len(calls))
        return exchange(to, calls)

    monkeypatch.setattr(statements, "exchange", watched)

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
