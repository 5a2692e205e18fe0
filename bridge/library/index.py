"""What was pulled from the server, in SQLite: rows as they came, so encrypted as there, with the cursors behind them.

Nothing in it is the only copy: a file that is damaged or of another version is deleted and filled again by the next sync.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..client.connection import Row
from ..client.sync import Batch

VERSION = 1
TABLES = f"""
CREATE TABLE cursors (name TEXT PRIMARY KEY, upto INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE albums (id INTEGER PRIMARY KEY, updated INTEGER NOT NULL, row BLOB NOT NULL);
CREATE TABLE files (id INTEGER NOT NULL, album_id INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY (id, album_id)) WITHOUT ROWID;
CREATE INDEX files_by_album ON files (album_id);
CREATE TABLE trash (id INTEGER PRIMARY KEY, row BLOB NOT NULL);
CREATE TABLE entities (id TEXT PRIMARY KEY, kind TEXT NOT NULL, row BLOB NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""


class Index:
    """A `client.sync.Store` on a disk."""

    def __init__(self, path: Path) -> None:
        self._db = _opened(path)

    def close(self) -> None:
        self._db.close()

    def cursor(self, name: str) -> int:
        found = self._db.execute("SELECT upto FROM cursors WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def album_marks(self) -> dict[int, int]:
        return dict(self._db.execute("SELECT id, updated FROM albums ORDER BY id"))

    def apply(self, batch: Batch) -> None:
        encode, db = msgspec.json.encode, self._db
        with db:
            db.executemany("REPLACE INTO albums VALUES (?, ?, ?)", ((r["id"], r["updationTime"], encode(r)) for r in batch.albums))
            for album_id in batch.gone_albums:
                db.execute("DELETE FROM albums WHERE id = ?", (album_id,))
                db.execute("DELETE FROM files WHERE album_id = ?", (album_id,))
                db.execute("DELETE FROM cursors WHERE name = ?", (f"album/{album_id}",))
            db.executemany("REPLACE INTO files VALUES (?, ?, ?)", ((r["id"], r["collectionID"], encode(r)) for r in batch.files))
            db.executemany("DELETE FROM files WHERE id = ? AND album_id = ?", batch.gone_files)
            db.executemany("REPLACE INTO trash VALUES (?, ?)", ((r["file"]["id"], encode(r)) for r in batch.trash))
            db.executemany("DELETE FROM trash WHERE id = ?", ((n,) for n in batch.gone_trash))
            db.executemany("REPLACE INTO entities VALUES (?, ?, ?)", ((r["id"], r["type"], encode(r)) for r in batch.entities))
            db.executemany("DELETE FROM entities WHERE id = ?", ((n,) for n in batch.gone_entities))
            db.execute("REPLACE INTO cursors VALUES (?, ?)", (batch.cursor, batch.upto))

    def albums(self) -> Iterator[Row]:
        return self._rows("SELECT row FROM albums ORDER BY id")

    def files(self) -> Iterator[Row]:
        return self._rows("SELECT row FROM files ORDER BY id, album_id")

    def trash(self) -> Iterator[Row]:
        return self._rows("SELECT row FROM trash ORDER BY id")

    def _rows(self, statement: str) -> Iterator[Row]:
        for (row,) in self._db.execute(statement):
            yield msgspec.json.decode(row)


def _opened(path: Path) -> sqlite3.Connection:
    for attempt in range(2):
        db = sqlite3.connect(path, check_same_thread=False)
        with contextlib.suppress(sqlite3.DatabaseError):
            db.execute("PRAGMA journal_mode = WAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                db.executescript(TABLES)
                version = VERSION
            if version == VERSION and db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
                return db
        db.close()
        if attempt == 0:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                (path.parent / name).unlink(missing_ok=True)
    raise OSError(f"{path} cannot be made")
