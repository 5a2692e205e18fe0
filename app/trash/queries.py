"""SQL of the trash: one function a statement. Every statement about somebody's files names the owner; the jobs' name none.

`+owner_id` and `+user_id` beside a list of ids: the plus keeps the planner from reading the owner's whole library instead of the ids.
"""

from __future__ import annotations

from collections.abc import Collection

from ..db import Tx
from ..db.engine import Part, Row
from ..files.entry import SCRUBBED
from . import wire

Item = tuple[int, int]
"""(file id, id of the album it is trashed from)."""


def albums_holding(tx: Tx, owner_id: int, file_ids: Collection[int]) -> set[int]:
    """Albums, whoever owns them, in which some of these files are live."""
    rows = tx.all(
        "SELECT DISTINCT collection_id FROM collection_files WHERE file_id IN (:ids[]) AND +owner_id = :owner_id AND NOT is_deleted",
        ids=list(file_ids),
        owner_id=owner_id,
    )
    return {c for (c,) in rows}


def take_out(tx: Tx, owner_id: int, file_ids: Collection[int], stamp: int) -> int:
    """Tombstone every live membership of these files; tombstones stay as they are (files.md §19 W13)."""
    return tx.run(
        "UPDATE collection_files SET is_deleted = TRUE, updation_time = :stamp "
        "WHERE file_id IN (:ids[]) AND +owner_id = :owner_id AND NOT is_deleted",
        ids=list(file_ids),
        owner_id=owner_id,
        stamp=stamp,
    )


def put_in(tx: Tx, owner_id: int, items: Collection[Item], delete_by: int, stamp: int) -> int:
    """Trash rows of these files: new, or renewed where one exists. A file that is gone for good keeps its row."""
    return tx.run(
        "INSERT INTO trash (file_id, user_id, app, collection_id, delete_by, created_at, updated_at) "
        "SELECT r.file_id, :owner_id, c.app, r.collection_id, :delete_by, :stamp, :stamp "
        "FROM :items[file_id int, collection_id int] r JOIN collections c ON c.collection_id = r.collection_id WHERE TRUE "
        "ON CONFLICT (file_id) DO UPDATE SET is_restored = FALSE, app = excluded.app, collection_id = excluded.collection_id, "
        "delete_by = excluded.delete_by, updated_at = excluded.updated_at WHERE NOT trash.is_deleted AND trash.user_id = :owner_id",
        items=list(items),
        owner_id=owner_id,
        delete_by=delete_by,
        stamp=stamp,
    )


def owners(tx: Tx, file_ids: Collection[int]) -> dict[int, int]:
    """owner → how many of these files are theirs. Only for telling 404 from 403: callers compare with the actor."""
    return dict(tx.all("SELECT owner_id, count(*) FROM files WHERE file_id IN (:ids[]) GROUP BY owner_id", ids=list(file_ids)))


def count_in_trash(tx: Tx, owner_id: int, file_ids: Collection[int]) -> int:
    """How many of these are in the owner's trash: neither restored nor gone for good."""
    return int(
        tx.value(
            "SELECT count(*) FROM trash WHERE file_id IN (:ids[]) AND +user_id = :owner_id AND NOT is_deleted AND NOT is_restored",
            ids=list(file_ids),
            owner_id=owner_id,
        )
    )


def mark_restored(tx: Tx, owner_id: int, file_ids: Collection[int], stamp: int) -> int:
    return tx.run(
        "UPDATE trash SET is_restored = TRUE, updated_at = :stamp "
        "WHERE file_id IN (:ids[]) AND +user_id = :owner_id AND NOT is_deleted AND NOT is_restored",
        ids=list(file_ids),
        owner_id=owner_id,
        stamp=stamp,
    )


def album_owners(tx: Tx, collection_ids: Collection[int]) -> dict[int, int]:
    """album → owner, of those that exist. Callers compare with the actor."""
    rows = tx.all("SELECT collection_id, owner_id FROM collections WHERE collection_id IN (:ids[])", ids=list(collection_ids))
    return dict(rows)


def count_ever_in(tx: Tx, owner_id: int, items: Collection[Item]) -> int:
    """How many of these files are, or once were, in the album named with them."""
    return int(
        tx.value(
            "SELECT count(*) FROM :items[file_id int, collection_id int] r JOIN collection_files m "
            "ON m.file_id = r.file_id AND m.collection_id = r.collection_id WHERE m.owner_id = :owner_id",
            items=list(items),
            owner_id=owner_id,
        )
    )


