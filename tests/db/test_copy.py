"""`darkroom db copy`: whole, in both directions, continued after an interruption, refused where it must be."""

from __future__ import annotations

import dataclasses
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from app.cli import folder
from app.cli.main import main
from app.db import migrate
from app.db.copying import copy
from app.db.copying.copy import Copied, Refused
from app.db.copying.opening import opened, sqlite_path
from app.db.copying.raw import RawDatabase
from app.db.copying.tables import Row, Table, ordered
from app.db.postgres.database import PostgresDatabase
from app.db.sqlite import SqliteDatabase
from app.main import create_app
from tests.db.content import SCHEMA, fill
from tests.engines import ENGINES, PATIENT, drop_postgres, new_postgres, open_database, postgres_url
from tests.files import photos
from tests.inprocess import Api, World, open_world

WAYS = [(a, b) for a in ENGINES for b in ENGINES]


@asynccontextmanager
async def a_world(engine: str, path: Path) -> AsyncIterator[tuple[World, str]]:
    """A filled world and the URL of its database."""
    need(engine)
    path.mkdir()
    async with open_world(engine, path) as world:
        await fill(world)
        yield world, world.kernel.db.url if isinstance(world.kernel.db, PostgresDatabase) else f"sqlite:///{path}/darkroom.db"


@asynccontextmanager
async def an_empty(engine: str, path: Path) -> AsyncIterator[str]:
    """URL of a database without rows (PostgreSQL: migrated; SQLite: not even a file)."""
    need(engine)
    if engine == "sqlite":
        path.mkdir()
        yield f"sqlite:///{path}/darkroom.db"
        return
    url = new_postgres()
    try:
        yield url
    finally:
        drop_postgres(url)


def need(engine: str) -> None:
    if engine == "postgres" and postgres_url() is None:
        pytest.skip("no PostgreSQL here: set DARKROOM_TEST_POSTGRES_URL")


def run(source: str, target: str, batch: int = 3) -> list[Copied]:
    told: list[Copied] = []
    with closing(opened(source, writable=False)) as a, closing(opened(target, writable=True)) as b:
        copy.copy(a, b, told.append, batch)
    return told


def change(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(sqlite_path(url), isolation_level=None)) as db:
            db.execute(statement)
    else:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(statement.encode())


def opening(url: str) -> PostgresDatabase | SqliteDatabase:
    return SqliteDatabase(sqlite_path(url)) if url.startswith("sqlite") else PostgresDatabase(url, 2, PATIENT)


@pytest.mark.parametrize("source, target", WAYS)
async def test_everything_arrives(source: str, target: str, tmp_path: Path) -> None:
    async with a_world(source, tmp_path / "a") as (world, here), an_empty(target, tmp_path / "b") as there:
        told = run(here, there)
        assert [t.table for t in told if not t.rows] == [], "the content must have a row of every table, or nothing is proved about it"
        dump = [(t.name, sorted(map(repr, rows))) for t, rows in everything(here)]
        assert dump == [(t.name, sorted(map(repr, rows))) for t, rows in everything(there)]
        await goes_on(world, there)


def everything(url: str) -> list[tuple[Table, list[Row]]]:
    with closing(opened(url, writable=False)) as db:
        return [(t, db.page(t, None, 10_000)) for t in ordered(db.tables())]


async def goes_on(world: World, url: str) -> None:
    """A server on the copy: ids go on where the source was, and nobody is given one twice."""
    last = await world.kernel.db.read(lambda tx: tx.value("SELECT max(object_id) FROM objects"))
    db = opening(url)
    await db.start()
    try:

        def make(tx: Any) -> tuple[int, int, int]:
            user = tx.value("INSERT INTO users (email_hash, created_at) VALUES ('new', 1) RETURNING user_id")
            made = tx.value(
                "INSERT INTO objects (object_key, owner_id, store, size, state, created_at) "
                "VALUES ('k', :u, 'm', 1, 'pending', 1) RETURNING object_id",
                u=user,
            )
            twice = tx.value("SELECT count(*) FROM users WHERE user_id = :u", u=user)
            return user, made, twice

        user, made, twice = await db.write("t", make)
        assert twice == 1
        assert made == last + 1
        assert user > 1580559962386438
        assert await db.read(lambda tx: tx.all("SELECT user_id, stamp FROM feeds ORDER BY user_id")) == await world.kernel.db.read(
            lambda tx: tx.all("SELECT user_id, stamp FROM feeds ORDER BY user_id")
        )
    finally:
        await db.stop()


