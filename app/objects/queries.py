"""SQL of objects and their deletions: one function a statement.

States of an object: `pending` (uploaded, nobody's file yet), `writing` (a pending one whose bytes are being replaced), `stored` (named
by a file, a data row or a contact), `deleting` (its bytes are gone or going; the key is never usable again).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..db import Tx
from ..db.engine import Row
from ..kernel.access import MAY_READ

Due = tuple[int, str, str, int, int]
"""(object id, key, store, created at µs, attempts) of a deletion."""

UNNAMED = (
    "NOT EXISTS (SELECT 1 FROM files f WHERE f.file_object_id = o.object_id AND NOT f.is_deleted) "
    "AND NOT EXISTS (SELECT 1 FROM files f WHERE f.thumb_object_id = o.object_id AND NOT f.is_deleted) "
    "AND NOT EXISTS (SELECT 1 FROM file_data d WHERE d.object_id = o.object_id AND NOT d.is_deleted) "
    "AND NOT EXISTS (SELECT 1 FROM file_data d WHERE d.preview_object_id = o.object_id AND NOT d.is_deleted) "
    "AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.picture_object_id = o.object_id)"
)


# --- objects
@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that lie in a store under a key; `md5` in hex when known."""

    key: str
    store: str
    size: int
    md5: str | None

    @property
    def owner_id(self) -> int:
        return int(self.key.partition("/")[0])


def known(tx: Tx, owner_id: int, keys: Sequence[str]) -> set[str]:
    """Which of these keys of an owner have a row, whatever its state."""
    rows = tx.all("SELECT object_key FROM objects WHERE object_key IN (:keys[]) AND owner_id = :owner_id", keys=list(keys), owner_id=owner_id)
    return {key for (key,) in rows}


def is_account(tx: Tx, owner_id: int) -> bool:
    return tx.value("SELECT 1 FROM users WHERE user_id = :owner_id", owner_id=owner_id) is not None


def insert(tx: Tx, upload: Upload, now: int) -> int | None:
    """The id of a new pending object, None when the key has a row already."""
    found = tx.value(
        "INSERT INTO objects (object_key, owner_id, store, size, md5, state, created_at) "
        "VALUES (:key, :owner_id, :store, :size, :md5, 'pending', :now) ON CONFLICT (object_key) DO NOTHING RETURNING object_id",
        of=upload,
        now=now,
    )
    return None if found is None else int(found)


def facts(tx: Tx, key: str) -> tuple[str, int, str | None, str] | None:
    """(state, size, MD5 as hex, store) of a key."""
    row = tx.one("SELECT state, size, md5, store FROM objects WHERE object_key = :key", key=key)
    return None if row is None else (row[0], row[1], row[2], row[3])


def locked(tx: Tx, owner_id: int, keys: Sequence[str]) -> list[Row]:
    """(key, id, size, state) of an owner's objects, their rows locked in the order of the ids."""
    return tx.all(
        "SELECT object_key, object_id, size, state FROM objects WHERE object_key IN (:keys[]) AND owner_id = :owner_id ORDER BY object_id FOR UPDATE",
        keys=list(keys),
        owner_id=owner_id,
    )


def size(tx: Tx, object_id: int) -> int | None:
    found = tx.value("SELECT size FROM objects WHERE object_id = :object_id", object_id=object_id)
    return None if found is None else int(found)


def lock_stored(tx: Tx, object_ids: Collection[int]) -> set[int]:
    """Which of these are stored and will stay so until COMMIT."""
    rows = tx.all(
        "SELECT object_id FROM objects WHERE object_id IN (:ids[]) AND state = 'stored' ORDER BY object_id FOR UPDATE", ids=sorted(object_ids)
    )
    return {object_id for (object_id,) in rows}


def mark_stored(tx: Tx, object_ids: Collection[int]) -> None:
    tx.send("UPDATE objects SET state = 'stored' WHERE object_id IN (:ids[]) AND state = 'pending'", ids=sorted(object_ids))