def changed_since(tx: Tx, owner_id: int, app: str, since: int, limit: int, budget: int) -> Part:
    """Rows of `wire.COLUMNS`, ascending."""
    return tx.part(
        f"SELECT {wire.COLUMNS} FROM trash t JOIN files f ON f.file_id = t.file_id "
        "JOIN collection_files m ON m.collection_id = t.collection_id AND m.file_id = t.file_id "
        "WHERE t.user_id = :owner_id AND t.app = :app AND t.updated_at > :since ORDER BY t.updated_at, t.file_id LIMIT :limit",
        wire.HEAVY,
        budget,
        owner_id=owner_id,
        app=app,
        since=since,
        limit=limit,
    )


# --- for good
def in_trash_until(tx: Tx, owner_id: int, app: str, until: int, limit: int) -> list[int]:
    """Files in the owner's trash of this app that were put there up to a time, the longest there first."""
    rows = tx.all(
        "SELECT file_id FROM trash WHERE user_id = :owner_id AND app = :app AND updated_at <= :until AND NOT is_deleted AND NOT is_restored "
        "ORDER BY updated_at LIMIT :limit",
        owner_id=owner_id,
        app=app,
        until=until,
        limit=limit,
    )
    return [f for (f,) in rows]


def still_in_trash(tx: Tx, owner_id: int, file_ids: Collection[int], due: int | None) -> list[int]:
    """Those of these that are in the owner's trash, and (unless None) were to be deleted by `due` (µs)."""
    rows = tx.all(
        "SELECT file_id FROM trash WHERE file_id IN (:ids[]) AND +user_id = :owner_id AND NOT is_deleted AND NOT is_restored "
        "AND delete_by <= COALESCE(:due, delete_by) FOR UPDATE",
        ids=list(file_ids),
        owner_id=owner_id,
        due=due,
    )
    return [f for (f,) in rows]


def mark_deleted(tx: Tx, owner_id: int, file_ids: Collection[int], stamp: int) -> None:
    tx.run(
        "UPDATE trash SET is_deleted = TRUE, updated_at = :stamp WHERE file_id IN (:ids[]) AND +user_id = :owner_id",
        ids=list(file_ids),
        owner_id=owner_id,
        stamp=stamp,
    )


def delete_files(tx: Tx, owner_id: int, file_ids: Collection[int], stamp: int) -> list[Row]:
    """(app, bytes, file object, thumbnail object) of each file that is a tombstone from now on."""
    return tx.all(
        "UPDATE files SET is_deleted = TRUE, updation_time = :stamp WHERE file_id IN (:ids[]) AND +owner_id = :owner_id AND NOT is_deleted "
        "RETURNING app, file_size + thumb_size, file_object_id, thumb_object_id",
        ids=list(file_ids),
        owner_id=owner_id,
        stamp=stamp,
    )


def live_of(tx: Tx, owner_id: int, limit: int) -> list[int]:
    """Files of an owner that are not gone for good, in the trash or not."""
    rows = tx.all("SELECT file_id FROM files WHERE owner_id = :owner_id AND NOT is_deleted LIMIT :limit", owner_id=owner_id, limit=limit)
    return [file_id for (file_id,) in rows]


def past_due(tx: Tx, now: int, after: tuple[int, int], limit: int) -> list[tuple[int, int, int]]:
    """(delete by, file, owner) of files whose time in the trash is over, in that order, beyond `after` (delete by, file)."""
    rows = tx.all(
        "SELECT delete_by, file_id, user_id FROM trash WHERE delete_by <= :now AND delete_by >= :since AND NOT is_deleted AND NOT is_restored "
        "AND (delete_by > :since OR file_id > :file_id) ORDER BY delete_by, file_id LIMIT :limit",
        now=now,
        since=after[0],
        file_id=after[1],
        limit=limit,
    )
    return [(d, f, u) for d, f, u in rows]


def scrub(tx: Tx, before: int, now: int, limit: int) -> int:
    """Blank the metadata of files that went for good before a time and have no bytes waiting for deletion; how many.

    Each row by itself: one whose bytes cannot be deleted does not hold up the others (files.md §19 O6).
    """
    return tx.run(
        "UPDATE files SET encrypted_metadata = :blank, metadata_header = :blank, file_header = :blank, thumb_header = :blank, "
        "magic_metadata = NULL, pub_magic_metadata = NULL, scrubbed_at = :now WHERE file_id IN ("
        "  SELECT f.file_id FROM files f WHERE f.is_deleted AND f.scrubbed_at IS NULL AND f.updation_time <= :before AND NOT EXISTS ("
        "    SELECT 1 FROM deletions d WHERE d.object_id IN (f.file_object_id, f.thumb_object_id)) "
        "  ORDER BY f.updation_time LIMIT :limit)",
        blank=SCRUBBED,
        before=before,
        now=now,
        limit=limit,
    )