async def test_deleted_rows_do_not_free_their_numbers(engine: str, tmp_path: Path) -> None:
    """An id that was given once and whose row is gone is not given again on the other db."""
    async with a_world(engine, tmp_path / "a") as (world, here), an_empty("sqlite", tmp_path / "b") as there:
        last = await world.kernel.db.write(
            "t",
            lambda tx: tx.value(
                "INSERT INTO objects (object_key, owner_id, store, size, state, created_at) "
                "SELECT 'gone', user_id, 'm', 1, 'deleting', 1 FROM users LIMIT 1 RETURNING object_id"
            ),
        )
        await world.kernel.db.write("t", lambda tx: tx.run("DELETE FROM objects WHERE object_id = :last", last=last))
        run(here, there)
        columns = "object_key, owner_id, store, size, state, created_at"
        change(there, f"INSERT INTO objects ({columns}) SELECT 'n', user_id, '', 1, '', 1 FROM users LIMIT 1")
        with closing(sqlite3.connect(tmp_path / "b/darkroom.db")) as db:
            assert db.execute("SELECT object_id FROM objects WHERE object_key = 'n'").fetchone() == (last + 1,)


# --- no table, no column can be forgotten
async def test_the_catalogue_is_the_schema(engine: str, tmp_path: Path) -> None:
    async with an_empty(engine, tmp_path / "a") as url:
        with closing(opened(url, writable=True)) as db:
            tables = {t.name: t for t in db.tables()}
        written = dict(re.findall(r"^CREATE TABLE (\w+) \((.*?)^\)", SCHEMA, re.DOTALL | re.MULTILINE))
        assert tables.keys() == written.keys()
        for name, text in written.items():
            columns = re.findall(r"^  ([a-z]\w*) ", text, re.MULTILINE)
            assert list(tables[name].kinds) == columns, name
            assert tables[name].refers_to == set(re.findall(r"REFERENCES (\w+)", text)), name
            assert (tables[name].identity is not None) == ("{identity" in text), name


async def test_both_catalogues_say_the_same(tmp_path: Path) -> None:
    async with an_empty("sqlite", tmp_path / "a") as one, an_empty("postgres", tmp_path / "b") as two:
        with closing(opened(one, writable=True)) as a, closing(opened(two, writable=True)) as b:
            assert sorted(a.tables(), key=lambda t: t.name) == sorted(b.tables(), key=lambda t: t.name)
            names = [t.name for t in ordered(a.tables())]
            assert names.index("users") < names.index("files") < names.index("collection_files")
            assert names.index("objects") < names.index("files")
            assert len(names) == len(set(names)) > 20


