"""Pictures that were made from photos, on the disk and sealed. Within a budget: what was not looked at longest goes first.

A cache that is lost, damaged, or of another link is empty.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from nacl.exceptions import CryptoError

from ..client import crypto

BUDGET = 512 * 1024 * 1024
TOUCHES = 200
"""Looks at pictures that are noted together."""
_TABLE = """
CREATE TABLE IF NOT EXISTS pictures (name TEXT PRIMARY KEY, size INTEGER NOT NULL, used INTEGER NOT NULL, sealed BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS by_use ON pictures (used);
"""


class Cache:
    """Names tell kind and content, as "123-abcd-preview": they are not secret, what is kept is."""

    def __init__(self, path: Path, key: bytes, budget: int = BUDGET) -> None:
        self._key = crypto.derive_subkey(key, 32, 2, b"brgcache")
        self.budget = budget
        self._db = _opened(path)
        self.size, self._clock = self._db.execute("SELECT coalesce(sum(size), 0), coalesce(max(used), 0) FROM pictures").fetchone()
        self._touched: dict[str, int] = {}

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._note_touches()
        self._db.close()

    def get(self, name: str) -> bytes | None:
        found = self._db.execute("SELECT sealed FROM pictures WHERE name = ?", (name,)).fetchone()
        if found is None:
            return None
        try:
            plain = crypto.unbox(found[0][24:], found[0][:24], self._key)
        except (CryptoError, ValueError):
            self.drop(name)
            return None
        if name not in self._touched:
            self._clock += 1
            self._touched[name] = self._clock
            if len(self._touched) >= TOUCHES:
                self._note_touches()
        return plain

    def put(self, name: str, content: bytes) -> None:
        """Kept, unless it alone is a tenth of the budget. A full disk is no error: the picture is made again when it is wanted."""
        if len(content) > self.budget // 10:
            return
        cipher, nonce = crypto.box(content, self._key)
        sealed = nonce + cipher
        try:
            self._note_touches()
            self.drop(name)
            self._clock += 1
            with self._db:
                self._db.execute("INSERT INTO pictures VALUES (?, ?, ?, ?)", (name, len(sealed), self._clock, sealed))
            self.size += len(sealed)
            self._make_room()
        except sqlite3.OperationalError:
            return

    def drop(self, name: str) -> None:
        with self._db:
            for (size,) in self._db.execute("DELETE FROM pictures WHERE name = ? RETURNING size", (name,)).fetchall():
                self.size -= size

    def _make_room(self) -> None:
        if self.size <= self.budget:
            return
        gone: list[tuple[str]] = []
        for name, size in self._db.execute("SELECT name, size FROM pictures ORDER BY used"):
            if self.size <= self.budget * 9 // 10:
                break
            gone.append((name,))
            self.size -= size
        with self._db:
            self._db.executemany("DELETE FROM pictures WHERE name = ?", gone)

    def _note_touches(self) -> None:
        if self._touched:
            with self._db:
                self._db.executemany("UPDATE pictures SET used = ? WHERE name = ?", [(used, name) for name, used in self._touched.items()])
            self._touched.clear()


def _opened(path: Path) -> sqlite3.Connection:
    for attempt in range(2):
        db = sqlite3.connect(path, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")  # nothing in it is needed after a power cut
            db.executescript(_TABLE)
            db.execute("SELECT sum(size), max(used) FROM pictures").fetchone()
            return db
        except sqlite3.DatabaseError:
            db.close()
            if attempt == 0:
                for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                    (path.parent / name).unlink(missing_ok=True)
    raise OSError(f"{path} cannot be made")
