"""Servers that start on PostgreSQL, alone and together."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import psycopg
import pytest
from psycopg import errors

from app.db.postgres.database import START_TRIES, PostgresDatabase
from app.kernel.errors import Unavailable
from tests.engines import PATIENT

from .test_postgres import put


def emptied(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA public CASCADE")
        admin.execute("CREATE SCHEMA public")


async def test_many_servers_start_on_an_empty_database_at_once(url: str) -> None:
    for _ in range(4):
        emptied(url)
        databases = [PostgresDatabase(url, 2, PATIENT) for _ in range(12)]
        await asyncio.gather(*(d.start() for d in databases))
        await asyncio.gather(*(d.write("t", put, "a") for d in databases))
        assert await databases[0].read(lambda tx: tx.value("SELECT expires_at FROM leases")) == 11
        await asyncio.gather(*(d.stop() for d in databases))


@pytest.mark.parametrize("said", [errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateObject])
@pytest.mark.parametrize("times", [1, START_TRIES])
async def test_another_server_makes_the_first_table_at_the_same_instant(
    url: str, monkeypatch: pytest.MonkeyPatch, said: type[psycopg.Error], times: int
) -> None:
    emptied(url)
    execute = psycopg.Connection.execute
    left = [said("made meanwhile")] * times

    def raced(db: psycopg.Connection[Any], query: Any, *values: Any) -> Any:
        if left and b"schema_version (one" in query:
            raise left.pop()
        return execute(db, query, *values)

    monkeypatch.setattr(psycopg.Connection, "execute", raced)
    db = PostgresDatabase(url, 2)
    if times == START_TRIES:
        with pytest.raises(Unavailable, match="made meanwhile"):
            await db.start()
    await db.start()
    await db.write("t", put, "a")
    await db.stop()


async def test_careless_settings_are_said_aloud(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {admin.info.dbname} SET synchronous_commit = off".encode())
    db = PostgresDatabase(url, 2)
    with caplog.at_level(logging.WARNING, "darkroom.db"):
        await db.start()
    assert "synchronous_commit = off: a power cut can lose what was acknowledged" in caplog.text
    await db.stop()
    with pytest.raises(Unavailable, match="closing"):
        await db.write("t", put, "a")