# --- interrupted
class Interrupted(RawDatabase):
    """A target whose batches fail from the n-th on."""

    def __new__(cls, db: RawDatabase, after: int) -> Any:
        left, append = [after], db.append

        def fail(*args: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            append(*args)

        db.append = fail  # type: ignore[method-assign]  # that is the point
        return db


@pytest.mark.parametrize("source, target", [("sqlite", "postgres"), ("postgres", "sqlite")])
@pytest.mark.parametrize("after", [0, 1, 13, 30])
async def test_an_interrupted_copy_continues(source: str, target: str, after: int, tmp_path: Path) -> None:
    async with a_world(source, tmp_path / "a") as (world, here), an_empty(target, tmp_path / "b") as there:
        with closing(opened(here, writable=False)) as a, closing(opened(there, writable=True)) as b, pytest.raises(KeyboardInterrupt):
            copy.copy(a, Interrupted(b, after), lambda _: None, 2)
        half = opening(there)
        with pytest.raises(migrate.SchemaTooNew, match="unfinished"):
            await half.start()
        with pytest.raises(Refused, match="itself the target of an unfinished copy"):
            run(there, here)
        told = run(here, there, 2)
        assert [t.table for t in told if not t.rows] == []
        await goes_on(world, there)
        with pytest.raises(Refused, match="is not empty: there are rows in"):
            run(here, there)


async def test_a_half_copy_of_another_database_is_refused(tmp_path: Path) -> None:
    async with (
        a_world("sqlite", tmp_path / "a") as (_, here),
        a_world("sqlite", tmp_path / "c") as (_, other),
        an_empty("postgres", tmp_path / "b") as there,
    ):
        with closing(opened(here, writable=False)) as a, closing(opened(there, writable=True)) as b, pytest.raises(KeyboardInterrupt):
            copy.copy(a, Interrupted(b, 4), lambda _: None, 2)
        with pytest.raises(Refused, match=r"half full of sqlite:///.*/a/darkroom.db, not of sqlite:///.*/c/darkroom.db"):
            run(other, there)
        assert run(here, there)


# --- refused
@pytest.mark.parametrize("table", ["users", "invites", "leases"])
async def test_a_target_with_anything_in_it_is_refused(engine: str, table: str, tmp_path: Path) -> None:
    row = {
        "users": "users (email_hash, created_at) VALUES ('x', 1)",
        "invites": "invites (email_hash, created_at) VALUES ('x', 1)",
        "leases": "leases (name, holder, expires_at) VALUES ('x', '', 1)",
    }[table]
    async with a_world("sqlite", tmp_path / "a") as (_, here), an_empty(engine, tmp_path / "b") as there:
        opened(there, writable=True).close()
        change(there, f"INSERT INTO {row}")
        with pytest.raises(Refused, match=f"is not empty: there are rows in {table}"):
            run(here, there)
        db = opening(there)
        await db.start()  # it is as it was
        assert await db.read(lambda tx: tx.value(f"SELECT count(*) FROM {table}")) == 1
        await db.stop()


async def test_another_schema_is_refused(engine: str, tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path / "a") as (_, here), an_empty(engine, tmp_path / "b") as there:
        opened(there, writable=True).close()
        change(there, "ALTER TABLE leases ADD COLUMN more TEXT")
        with pytest.raises(Refused, match="other tables or columns"):
            run(here, there)
    async with an_empty(engine, tmp_path / "c") as old, an_empty("sqlite", tmp_path / "d") as there:
        if engine == "sqlite":
            sqlite3.connect(tmp_path / "c/darkroom.db").close()
            Path(tmp_path / "c/darkroom.db").touch()
        else:
            change(old, "UPDATE schema_version SET number = 0")
        with pytest.raises(Refused, match="has schema 0"):
            run(old, there)


async def test_a_corrupted_row_is_detected(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path / "a") as (_, here), an_empty("postgres", tmp_path / "b") as there:
        with closing(opened(here, writable=False)) as a, closing(opened(there, writable=True)) as b:
            tables = copy.check_source(a)
            copy.check_target(b, tables, a.identity)
            copy.transfer(a, b, tables)
            change(there, "UPDATE collection_files SET encrypted_key = 'kez' WHERE file_id = (SELECT min(file_id) FROM collection_files)")
            change(there, "UPDATE sessions SET token_hash = '\\x00' WHERE token_hash = (SELECT min(token_hash) FROM sessions)")
            change(there, "UPDATE files SET is_deleted = NOT is_deleted WHERE file_id = (SELECT max(file_id) FROM files)")
            change(there, "DELETE FROM leases")
            wrong = {}
            for t in tables:
                try:
                    copy.verify(a, b, t)
                except Refused as e:
                    wrong[t.name] = str(e)
        assert wrong.keys() == {"collection_files", "sessions", "files", "leases"}
        assert wrong["leases"] == "leases: 1 rows in the source, 0 in the target"
        assert "contents of the" in wrong["files"]
        with pytest.raises(Refused, match=r"1 rows in the source, 0 in the target|differ"):
            run(here, there)  # nothing is left to copy, and it is still wrong
        with pytest.raises(migrate.SchemaTooNew):
            await opening(there).start()


async def test_two_nulls_or_swapped_values_are_not_the_same(tmp_path: Path) -> None:
    """The checksum is of whole rows: what one row lost another may not make up for."""
    async with open_database("sqlite", tmp_path) as db:
        await db.write("t", lambda tx: tx.run("INSERT INTO leases (name, holder, expires_at) VALUES ('a', 'x', 1), ('b', 'y', 2)"))
        with closing(opened(f"sqlite:///{tmp_path}/darkroom.db", writable=False)) as file:
            leases = next(t for t in file.tables() if t.name == "leases")
            before = copy.measure(file, leases)
        await db.write("t", lambda tx: tx.run("UPDATE leases SET holder = CASE name WHEN 'a' THEN 'y' ELSE 'x' END"))
        with closing(opened(f"sqlite:///{tmp_path}/darkroom.db", writable=False)) as file:
            after = copy.measure(file, leases)
        assert (before.rows, after.rows) == (2, 2)
        assert before.checksum != after.checksum


async def test_what_postgresql_cannot_store_is_named(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path / "a") as (world, here), an_empty("postgres", tmp_path / "b") as there:
        await world.kernel.db.write("t", lambda tx: tx.run("INSERT INTO leases VALUES ('nul', 'a' || char(0) || 'b', 1)"))
        with pytest.raises(Refused, match=r"^leases: a row that does not fit its columns: no text, or one with a NUL"):
            run(here, there)


# --- the command
async def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with a_world("sqlite", tmp_path / "a") as (_, here), an_empty("postgres", tmp_path / "b") as there:
        with folder.locked(tmp_path / "a"):
            assert main(["db", "copy", here, there]) == 2
        assert "is in use by another darkroom" in capsys.readouterr().err
        assert main(["db", "copy", here, there]) == 0
        said = capsys.readouterr().out
        assert re.search(r"^files +6 rows  [0-9a-f]{32}$", said, re.MULTILINE)
        assert len(said.splitlines()) == SCHEMA.count("CREATE TABLE ") + 1
        assert "same secrets.toml" in said
        assert main(["db", "copy", here, there]) == 1
        assert "is not empty" in capsys.readouterr().err
        assert main(["db", "copy", here, here]) == 1
        assert main(["db", "copy", "mysql://x", there]) == 1
        assert main(["db", "copy", "sqlite:///a/missing.db", there]) == 1
        assert main(["db", "copy", "sqlite:///missing/darkroom.db", there]) == 1
        refused = capsys.readouterr().err.splitlines()
        assert [line.split(": ")[0] for line in refused] == ["darkroom"] * 4
        assert "FROM and TO are the same database" in refused[0]
        password = urlsplit(there)
        assert main(["db", "copy", here, f"postgresql://nobody:hunter2@127.0.0.1:9{password.path}"]) == 1
        assert "hunter2" not in capsys.readouterr().err


def test_the_help_says_what_is_not_copied(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["db", "copy", "--help"])
    said = capsys.readouterr().out
    assert "secrets.toml" in said
    assert "bucket" in said


async def test_the_copy_answers_as_the_original(tmp_path: Path) -> None:
    """Through the application, with the same secrets: sessions open, and albums, diffs, trash and details are the same bytes."""
    async with a_world("sqlite", tmp_path / "a") as (world, here), an_empty("postgres", tmp_path / "b") as there:
        carol = await world.person("carol")
        album = await photos.album(carol)
        made = [await photos.commit(world, carol, album) for _ in range(3)]
        await photos.trash(carol, (made[0]["id"], album))
        run(here, there)
        db = opening(there)
        await db.start()
        try:
            same = Api(create_app(dataclasses.replace(world.kernel, db=db)), carol.token)
            diff = f"/collections/v2/diff?collectionID={album}&sinceTime=0"
            for path in ("/collections/v2?sinceTime=0", diff, "/trash/v2/diff?sinceTime=0", "/users/details/v2"):
                answer = (await carol.get(path)).content
                assert answer == (await same.get(path)).content, path
                assert len(answer) > 50
        finally:
            await db.stop()
