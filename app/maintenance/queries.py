"""SQL of checking and repairing: one function a statement. These see everybody's rows; nothing reachable over HTTP may use them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..db import Tx
from ..db.engine import Row
from ..objects.service import UNNAMED


@dataclass(frozen=True, slots=True)
class Stock:
    """An object as the database has it; `named`: a living row needs its bytes."""

    object_id: int
    key: str
    owner_id: int
    store: str
    size: int
    md5: str | None
    state: str
    named: bool


_NAMED = f"CASE WHEN {UNNAMED} THEN 0 ELSE 1 END"
_STOCK = f"SELECT o.object_id, o.object_key, o.owner_id, o.store, o.size, o.md5, o.state, {_NAMED} AS named FROM objects o "


def _stock(row: Row) -> Stock:
    object_id, key, owner_id, store, size, md5, state, named = row
    return Stock(object_id, key, owner_id, store, size, md5, state, bool(named))


def stock(tx: Tx, after: int, limit: int) -> list[Stock]:
    """Objects beyond an id, in the order of the ids."""
    sql = _STOCK + "WHERE o.object_id > :after ORDER BY o.object_id LIMIT :limit"
    return [_stock(row) for row in tx.all(sql, after=after, limit=limit)]


def stock_of(tx: Tx, object_ids: Collection[int]) -> list[Stock]:
    sql = _STOCK + "WHERE o.object_id IN (:ids[]) ORDER BY o.object_id"
    return [_stock(row) for row in tx.all(sql, ids=sorted(object_ids))]


def counted(tx: Tx) -> int:
    """Objects in the database."""
    return int(tx.value("SELECT count(*) FROM objects"))


def known(tx: Tx, keys: Sequence[str]) -> set[str]:
    """Which of these keys have a row, whatever its state."""
    return {key for (key,) in tx.all("SELECT object_key FROM objects WHERE object_key IN (:keys[])", keys=list(keys))}


def owners(tx: Tx, user_ids: Collection[int]) -> set[int]:
    """Which of these are accounts."""
    return {user_id for (user_id,) in tx.all("SELECT user_id FROM users WHERE user_id IN (:ids[])", ids=sorted(user_ids))}


def accounts(tx: Tx) -> list[int]:
    """All accounts whose data is there."""
    return [user_id for (user_id,) in tx.all("SELECT user_id FROM users WHERE purged_at IS NULL ORDER BY user_id")]


def is_scheduled(tx: Tx, object_id: int) -> bool:
    """Whether these bytes are to be removed."""
    return tx.value("SELECT 1 FROM deletions WHERE object_id = :object_id", object_id=object_id) is not None


def count_again(tx: Tx, object_ids: Collection[int], now: int) -> None:
    """Put deletions on the account of their objects' owner, whole; those that are missing are due now."""
    tx.run(
        "INSERT INTO deletions (object_id, due_at, owner_id, held) SELECT o.object_id, CAST(:now AS BIGINT), o.owner_id, o.size FROM objects o "
        "WHERE o.object_id IN (:ids[]) ON CONFLICT (object_id) DO UPDATE SET owner_id = excluded.owner_id, held = excluded.held",
        ids=sorted(object_ids),
        now=now,
    )


# --- cleaning
@dataclass(frozen=True, slots=True)
class Doomed:
    """An object that is to go."""

    object_id: int
    key: str
    store: str
    size: int
    created_at: int
    state: str
    of_deleted: bool  # its account is deleted


_DOOMED = (
    "SELECT o.object_id, o.object_key, o.store, o.size, o.created_at, o.state, CASE WHEN u.deleted_at IS NULL THEN 0 ELSE 1 END "
    "FROM objects o JOIN users u ON u.user_id = o.owner_id "
)


def _doomed(rows: Sequence[Row]) -> list[Doomed]:
    return [Doomed(i, key, store, size, at, state, bool(of_deleted)) for i, key, store, size, at, state, of_deleted in rows]


def too_old(tx: Tx, before: int, after: int, limit: int) -> list[Doomed]:
    """Uploads of before a time that nobody committed, beyond an id."""
    sql = _DOOMED + (
        "WHERE o.created_at < :before AND o.state IN ('pending', 'writing') AND o.state <> 'stored' AND o.object_id > :after "
        "ORDER BY o.object_id LIMIT :limit"
    )
    return _doomed(tx.all(sql, before=before, after=after, limit=limit))


