"""The texts of an account in the database: encrypted names, metadata, records, comments. They are in no quota, so they have a bound of their own.

Counted at the door: the body of every request in an account's name is added to what it has, so the count is never too low, whichever route
kept the text. A route whose bodies can be large is refused when the count is above the bound and measuring says so too. A count is one
process's until it is written down with the next round of jobs, so several processes may pass the bound by what comes in a second.
"""

from __future__ import annotations

from ..db import Database, Tx
from ..db.engine import Row
from .clock import MINUTE, Clock
from .errors import StorageFull

ROW = 256
"""Bytes that are counted for a request beside its body: the rows and indexes that keep it."""
REMEMBERED = 10_000  # accounts whose count is kept in memory
_SHARES = "FROM collections c JOIN collection_shares s ON s.collection_id = c.collection_id WHERE c.owner_id = :user_id"
_PLACES = "FROM files f JOIN collection_files m ON m.file_id = f.file_id WHERE f.owner_id = :user_id"
_VISITORS = "FROM collections c JOIN {} v ON v.collection_id = c.collection_id WHERE c.owner_id = :user_id"
MEASURED = {
    "entities": ("encrypted_data header id", "FROM entities WHERE user_id = :user_id"),
    "entity_keys": ("encrypted_key header", "FROM entity_keys WHERE user_id = :user_id"),
    "authenticator_entities": ("encrypted_data header", "FROM authenticator_entities WHERE user_id = :user_id"),
    "collections": (
        "encrypted_key key_nonce name encrypted_name name_nonce attributes magic_metadata pub_magic_metadata",
        "FROM collections WHERE owner_id = :user_id",
    ),
    "collection_shares": ("s.encrypted_key s.magic_metadata s.last_seen", _SHARES),
    "files": (
        "file_header thumb_header metadata_header encrypted_metadata magic_metadata pub_magic_metadata",
        "FROM files WHERE owner_id = :user_id",
    ),
    "collection_files": ("m.encrypted_key m.key_nonce", _PLACES),
    "contacts": ("encrypted_key encrypted_data", "FROM contacts WHERE user_id = :user_id"),
    "comments": ("cipher nonce", "FROM comments WHERE user_id = :user_id"),
    "comments of visitors": ("v.cipher v.nonce", _VISITORS.format("comments") + " AND v.user_id IS NULL"),
    "reactions": ("cipher nonce", "FROM reactions WHERE user_id = :user_id"),
    "reactions of visitors": ("v.cipher v.nonce", _VISITORS.format("reactions") + " AND v.user_id IS NULL"),
    "anon_profiles": ("v.cipher v.nonce", _VISITORS.format("anon_profiles")),
    "file_links": ("encrypted_file_key encrypted_file_key_nonce encrypted_share_key kdf_nonce", "FROM file_links WHERE owner_id = :user_id"),
    "memory_shares": ("metadata_cipher metadata_nonce encrypted_key key_nonce", "FROM memory_shares WHERE user_id = :user_id"),
    "memory_share_files": (
        "f.encrypted_key f.key_nonce",
        "FROM memory_shares s JOIN memory_share_files f ON f.memory_id = s.memory_id WHERE s.user_id = :user_id",
    ),
}
"""What is measured: columns, and the rows that are on an account. A test has every other column of texts in a list that says why not."""


class TextsFull(StorageFull):
    """426: the account keeps as much text as it may; deleting works."""

    code = "TEXT_LIMIT_REACHED"


def measure(tx: Tx, user_id: int) -> int:
    """Characters of all texts that are on an account: one for each byte of base64, which nearly all of them are."""
    return sum(int(tx.value(_sum(columns.split(), rows), user_id=user_id)) for columns, rows in MEASURED.values())


def _sum(columns: list[str], rows: str) -> str:
    return f"SELECT CAST(COALESCE(SUM({' + '.join(f'COALESCE(LENGTH({c}), 0)' for c in columns)}), 0) AS BIGINT) {rows}"


def counted(tx: Tx, user_id: int) -> int:
    """What was counted and written down."""
    return int(tx.value("SELECT bytes FROM texts WHERE user_id = :user_id", user_id=user_id) or 0)


def note(tx: Tx, user_id: int, size: int, now: int) -> None:
    """Write down what was measured."""
    tx.run(
        "INSERT INTO texts (user_id, bytes, measured_at) VALUES (:user_id, :size, :now) "
        "ON CONFLICT (user_id) DO UPDATE SET bytes = excluded.bytes, measured_at = excluded.measured_at",
        user_id=user_id,
        size=size,
        now=now,
    )


def forget(tx: Tx, user_id: int) -> None:
    """Of an account whose texts are gone."""
    tx.run("DELETE FROM texts WHERE user_id = :user_id", user_id=user_id)


def add(tx: Tx, rows: list[tuple[int, int]]) -> list[Row]:
    """Add (account, bytes); (account, bytes in all) of each."""
    return tx.all(
        "INSERT INTO texts (user_id, bytes) SELECT u.user_id, r.size FROM :rows[who int, size int] r JOIN users u ON u.user_id = r.who "
        "WHERE TRUE ORDER BY u.user_id ON CONFLICT (user_id) DO UPDATE SET bytes = texts.bytes + excluded.bytes RETURNING user_id, bytes",
        rows=sorted(rows),
    )


class Texts:
    """The counts of a process. `limit`: bytes for each account, 0 for none."""

    def __init__(self, limit: int, db: Database, clock: Clock) -> None:
        self._limit, self._db, self._clock = limit, db, clock
        self._known: dict[int, int] = {}  # as written down
        self._new: dict[int, int] = {}
        self._measured: dict[int, int] = {}  # when, of accounts that were found full

    def count(self, user_id: int, size: int) -> None:
        """Texts of this size come on an account."""
        self._new[user_id] = self._new.get(user_id, 0) + size + ROW

    async def take(self, user_id: int, size: int) -> None:
        """As `count`; TextsFull when they would be more than the account may keep."""
        if self._limit:
            have = await self._have(user_id) + self._new.get(user_id, 0)
            if have + size > self._limit and await self._measure(user_id) + size > self._limit:
                raise TextsFull("Too much text is stored", log=f"texts of user {user_id}: {have} + {size} bytes")
        self.count(user_id, size)

    async def _have(self, user_id: int) -> int:
        known = self._known.get(user_id)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[user_id] = await self._db.read(counted, user_id)
        return known

    async def _measure(self, user_id: int) -> int:
        """What the database says: counting adds what replaces older texts. Looked at once a minute at most, because it reads all of them."""
        now = self._clock.now()
        if now - self._measured.get(user_id, 0) >= MINUTE:
            if len(self._measured) >= REMEMBERED:
                self._measured.clear()
            self._measured[user_id] = now
            size = await self._db.scan(measure, user_id)
            await self._db.write("texts.note", note, user_id, size, now)
            self._known[user_id] = size
            self._new.pop(user_id, None)
        return self._known.get(user_id, 0) + self._new.get(user_id, 0)

    async def flush(self) -> None:
        """Write down what was counted."""
        if self._new:
            new, self._new = self._new, {}
            self._known |= dict(await self._db.write("texts.add", add, list(new.items())))

    async def recount(self, user_id: int) -> int:
        """Set an account's count to what is there."""
        size = await self._db.scan(measure, user_id)
        await self._db.write("texts.note", note, user_id, size, self._clock.now())
        self._known.pop(user_id, None)
        return size
