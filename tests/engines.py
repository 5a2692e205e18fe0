"""The database engines the suite runs on, and how to open an empty database of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.db import Database
from app.db.sqlite import SqliteDatabase

ENGINES = ["sqlite"]


@asynccontextmanager
async def open_database(engine: str, folder: Path) -> AsyncIterator[Database]:
    """A started, migrated, empty database; stopped at the end."""
    assert engine == "sqlite", engine
    db = SqliteDatabase(folder / "darkroom.db")
    await db.start()
    try:
        yield db
    finally:
        await db.stop()
