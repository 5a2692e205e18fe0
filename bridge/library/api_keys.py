"""Keys that the tools get instead of the account's password: each with permissions, none kept in the clear. Local to the bridge's folder.

A session is what a tool gets that logs in with a key: it may what its key may, and ends with it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..client.errors import ClientError

ALL, IMALINK = "all", "imalink.use"
"""Everything; and the face for ImaLink, in what a user who was registered there made."""
_ACTS = {
    "album": "create read update delete download",
    "albumAsset": "create delete",
    "apiKey": "read",
    "archive": "read",
    "asset": "read view download upload update delete statistics copy",
    "face": "read",
    "folder": "read",
    "imalink": "use",
    "job": "create read",
    "map": "read",
    "memory": "read statistics",
    "person": "read statistics update",
    "server": "about statistics storage versionCheck",
    "stack": "create read update delete",
    "tag": "create read update delete asset",
    "timeline": "read download",
    "user": "read",
    "userPreference": "read",
}
PERMISSIONS = frozenset(f"{thing}.{act}" for thing, acts in _ACTS.items() for act in acts.split())
"""What a key can be allowed, in Immich's words; the other faces use them too."""
USED_EVERY = 60
"""Seconds between two notes of when a key was last used."""
MOST_SESSIONS = 50
"""Of one key: the oldest goes when another is made."""
_TABLES = """
CREATE TABLE IF NOT EXISTS api_keys (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash BLOB NOT NULL UNIQUE, permissions TEXT NOT NULL,
    created INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (hash BLOB PRIMARY KEY, key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_of_key ON sessions (key_id);
"""


@dataclass(frozen=True)
class ApiKey:
    """`created`, `used` in seconds since 1970; `used` 0: never."""

    id: str
    name: str
    permissions: frozenset[str]
    created: int
    used: int

    def may(self, permission: str) -> bool:
        return ALL in self.permissions or permission in self.permissions


class ApiKeys:
    """The keys of one folder. Commands add and revoke them while the bridge serves."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "keys.sqlite", check_same_thread=False, timeout=10)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        self._db.close()

    def add(self, name: str, permissions: Sequence[str] = (ALL,)) -> tuple[str, ApiKey]:
        """A new key: its secret, which is shown once, and what is kept. Raises `ClientError` for a name that is taken or an unknown permission."""
        if unknown := sorted(set(permissions) - PERMISSIONS - {ALL}):
            raise ClientError(f"unknown permission {unknown[0]!r}; there are {ALL}, {', '.join(sorted(PERMISSIONS))}")
        if not name.strip() or not permissions:
            raise ClientError("a key needs a name and a permission")
        secret, made = secrets.token_urlsafe(32), ApiKey(str(uuid.uuid4()), name, frozenset(permissions), int(time.time()), 0)
        row = (made.id, name, _hash(secret), msgspec.json.encode(sorted(permissions)).decode(), made.created, 0)
        try:
            with self._db:
                self._db.execute("INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise ClientError(f"there is a key {name!r}") from None
        return secret, made

    def all(self) -> list[ApiKey]:
        return [_key(row) for row in self._db.execute("SELECT id, name, permissions, created, used FROM api_keys ORDER BY created, name")]

    def revoke(self, name: str) -> None:
        """The key and its sessions, at once. Raises `ClientError` where there is none of this name."""
        with self._db:
            if not self._db.execute("DELETE FROM api_keys WHERE name = ?", (name,)).rowcount:
                raise ClientError(f"there is no key {name!r}")

    def check(self, token: str) -> ApiKey | None:
        """Whose key or session this is. What is looked up is a hash of 256 random bits: the time it takes says nothing about the token."""
        hashed = _hash(token)
        found = self._db.execute(
            "SELECT k.id, name, permissions, k.created, used, hash FROM api_keys k WHERE hash = ? "
            "UNION ALL SELECT k.id, name, permissions, k.created, used, s.hash FROM sessions s JOIN api_keys k ON k.id = key_id WHERE s.hash = ?",
            (hashed, hashed),
        ).fetchone()
        if found is None or not hmac.compare_digest(found[5], hashed):
            return None
        key, now = _key(found[:5]), int(time.time())
        if now - key.used >= USED_EVERY:
            with self._db:
                self._db.execute("UPDATE api_keys SET used = ? WHERE id = ?", (now, key.id))
        return key

    def begin(self, key: ApiKey) -> str:
        """A new session of a key: its token."""
        token = secrets.token_urlsafe(32)
        with self._db:
            self._db.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_hash(token), key.id, time.time_ns()))
            self._db.execute(
                "DELETE FROM sessions WHERE key_id = ? AND hash NOT IN (SELECT hash FROM sessions WHERE key_id = ? ORDER BY created DESC LIMIT ?)",
                (key.id, key.id, MOST_SESSIONS),
            )
        return token

    def end(self, token: str) -> bool:
        """Whether there was such a session."""
        with self._db:
            return bool(self._db.execute("DELETE FROM sessions WHERE hash = ?", (_hash(token),)).rowcount)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


def _key(row: tuple[str, str, str, int, int]) -> ApiKey:
    key_id, name, permissions, created, used = row
    return ApiKey(key_id, name, frozenset(msgspec.json.decode(permissions, type=list[str])), created, used)