def due(tx: Tx, now: int, after: int, limit: int) -> list[Doomed]:
    """Objects whose removal is due and that no living row names, beyond an id."""
    sql = _DOOMED + (
        "JOIN deletions d ON d.object_id = o.object_id "
        f"WHERE d.due_at <= :now AND o.object_id > :after AND {UNNAMED} ORDER BY o.object_id LIMIT :limit"
    )
    return _doomed(tx.all(sql, now=now, after=after, limit=limit))


def of_accounts(tx: Tx, user_ids: Collection[int], after: int, limit: int) -> list[Doomed]:
    """Objects of accounts, beyond an id, but for those that others' files name too."""
    sql = _DOOMED + (
        "WHERE o.owner_id IN (:ids[]) AND o.object_id > :after AND o.state = 'stored' AND NOT EXISTS (SELECT 1 FROM files f "
        "WHERE (f.file_object_id = o.object_id OR f.thumb_object_id = o.object_id) AND NOT f.is_deleted AND f.owner_id NOT IN (:ids[])) "
        "ORDER BY o.object_id LIMIT :limit"
    )
    return _doomed(tx.all(sql, ids=sorted(user_ids), after=after, limit=limit))


def stale_multiparts(tx: Tx, before: int) -> list[Row]:
    """(key, store, bytes of the parts, begun at) of uploads in parts that nobody has touched since."""
    return tx.all("SELECT object_key, store, bytes, created_at FROM multiparts WHERE touched_at < :before ORDER BY touched_at", before=before)


def still_there(tx: Tx, object_ids: Collection[int]) -> set[int]:
    """Which of these still promise their bytes."""
    rows = tx.all("SELECT object_id FROM objects WHERE object_id IN (:ids[]) AND state <> 'deleting'", ids=sorted(object_ids))
    return {object_id for (object_id,) in rows}


# --- repairs
def albums_of(tx: Tx, file_id: int) -> list[int]:
    """Albums in which a file is live, or marked so."""
    rows = tx.all("SELECT collection_id FROM collection_files WHERE file_id = :file_id AND NOT is_deleted", file_id=file_id)
    return [collection_id for (collection_id,) in rows]


def newest_entry(tx: Tx, collection_id: int) -> int:
    """The greatest stamp of an album's entries, 0 without any."""
    sql = "SELECT COALESCE(max(updation_time), 0) FROM collection_files WHERE collection_id = :collection_id"
    return int(tx.value(sql, collection_id=collection_id))


def newest_seen(tx: Tx, user_id: int) -> int:
    """The greatest stamp of what a person's feed covers: their albums, shares and trash."""
    return int(
        tx.value(
            "SELECT COALESCE(max(s), 0) FROM (SELECT max(updation_time) AS s FROM collections WHERE owner_id = :user_id "
            "UNION ALL SELECT max(updation_time) FROM collection_shares WHERE to_user_id = :user_id "
            "UNION ALL SELECT max(c.updation_time) FROM collection_shares h JOIN collections c ON c.collection_id = h.collection_id "
            "WHERE h.to_user_id = :user_id AND NOT h.is_deleted "
            "UNION ALL SELECT max(updated_at) FROM trash WHERE user_id = :user_id) t",
            user_id=user_id,
        )
    )


def feeds_behind(tx: Tx) -> list[int]:
    """People whose feed is older than something in it."""
    rows = tx.all(
        "SELECT f.user_id FROM feeds f JOIN collections c ON c.owner_id = f.user_id WHERE c.updation_time > f.stamp UNION "
        "SELECT f.user_id FROM feeds f JOIN collection_shares s ON s.to_user_id = f.user_id JOIN collections c ON c.collection_id = s.collection_id "
        "WHERE s.updation_time > f.stamp OR (NOT s.is_deleted AND c.updation_time > f.stamp) UNION "
        "SELECT f.user_id FROM feeds f JOIN trash t ON t.user_id = f.user_id WHERE t.updated_at > f.stamp ORDER BY 1"
    )
    return [user_id for (user_id,) in rows]


