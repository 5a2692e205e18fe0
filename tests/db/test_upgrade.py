"""A database of the first release, with people and photos in it, becomes today's, and a server finds all of it again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.db import Database, Tx, migrate
from app.db.postgres.database import PostgresDatabase
from app.db.sqlite import SqliteDatabase
from tests.engines import PATIENT, drop_postgres, empty_postgres

FIRST = 1


def _fill(tx: Tx) -> int:
    """A person of the first release with a session, a code, an open log-in, an invite and a stored object."""
    user = int(tx.value("INSERT INTO users (email_hash, created_at, quota) VALUES ('hash', 1, 7) RETURNING user_id"))
    tx.run("INSERT INTO feeds (user_id, stamp) VALUES (:u, 5)", u=user)
    tx.run("INSERT INTO usage (user_id, app, bytes, files) VALUES (:u, 'photos', 11, 1)", u=user)
    tx.run("INSERT INTO sessions (token_hash, user_id, app, handle, created_at, last_used_at) VALUES (:t, :u, 'photos', 'h', 1, 1)", t=b"t", u=user)
    tx.run(
        "INSERT INTO otts (email_hash, app, code_hash, code_cipher, code_nonce, created_at, expires_at) VALUES ('hash', 'photos', 'c', :b, :b, 1, 2)",
        b=b"b",
    )
    tx.run("INSERT INTO invites (email_hash, created_at) VALUES ('other', 1)")
    tx.run("INSERT INTO objects (object_key, owner_id, store, size, state, created_at) VALUES ('1/k', :u, 'main', 11, 'stored', 1)", u=user)
    return user


@asynccontextmanager
async def _opened(engine: str, where: str) -> AsyncIterator[Database]:
    db: Database = PostgresDatabase(where, 4, PATIENT) if engine == "postgres" else SqliteDatabase(Path(where))
    await db.start()
    try:
        yield db
    finally:
        await db.stop()


async def test_what_the_first_release_stored_is_found_again(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = empty_postgres() if engine == "postgres" else str(tmp_path / "darkroom.db")
    try:
        with monkeypatch.context() as m:
            first = [x for x in migrate.migrations() if x[0] == FIRST]
            m.setattr(migrate, "migrations", lambda: first)
            async with _opened(engine, where) as db:
                user = await db.write("t", _fill)
        async with _opened(engine, where) as db:
            assert await db.read(lambda tx: tx.one("SELECT user_id, quota, deleted_at FROM users")) == (user, 7, None)
            for table in ("feeds", "usage", "sessions", "otts", "invites", "objects"):
                assert await db.read(lambda tx, t=table: tx.value(f"SELECT count(*) FROM {t}")) == 1, table
    finally:
        if engine == "postgres":
            drop_postgres(where)
