"""What was pulled from the server, in SQLite: rows as they came, so encrypted as there, with the cursors behind them.

Beside them what was found out at some cost, sealed with the link's own key: facts (`facts`) and notes. Nothing in it is the only copy: a file that is
damaged or of another version is deleted and filled again by the next sync.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError

from ..client import crypto
from ..client.connection import Row
from ..client.sync import Batch

VERSION = 2
TABLES = f"""
CREATE TABLE cursors (name TEXT PRIMARY KEY, upto INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE albums (id INTEGER PRIMARY KEY, updated INTEGER NOT NULL, row BLOB NOT NULL);
CREATE TABLE files (id INTEGER NOT NULL, album_id INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY (id, album_id)) WITHOUT ROWID;
CREATE INDEX files_by_album ON files (album_id);
CREATE TABLE trash (id INTEGER PRIMARY KEY, row BLOB NOT NULL);
CREATE TABLE entities (id TEXT PRIMARY KEY, kind TEXT NOT NULL, row BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (id INTEGER NOT NULL, album_id INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (id, album_id)) WITHOUT ROWID;
CREATE INDEX facts_by_album ON facts (album_id);
CREATE TABLE notes (id INTEGER NOT NULL, kind TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (id, kind)) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""


SealedFact = tuple[int, int, bytes]
"""(file, album or TRASH, a sealed fact or b"" where the row does not open)."""
TRASH = -1
"""Stands for an album where a fact is of a file in the trash."""


class Index:
    """Rows on a disk. `key` seals what is not sealed by the server's rows themselves."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._db = _opened(path)
        self._key = crypto.derive_subkey(key, 32, 1, b"brgindex")

    def close(self) -> None:
        self._db.close()

    def cursor(self, name: str) -> int:
        found = self._db.execute("SELECT upto FROM cursors WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def album_marks(self) -> dict[int, int]:
        return dict(self._db.execute("SELECT id, updated FROM albums ORDER BY id"))

    def apply(self, batch: Batch, facts: Iterable[SealedFact] = ()) -> None:
        """Rows and what they said, in one transaction."""
        encode, db = msgspec.json.encode, self._db
        with db:
            db.executemany("REPLACE INTO albums VALUES (?, ?, ?)", ((r["id"], r["updationTime"], encode(r)) for r in batch.albums))
            for album_id in batch.gone_albums:
                db.execute("DELETE FROM albums WHERE id = ?", (album_id,))
                db.execute("DELETE FROM files WHERE album_id = ?", (album_id,))
                db.execute("DELETE FROM facts WHERE album_id = ?", (album_id,))
                db.execute("DELETE FROM cursors WHERE name = ?", (f"album/{album_id}",))
            db.executemany("REPLACE INTO files VALUES (?, ?, ?)", ((r["id"], r["collectionID"], encode(r)) for r in batch.files))
            for table in ("files", "facts"):
                db.executemany(f"DELETE FROM {table} WHERE id = ? AND album_id = ?", batch.gone_files)
            db.executemany("REPLACE INTO trash VALUES (?, ?)", ((r["file"]["id"], encode(r)) for r in batch.trash))
            db.executemany("DELETE FROM trash WHERE id = ?", ((n,) for n in batch.gone_trash))
            db.executemany("DELETE FROM facts WHERE id = ? AND album_id = ?", ((n, TRASH) for n in batch.gone_trash))
            db.executemany("REPLACE INTO entities VALUES (?, ?, ?)", ((r["id"], r["type"], encode(r)) for r in batch.entities))
            db.executemany("DELETE FROM entities WHERE id = ?", ((n,) for n in batch.gone_entities))
            db.executemany("REPLACE INTO facts VALUES (?, ?, ?)", facts)
            if len(batch):
                db.execute("UPDATE cursors SET upto = upto + 1 WHERE name = 'generation'")
            if batch.cursor:
                db.execute("REPLACE INTO cursors VALUES (?, ?)", (batch.cursor, batch.upto))

    def generation(self) -> int:
        """Another number after each change, and in each index that was made anew."""
        return self.cursor("generation")

    def forget_facts(self, version: int) -> bool:
        """Whether the facts were of another version; then there are none any more."""
        if self.cursor("facts") == version:
            return False
        with self._db:
            self._db.execute("DELETE FROM facts")
            self._db.execute("REPLACE INTO cursors VALUES ('facts', ?)", (version,))
        return True

    def facts(self) -> Iterator[SealedFact]:
        """Those of one file together."""
        return iter(self._db.execute("SELECT id, album_id, sealed FROM facts ORDER BY id, album_id"))

    def set_facts(self, facts: Iterable[SealedFact]) -> None:
        with self._db:
            self._db.execute("UPDATE cursors SET upto = upto + 1 WHERE name = 'generation'")
            self._db.executemany("REPLACE INTO facts VALUES (?, ?, ?)", facts)

    def seal(self, plain: bytes) -> bytes:
        cipher, nonce = crypto.box(plain, self._key)
        return nonce + cipher

    def unseal(self, sealed: bytes) -> bytes | None:
        """None: it was sealed by another link, or is damaged."""
        try:
            return crypto.unbox(sealed[24:], sealed[:24], self._key)
        except (CryptoError, ValueError):
            return None

    def note(self, file_id: int, kind: str) -> bytes | None:
        """What `set_note` kept about a file under this word."""
        found = self._db.execute("SELECT sealed FROM notes WHERE id = ? AND kind = ?", (file_id, kind)).fetchone()
        return self.unseal(found[0]) if found else None

    def set_note(self, file_id: int, kind: str, value: bytes) -> None:
        """For what was found out by reading a file, and can be found out again."""
        with self._db:
            self._db.execute("REPLACE INTO notes VALUES (?, ?, ?)", (file_id, kind, self.seal(value)))

    def notes(self, kind: str) -> Iterator[tuple[int, bytes]]:
        for file_id, sealed in self._db.execute("SELECT id, sealed FROM notes WHERE kind = ? ORDER BY id", (kind,)).fetchall():
            if (plain := self.unseal(sealed)) is not None:
                yield file_id, plain

    def drop_notes(self, file_id: int) -> None:
        with self._db:
            self._db.execute("DELETE FROM notes WHERE id = ?", (file_id,))

    def albums(self) -> Iterator[Row]:
        return self._rows("SELECT row FROM albums ORDER BY id")

    def files(self) -> Iterator[Row]:
        return self._rows("SELECT row FROM files ORDER BY id, album_id")

    def trash(self) -> Iterator[Row]:
        return self._rows("SELECT row FROM trash ORDER BY id")

    def places_of(self, file_id: int) -> list[Row]:
        """The rows of one file, one an album."""
        return list(self._rows("SELECT row FROM files WHERE id = ? ORDER BY album_id", (file_id,)))

    def in_trash(self, file_id: int) -> Row | None:
        return next(self._rows("SELECT row FROM trash WHERE id = ?", (file_id,)), None)

    def trash_ids(self) -> list[int]:
        return [n for (n,) in self._db.execute("SELECT id FROM trash ORDER BY id")]

    def entities(self, kind: str) -> Iterator[Row]:
        return self._rows("SELECT row FROM entities WHERE kind = ? ORDER BY id", (kind,))

    def has_entities(self, kind: str) -> bool:
        return self._db.execute("SELECT 1 FROM entities WHERE kind = ? LIMIT 1", (kind,)).fetchone() is not None

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> Iterator[Row]:
        for (row,) in self._db.execute(statement, values):
            yield msgspec.json.decode(row)


def _opened(path: Path) -> sqlite3.Connection:
    for attempt in range(2):
        db = sqlite3.connect(path, check_same_thread=False)
        with contextlib.suppress(sqlite3.DatabaseError):
            db.execute("PRAGMA journal_mode = WAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                db.executescript(TABLES)
                db.execute("INSERT INTO cursors VALUES ('generation', ?)", (secrets.randbits(48),))
                db.commit()
                version = VERSION
            if version == VERSION and db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
                return db
        db.close()
        if attempt == 0:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                (path.parent / name).unlink(missing_ok=True)
    raise OSError(f"{path} cannot be made")
