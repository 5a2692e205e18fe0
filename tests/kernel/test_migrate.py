"""Migrations: in order, atomic, never backwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.db import Tx, migrate
from app.db.sqlite import SqliteDatabase, _migrate
from tests.engines import ENGINES, open_database


def test_the_numbers_have_no_gap_and_no_twin() -> None:
    assert [n for n, _, _ in migrate.migrations()] == list(range(1, migrate.latest() + 1))
    assert migrate.migrations()[0][1] == "initial"


def test_only_numbered_sql_files_are_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("0002_b.sql", "0001_a.sql", "0003_c.sql~", "3_d.sql", "README.md", "0004-e.sql"):
        (folder / name).write_text(f"-- {name}")
    monkeypatch.setattr("app.db.migrate.resources.files", lambda package: tmp_path)
    assert migrate.migrations() == [(1, "a", "-- 0001_a.sql"), (2, "b", "-- 0002_b.sql")]
    assert migrate.latest() == 2


def test_what_is_pending() -> None:
    assert migrate.pending(0) == migrate.migrations()
    assert migrate.pending(migrate.latest()) == []


def test_a_newer_schema_is_refused() -> None:
    with pytest.raises(migrate.SchemaTooNew, match="newer Darkroom"):
        migrate.pending(migrate.latest() + 1)


def test_migrations_run_in_order_and_stop_at_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "migrations", lambda: [(1, "a", "A"), (2, "b", "B"), (3, "c", "C")])
    ran: list[tuple[int, str]] = []
    assert migrate.apply(1, lambda n, sql: ran.append((n, sql))) == 3
    assert ran == [(2, "B"), (3, "C")]

    def fail(number: int, sql: str) -> None:
        ran.append((number, sql))
        raise sqlite3.OperationalError("no")

    ran.clear()
    with pytest.raises(sqlite3.OperationalError):
        migrate.apply(0, fail)
    assert ran == [(1, "A")]


def test_a_failing_migration_leaves_nothing_behind() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    _migrate(db, 1, "CREATE TABLE a (\n  id {identity 500}, x TEXT);")
    assert db.execute("INSERT INTO a (x) VALUES ('x') RETURNING id").fetchone() == (500,)
    for broken in ("CREATE TABLE b (x TEXT); INSERT INTO a (x) VALUES ('y'); CREATE TABLE a (x TEXT);", "CREATE TABLE b (x TEXT); nonsense;"):
        with pytest.raises(sqlite3.Error):
            _migrate(db, 2, broken)
        assert not db.in_transaction
        assert db.execute("SELECT name FROM sqlite_master WHERE name = 'b'").fetchall() == []
        assert db.execute("SELECT x FROM a").fetchall() == [("x",)]
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()


def test_a_migration_waits_for_no_lock_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    first, second = [sqlite3.connect(path, isolation_level=None, timeout=0) for _ in range(2)]
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        _migrate(second, 1, "CREATE TABLE a (x TEXT);")
    assert not second.in_transaction
    for db in (first, second):
        db.close()


def _ids(tx: Tx) -> list[int]:
    user = tx.value("INSERT INTO users (email_hash, created_at) VALUES ('h', 1) RETURNING user_id")
    album = tx.value(
        "INSERT INTO collections (owner_id, app, type, encrypted_key, key_nonce, attributes, created_at, updation_time) "
        "VALUES (:user, 'photos', 'album', '', '', '{}', 1, 1) RETURNING collection_id",
        user=user,
    )
    return [user, album]


async def test_people_and_albums_start_where_clients_expect_them(engine: str, tmp_path: Path) -> None:
    async with open_database(engine, tmp_path) as db:
        assert await db.write("t", _ids) == [1580559962386438, 1580559962386438]


@pytest.mark.skipif("postgres" not in ENGINES, reason="PostgreSQL only")
async def test_a_database_that_was_lent_starts_so_again_whatever_was_done_to_its_numbers(tmp_path: Path) -> None:
    async with open_database("postgres", tmp_path) as db:
        await db.write("t", _ids)
        await db.write("t", lambda tx: tx.value("SELECT setval('collections_collection_id_seq', 1580559962386450, false)"))
        url = db.url
    async with open_database("postgres", tmp_path) as db:
        assert db.url == url
        assert await db.write("t", _ids) == [1580559962386438, 1580559962386438]


async def test_a_migrated_file_opens_again_and_a_newer_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "darkroom.db"
    for _ in range(2):
        db = SqliteDatabase(path)
        await db.start()
        await db.stop()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {migrate.latest() + 1}")
    raw.close()
    before = path.read_bytes()
    newer = SqliteDatabase(path)
    with pytest.raises(migrate.SchemaTooNew):
        await newer.start()
    assert not newer._writer._connection  # the writer's thread has ended, or the process never would
    assert path.read_bytes() == before
