"""One world for all rows of the matrix, put back after each: building the scene takes a hundred requests, putting it back some milliseconds."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import psycopg

from app.db import Tx
from app.db.postgres.database import PostgresDatabase
from app.kernel.config import Config, Limit, Limits, Storage
from tests.access.scene import Scene, set_up
from tests.inprocess import World, open_world

TABLES = re.findall(r"^CREATE TABLE (\w+)", (Path(__file__).parents[2] / "schema.sql").read_text(), re.MULTILINE)
UNLIMITED = Limits(**{name: Limit(count=0, seconds=1) for name in Limits.model_fields})
Prepare = Callable[[Scene], Awaitable[None]]


class Stage:
    """`scene(prepare)` is the scene as that function left it, whatever a request before has done to the database."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._kept: dict[str, tuple[Scene, int, sqlite3.Connection]] = {}
        self._bytes: dict[str, dict[str, Any]] = {}
        self._prepared: object = self

    async def scene(self, prepare: Prepare | None = None) -> Scene:
        if not self._kept:
            await self._keep("base", await set_up(self.world))
        if self._prepared is not prepare:
            s = await self._back("base")
            if prepare is not None:
                await prepare(s)
            await self._keep("now", s)
            self._prepared = prepare
        return await self._back("now")

    async def digest(self) -> dict[str, str]:
        """Table → hash of its rows."""

        def rows(tx: Tx) -> dict[str, str]:
            return {t: hashlib.sha256("\n".join(sorted(map(repr, tx.all(f"SELECT * FROM {t}")))).encode()).hexdigest() for t in TABLES}

        return await self.world.kernel.db.scan(rows)

    def _objects(self) -> dict[str, Any]:
        """What the one store in memory holds."""
        (store,) = self.world.kernel.stores.values()
        return cast(dict[str, Any], cast(Any, store)._objects)

    def close(self) -> None:
        for _, _, copy in self._kept.values():
            copy.close()

    async def _keep(self, name: str, scene: Scene) -> None:
        before = self._kept.get(name)
        copy = before[2] if before else sqlite3.connect(":memory:", check_same_thread=False)
        db: Any = self.world.kernel.db
        if isinstance(db, PostgresDatabase):
            _tell(db, f"DROP SCHEMA IF EXISTS kept_{name} CASCADE", f"CREATE SCHEMA kept_{name}")
            _tell(db, *(f"CREATE TABLE kept_{name}.{t} AS TABLE public.{t}" for t in TABLES))
        else:
            await db._on_writer(lambda: db._writer._conn.backup(copy))
        self._kept[name] = (scene, self.world.clock.now(), copy)
        self._bytes[name] = dict(self._objects())

    async def _back(self, name: str) -> Scene:
        scene, now, copy = self._kept[name]
        db: Any = self.world.kernel.db
        self.world.clock.advance(now - self.world.clock.now())
        self.world.kernel.last_used.take()
        self._objects().clear()
        self._objects().update(self._bytes[name])
        if isinstance(db, PostgresDatabase):
            _tell(
                db,
                *(f"DELETE FROM {t}" for t in reversed(TABLES)),
                *(f"INSERT INTO {t} OVERRIDING SYSTEM VALUE TABLE kept_{name}.{t}" for t in TABLES),
            )
        else:
            await db._on_writer(lambda: copy.backup(db._writer._conn))
        return scene.copied()


def _tell(db: PostgresDatabase, *statements: str) -> None:
    with psycopg.connect(db.url) as own:
        own.execute("; ".join(statements).encode())


@asynccontextmanager
async def open_stage(engine: str, folder: Path) -> AsyncIterator[Stage]:
    config = Config(data_dir=folder, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), limits=UNLIMITED)
    async with open_world(engine, folder, config=config) as world:
        stage = Stage(world)
        yield stage
        stage.close()
        if isinstance(world.kernel.db, PostgresDatabase):
            _tell(world.kernel.db, *(f"DROP SCHEMA IF EXISTS kept_{name} CASCADE" for name in ("base", "now")))