def ledgers(tx: Tx) -> list[tuple[int, str]]:
    """(user, app) whose ledger is not the sum of their files, or who have none."""
    rows = tx.all(
        "SELECT user_id, app FROM (SELECT user_id, app, bytes, files FROM usage UNION ALL "
        "SELECT owner_id, app, -sum(file_size + thumb_size), -count(*) FROM files WHERE NOT is_deleted GROUP BY owner_id, app) t "
        "GROUP BY user_id, app HAVING sum(bytes) <> 0 OR sum(files) <> 0 ORDER BY user_id, app"
    )
    return [(user_id, app) for user_id, app in rows]


def place_of(tx: Tx, file_id: int) -> tuple[int, bool, bool, list[int]] | None:
    """(owner, deleted for good, in the trash, the albums in which it is live) of a file."""
    row = tx.one(
        "SELECT f.owner_id, f.is_deleted, CASE WHEN t.file_id IS NOT NULL AND NOT t.is_restored AND NOT t.is_deleted THEN 1 ELSE 0 END "
        "FROM files f LEFT JOIN trash t ON t.file_id = f.file_id WHERE f.file_id = :file_id",
        file_id=file_id,
    )
    return None if row is None else (row[0], bool(row[1]), bool(row[2]), albums_of(tx, file_id))


def album_is_deleted(tx: Tx, collection_id: int) -> bool:
    return bool(tx.value("SELECT is_deleted FROM collections WHERE collection_id = :collection_id", collection_id=collection_id))


def owner_of_album(tx: Tx, collection_id: int) -> int:
    return int(tx.value("SELECT owner_id FROM collections WHERE collection_id = :collection_id", collection_id=collection_id))


def take_out(tx: Tx, collection_id: int, file_id: int, stamp: int) -> None:
    """A file leaves an album; a tombstone stays for clients."""
    tx.run(
        "UPDATE collection_files SET is_deleted = TRUE, updation_time = :stamp WHERE collection_id = :collection_id AND file_id = :file_id",
        collection_id=collection_id,
        file_id=file_id,
        stamp=stamp,
    )


def leave_trash(tx: Tx, file_id: int, stamp: int) -> None:
    tx.run("UPDATE trash SET is_restored = TRUE, updated_at = :stamp WHERE file_id = :file_id", file_id=file_id, stamp=stamp)


def end_trash(tx: Tx, file_id: int, stamp: int) -> None:
    tx.run("UPDATE trash SET is_deleted = TRUE, updated_at = :stamp WHERE file_id = :file_id", file_id=file_id, stamp=stamp)


def drop_own_shares(tx: Tx) -> int:
    """Shares of albums with their own owners."""
    return tx.run(
        "DELETE FROM collection_shares WHERE to_user_id = (SELECT c.owner_id FROM collections c "
        "WHERE c.collection_id = collection_shares.collection_id)"
    )


def unstored(tx: Tx, after: int, limit: int) -> list[Stock]:
    """Objects that a living row names and that are not stored, beyond an id."""
    sql = f"SELECT * FROM ({_STOCK} WHERE o.state <> 'stored' AND o.object_id > :after) t WHERE named = 1 ORDER BY object_id LIMIT :limit"
    return [_stock(row) for row in tx.all(sql, after=after, limit=limit)]


# --- backups
def counts(tx: Tx) -> tuple[int, int]:
    """Accounts and files, with what is left of deleted ones."""
    return int(tx.value("SELECT count(*) FROM users")), int(tx.value("SELECT count(*) FROM files"))


def drop_from_snapshot(tx: Tx, object_ids: Collection[int]) -> None:
    """In a backup's own copy of the database: uploads whose bytes it does not have."""
    ids = sorted(object_ids)
    tx.run("DELETE FROM deletions WHERE object_id IN (:ids[])", ids=ids)
    tx.run("DELETE FROM object_copies WHERE object_id IN (:ids[])", ids=ids)
    tx.run("DELETE FROM objects WHERE object_id IN (:ids[])", ids=ids)


def stores_named(tx: Tx) -> list[str]:
    """Stores that objects lie in."""
    return [store for (store,) in tx.all("SELECT DISTINCT store FROM objects ORDER BY store")]
