"""SQL of the trash: one function a statement. Every statement names the owner."""

from __future__ import annotations

from collections.abc import Collection

from ..db import Tx

Item = tuple[int, int]
"""(file id, id of the album it is trashed from)."""


def albums_holding(tx: Tx, owner_id: int, file_ids: Collection[int]) -> set[int]:
    """Albums, whoever owns them, in which some of these files are live."""
    rows = tx.all(
        "SELECT DISTINCT collection_id FROM collection_files WHERE file_id IN (:ids[]) AND owner_id = :owner_id AND NOT is_deleted",
        ids=list(file_ids),
        owner_id=owner_id,
    )
    return {c for (c,) in rows}


def take_out(tx: Tx, owner_id: int, file_ids: Collection[int], stamp: int) -> int:
    """Tombstone every live membership of these files; tombstones stay as they are (files.md §19 W13)."""
    return tx.run(
        "UPDATE collection_files SET is_deleted = TRUE, updation_time = :stamp "
        "WHERE file_id IN (:ids[]) AND owner_id = :owner_id AND NOT is_deleted",
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
    return dict(tx.all("SELECT owner_id, count(*) FROM files WHERE file_id IN (:ids[]) GROUP BY owner_id", ids=list(file_ids)))  # type: ignore[arg-type]  # rows are (owner, count)


def count_in_trash(tx: Tx, owner_id: int, file_ids: Collection[int]) -> int:
    """How many of these are in the owner's trash: neither restored nor gone for good."""
    return int(
        tx.value(
            "SELECT count(*) FROM trash WHERE file_id IN (:ids[]) AND user_id = :owner_id AND NOT is_deleted AND NOT is_restored",
            ids=list(file_ids),
            owner_id=owner_id,
        )
    )


def mark_restored(tx: Tx, owner_id: int, file_ids: Collection[int], stamp: int) -> int:
    return tx.run(
        "UPDATE trash SET is_restored = TRUE, updated_at = :stamp "
        "WHERE file_id IN (:ids[]) AND user_id = :owner_id AND NOT is_deleted AND NOT is_restored",
        ids=list(file_ids),
        owner_id=owner_id,
        stamp=stamp,
    )
