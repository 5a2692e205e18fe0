"""What a `sqlite` store keeps, and its statements. Synchronous; every function runs inside a transaction of its caller.

An object's bytes are blocks of BLOCK, all full but the last; block n of object i has the id i × 2^20 + n. An object without a key is staged,
or the bytes of a part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from storage_backends.incoming import BLOCK

SHIFT = 20
SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, size INTEGER NOT NULL, md5 BLOB,
    etag TEXT NOT NULL, modified_us INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS objects_staged ON objects (id) WHERE key IS NULL;
CREATE TABLE IF NOT EXISTS blocks (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, key TEXT NOT NULL, touched_us INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS parts (upload TEXT NOT NULL, number INTEGER NOT NULL, object INTEGER NOT NULL UNIQUE, size INTEGER NOT NULL,
    etag TEXT NOT NULL, PRIMARY KEY (upload, number));
CREATE TABLE IF NOT EXISTS mark (id INTEGER PRIMARY KEY CHECK (id = 1), text TEXT NOT NULL);
"""
Db = sqlite3.Connection
Facts = tuple[int, int, bytes | None, str, int]
"""id, size, MD5, etag, modified_us."""


def find(db: Db, key: str) -> Facts | None:
    row: Facts | None = db.execute("SELECT id, size, md5, etag, modified_us FROM objects WHERE key = ?", (key,)).fetchone()
    return row


def insert(db: Db, key: str | None, size: int, md5: bytes | None, etag: str, now: int) -> int:
    found = db.execute("INSERT INTO objects (key, size, md5, etag, modified_us) VALUES (?, ?, ?, ?, ?)", (key, size, md5, etag, now))
    return int(found.lastrowid or 0)


def append(db: Db, object_id: int, number: int, data: bytes | memoryview) -> int:
    """Write blocks from `number` on; the next number."""
    for at in range(0, len(data), BLOCK):
        db.execute("INSERT INTO blocks (id, data) VALUES (?, ?)", ((object_id << SHIFT) + number, data[at : at + BLOCK]))
        number += 1
    return number


def finish(db: Db, object_id: int, size: int, md5: bytes | None, etag: str) -> None:
    db.execute("UPDATE objects SET size = ?, md5 = ?, etag = ? WHERE id = ?", (size, md5, etag, object_id))


def staged(db: Db, object_id: int) -> bool:
    return db.execute("SELECT 1 FROM objects WHERE id = ? AND key IS NULL", (object_id,)).fetchone() is not None


def name(db: Db, object_id: int, key: str) -> None:
    db.execute("UPDATE objects SET key = ? WHERE id = ?", (key, object_id))


def drop(db: Db, object_id: int) -> None:
    """An object and its bytes, whatever it is."""
    db.execute("DELETE FROM blocks WHERE id >= ? AND id < ?", (object_id << SHIFT, (object_id + 1) << SHIFT))
    db.execute("DELETE FROM objects WHERE id = ?", (object_id,))


def block(db: Db, object_id: int, number: int) -> bytes | None:
    row = db.execute("SELECT data FROM blocks WHERE id = ?", ((object_id << SHIFT) + number,)).fetchone()
    return None if row is None else row[0]


def same_bytes(db: Db, one: int, other: int, size: int) -> bool:
    """Whether two objects of this size are equal, byte by byte."""
    return all(block(db, one, n) == block(db, other, n) for n in range(-(-size // BLOCK)))


def page(db: Db, prefix: str, after: str, limit: int) -> list[tuple[str, int, str, int]]:
    """(key, size, etag, modified_us) of the next objects by key."""
    start = max(prefix, after)
    rows = db.execute(
        "SELECT key, size, etag, modified_us FROM objects WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?",
        (start, after, prefix + "\x7f", limit),  # keys are ASCII without it
    )
    return rows.fetchall()


def upload_key(db: Db, upload_id: str) -> str | None:
    row = db.execute("SELECT key FROM uploads WHERE id = ?", (upload_id,)).fetchone()
    return None if row is None else str(row[0])


def parts(db: Db, upload_id: str) -> dict[int, tuple[int, int, str]]:
    """Number → (object, size, etag)."""
    rows = db.execute("SELECT number, object, size, etag FROM parts WHERE upload = ?", (upload_id,))
    return {number: (object_id, size, etag) for number, object_id, size, etag in rows}


def add_part(db: Db, upload_id: str, number: int, object_id: int, size: int, etag: str, now: int) -> None:
    """In the place of an earlier one of that number, whose bytes go."""
    for (old,) in db.execute("SELECT object FROM parts WHERE upload = ? AND number = ?", (upload_id, number)).fetchall():
        drop(db, old)
    db.execute("INSERT OR REPLACE INTO parts (upload, number, object, size, etag) VALUES (?, ?, ?, ?, ?)", (upload_id, number, object_id, size, etag))
    db.execute("UPDATE uploads SET touched_us = ? WHERE id = ?", (now, upload_id))


def end_upload(db: Db, upload_id: str) -> None:
    """An upload and its parts."""
    for (object_id,) in db.execute("SELECT object FROM parts WHERE upload = ?", (upload_id,)).fetchall():
        drop(db, object_id)
    db.execute("DELETE FROM parts WHERE upload = ?", (upload_id,))
    db.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))


def last_id(db: Db) -> int:
    return int(db.execute("SELECT COALESCE(MAX(id), 0) FROM objects").fetchone()[0])


def leftovers(db: Db, up_to_id: int, older_than_us: int) -> Iterator[int]:
    """Staged objects that belong to no upload."""
    rows = db.execute(
        "SELECT id FROM objects WHERE key IS NULL AND id <= ? AND modified_us < ? AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.object = objects.id)",
        (up_to_id, older_than_us),
    ).fetchall()
    return (object_id for (object_id,) in rows)


def old_uploads(db: Db, older_than_us: int) -> list[str]:
    return [upload_id for (upload_id,) in db.execute("SELECT id FROM uploads WHERE touched_us < ?", (older_than_us,)).fetchall()]