def begin_replace(tx: Tx, owner_id: int, key: str, store: str, now: int) -> int | None:
    """Take a key that nobody committed for replacing its bytes; None when it is committed, deleted or taken already."""
    found = tx.value(
        "INSERT INTO objects (object_key, owner_id, store, size, md5, state, created_at) "
        "VALUES (:key, :owner_id, :store, 0, NULL, 'writing', :now) "
        "ON CONFLICT (object_key) DO UPDATE SET state = 'writing' WHERE objects.state = 'pending' AND objects.store = :store RETURNING object_id",
        key=key,
        owner_id=owner_id,
        store=store,
        now=now,
    )
    return None if found is None else int(found)


def end_replace(tx: Tx, object_id: int, size: int, md5: str | None, now: int) -> int:
    return tx.run(
        "UPDATE objects SET state = 'pending', size = :size, md5 = :md5, created_at = :now WHERE object_id = :object_id AND state = 'writing'",
        object_id=object_id,
        size=size,
        md5=md5,
        now=now,
    )


def pending_bytes(tx: Tx, owner_id: int) -> int:
    """What an account has uploaded and not committed."""
    return int(
        tx.value(
            "SELECT COALESCE(SUM(size), 0) FROM objects WHERE owner_id = :owner_id AND state = 'pending' AND state <> 'stored'", owner_id=owner_id
        )
    )


def oldest_pending(tx: Tx, owner_id: int, but: int) -> list[tuple[int, int]]:
    """(id, size) of an account's pending objects, the oldest first, without `but`."""
    rows = tx.all(
        "SELECT object_id, size FROM objects WHERE owner_id = :owner_id AND state = 'pending' AND state <> 'stored' AND object_id <> :but "
        "ORDER BY created_at, object_id",
        owner_id=owner_id,
        but=but,
    )
    return [(object_id, size) for object_id, size in rows]


def expired_pending(tx: Tx, before: int, limit: int) -> list[int]:
    rows = tx.all(
        "SELECT object_id FROM objects WHERE created_at < :before AND state IN ('pending', 'writing') AND state <> 'stored' "
        "ORDER BY created_at LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [object_id for (object_id,) in rows]


def condemn(tx: Tx, object_ids: Collection[int], now: int) -> list[int]:
    """Make uncommitted objects unusable and due for deletion; those that were committed meanwhile stay."""
    gone = tx.all(
        "UPDATE objects SET state = 'deleting' WHERE object_id IN (:ids[]) AND state IN ('pending', 'writing') RETURNING object_id, owner_id, size",
        ids=sorted(object_ids),
    )
    tx.run(
        "INSERT INTO deletions (object_id, due_at, owner_id, held) "
        "SELECT r.object_id, r.due_at, r.owner_id, r.held FROM :rows[object_id int, due_at int, owner_id int, held int] r WHERE TRUE "
        "ON CONFLICT (object_id) DO UPDATE SET due_at = excluded.due_at, owner_id = excluded.owner_id, held = excluded.held",
        rows=[(object_id, now, owner_id, size) for object_id, owner_id, size in gone],
    )
    return [row[0] for row in gone]


# --- where a file's bytes are
_READABLE = f"SELECT o.object_key, o.store, f.is_deleted, CASE WHEN {MAY_READ} THEN 1 ELSE 0 END "
_FILE = _READABLE + "FROM files f LEFT JOIN objects o ON o.object_id = f.file_object_id WHERE f.file_id = :file_id"
_THUMB = _READABLE + "FROM files f LEFT JOIN objects o ON o.object_id = f.thumb_object_id WHERE f.file_id = :file_id"


def readable(tx: Tx, actor: int, file_id: int, *, thumb: bool) -> tuple[str | None, str, bool, bool] | None:
    """(key or None without bytes, store, deleted for good, may this actor read it) of a file, in one statement."""
    row = tx.one(_THUMB if thumb else _FILE, actor=actor, file_id=file_id)
    return None if row is None else (row[0], row[1], bool(row[2]), bool(row[3]))


def place(tx: Tx, file_id: int, *, thumb: bool) -> tuple[str, str] | None:
    """(key, store) of a live file's bytes."""
    column = "thumb_object_id" if thumb else "file_object_id"
    row = tx.one(
        f"SELECT o.object_key, o.store FROM files f JOIN objects o ON o.object_id = f.{column} WHERE f.file_id = :file_id AND NOT f.is_deleted",
        file_id=file_id,
    )
    return None if row is None else (row[0], row[1])


# --- deletions
def schedule_unnamed(tx: Tx, owner_id: int, object_ids: Collection[int], due_at: int) -> int:
    """Schedule those of these objects that no live row names, on the account of who let go of them."""
    return tx.run(
        "INSERT INTO deletions (object_id, due_at, owner_id, held) SELECT o.object_id, :due_at, CAST(:owner_id AS BIGINT), o.size FROM objects o "
        f"WHERE o.object_id IN (:ids[]) AND {UNNAMED} ON CONFLICT (object_id) DO NOTHING",
        owner_id=owner_id,
        ids=sorted(object_ids),
        due_at=due_at,
    )


def held(tx: Tx, owner_id: int, since: int = 0) -> int:
    """Bytes that an account has deleted and that are still there; those that are due after a time."""
    sql = "SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM deletions WHERE owner_id = :owner_id AND due_at > :since"
    return int(tx.value(sql, owner_id=owner_id, since=since))


def waiting(tx: Tx, owner_id: int, now: int, limit: int) -> list[tuple[int, int]]:
    """(id, bytes) of an account's deletions that are not due yet, the first to be due first."""
    rows = tx.all(
        "SELECT object_id, held FROM deletions WHERE owner_id = :owner_id AND due_at > :now AND held > 0 ORDER BY due_at, object_id LIMIT :limit",
        owner_id=owner_id,
        now=now,
        limit=limit,
    )
    return [(object_id, size) for object_id, size in rows]


def hasten(tx: Tx, object_ids: Collection[int], now: int) -> None:
    tx.run("UPDATE deletions SET due_at = :now WHERE object_id IN (:ids[])", ids=sorted(object_ids), now=now)


def holders(tx: Tx, now: int) -> list[tuple[int, int]]:
    """(account, bytes) of what was deleted and is not due yet."""
    rows = tx.all("SELECT owner_id, CAST(SUM(held) AS BIGINT) FROM deletions WHERE due_at > :now GROUP BY owner_id ORDER BY owner_id", now=now)
    return [(owner_id, size) for owner_id, size in rows]


def due(tx: Tx, now: int, limit: int) -> list[int]:
    rows = tx.all("SELECT object_id FROM deletions WHERE due_at <= :now ORDER BY due_at, object_id LIMIT :limit", now=now, limit=limit)
    return [object_id for (object_id,) in rows]


def lock(tx: Tx, object_ids: Collection[int]) -> None:
    tx.all("SELECT object_id FROM objects WHERE object_id IN (:ids[]) ORDER BY object_id FOR UPDATE", ids=sorted(object_ids))


def unnamed(tx: Tx, object_ids: Collection[int]) -> list[Due]:
    """Those of these scheduled objects that no live row names."""
    rows = tx.all(
        "SELECT o.object_id, o.object_key, o.store, o.created_at, d.attempts FROM deletions d JOIN objects o ON o.object_id = d.object_id "
        f"WHERE d.object_id IN (:ids[]) AND {UNNAMED} ORDER BY o.object_id",
        ids=sorted(object_ids),
    )
    return [(i, key, store, created, attempts) for i, key, store, created, attempts in rows]


def unschedule(tx: Tx, object_ids: Collection[int]) -> None:
    tx.run("DELETE FROM deletions WHERE object_id IN (:ids[])", ids=sorted(object_ids))


def forget_names(tx: Tx, object_ids: Collection[int]) -> None:
    """Take objects out of the tombstones that still name them."""
    ids = sorted(object_ids)
    tx.run("UPDATE files SET file_object_id = NULL WHERE file_object_id IN (:ids[]) AND is_deleted", ids=ids)
    tx.run("UPDATE files SET thumb_object_id = NULL WHERE thumb_object_id IN (:ids[]) AND is_deleted", ids=ids)
    tx.run("UPDATE file_data SET object_id = NULL WHERE object_id IN (:ids[]) AND is_deleted", ids=ids)
    tx.run("UPDATE file_data SET preview_object_id = NULL WHERE preview_object_id IN (:ids[]) AND is_deleted", ids=ids)


def mark_deleting(tx: Tx, object_ids: Collection[int]) -> None:
    tx.run("UPDATE objects SET state = 'deleting' WHERE object_id IN (:ids[])", ids=sorted(object_ids))


def postpone(tx: Tx, rows: Sequence[tuple[int, int, int]], gone: Collection[int] = ()) -> None:
    """Give deletions (object id, due at, attempts) another turn; of those in `gone` the bytes are gone, and only the key is kept."""
    tx.run(
        "INSERT INTO deletions (object_id, due_at, attempts, owner_id, held) "
        "SELECT r.object_id, r.due_at, r.attempts, o.owner_id, o.size * r.there "
        "FROM :rows[object_id int, due_at int, attempts int, there int] r JOIN objects o ON o.object_id = r.object_id WHERE TRUE "
        "ON CONFLICT (object_id) DO UPDATE SET due_at = excluded.due_at, attempts = excluded.attempts, "
        "held = CASE WHEN excluded.held = 0 THEN 0 ELSE deletions.held END",
        rows=[(object_id, due_at, attempts, int(object_id not in gone)) for object_id, due_at, attempts in rows],
    )


def bring_back(tx: Tx, object_id: int) -> int:
    """A living row names this object and its bytes are there: it is stored, whatever was about to happen to it."""
    unschedule(tx, [object_id])
    return tx.run("UPDATE objects SET state = 'stored' WHERE object_id = :object_id AND state <> 'stored'", object_id=object_id)


def drop(tx: Tx, object_ids: Collection[int]) -> None:
    """Remove objects whose bytes are gone, with their deletions."""
    unschedule(tx, object_ids)
    tx.run("DELETE FROM objects WHERE object_id IN (:ids[]) AND state = 'deleting'", ids=sorted(object_ids))


# --- multipart uploads on their way
Begun = tuple[str, str, str]
"""(upload id, key, store) of one."""


def begin_parts(tx: Tx, owner_id: int, key: str, upload_id: str, store: str, size: int, now: int) -> None:
    tx.run(
        "INSERT INTO multiparts (upload_id, object_key, owner_id, store, bytes, created_at, touched_at) "
        "VALUES (:upload_id, :key, :owner_id, :store, :size, :now, :now) "
        "ON CONFLICT (upload_id) DO UPDATE SET object_key = excluded.object_key, owner_id = excluded.owner_id, bytes = excluded.bytes",
        upload_id=upload_id,
        key=key,
        owner_id=owner_id,
        store=store,
        size=size,
        now=now,
    )


def add_part(tx: Tx, upload_id: str, size: int, now: int) -> None:
    tx.run("UPDATE multiparts SET bytes = bytes + :size, touched_at = :now WHERE upload_id = :upload_id", upload_id=upload_id, size=size, now=now)


def begun(tx: Tx, owner_id: int) -> list[tuple[str, str, str, int]]:
    """(upload id, key, store, bytes) of an owner's uploads on their way, the one that was longest left alone first."""
    rows = tx.all(
        "SELECT upload_id, object_key, store, bytes FROM multiparts WHERE owner_id = :owner_id ORDER BY touched_at, upload_id", owner_id=owner_id
    )
    return [(upload_id, key, store, size) for upload_id, key, store, size in rows]


def end_parts(tx: Tx, upload_ids: Collection[str]) -> None:
    tx.run("DELETE FROM multiparts WHERE upload_id IN (:ids[])", ids=sorted(upload_ids))


def old_parts(tx: Tx, before: int, limit: int) -> list[Begun]:
    rows = tx.all(
        "SELECT upload_id, object_key, store FROM multiparts WHERE touched_at < :before ORDER BY touched_at LIMIT :limit", before=before, limit=limit
    )
    return [(upload_id, key, store) for upload_id, key, store in rows]
