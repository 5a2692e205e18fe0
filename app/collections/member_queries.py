"""SQL of which file is in which album: one function a statement, each for a whole batch."""

from __future__ import annotations

from typing import Any

from ..db import Tx
from ..db.engine import Part
from ..files.entry import COLUMNS, FROM, HEAVY

Row = tuple[Any, ...]
Items = list[tuple[int, str, str]]
"""(file id, encrypted key, nonce)"""


def page(tx: Tx, collection_id: int, since: int, limit: int, budget: int) -> Part:
    """Rows of an album changed after `since`, tombstones included, ascending."""
    return tx.part(
        f"SELECT {COLUMNS} FROM {FROM} WHERE m.collection_id = :id AND m.updation_time > :since ORDER BY m.updation_time, m.file_id LIMIT :limit",
        HEAVY,
        budget,
        id=collection_id,
        since=since,
        limit=limit,
    )


def one(tx: Tx, collection_id: int, file_id: int) -> Row | None:
    return tx.one(
        f"SELECT {COLUMNS} FROM {FROM} WHERE m.collection_id = :id AND m.file_id = :file_id AND NOT m.is_deleted",
        id=collection_id,
        file_id=file_id,
    )


def version(tx: Tx, collection_id: int) -> int:
    return int(tx.value("SELECT updation_time FROM collections WHERE collection_id = :id", id=collection_id))


def put(tx: Tx, collection_id: int, owner_id: int, items: Items, stamp: int) -> None:
    """Files of one owner into an album. An entry that exists keeps its key (same album key, same file key: collections.md §3.3) and, if it
    was live, the time it was added."""
    tx.run(
        "INSERT INTO collection_files (collection_id, file_id, owner_id, encrypted_key, key_nonce, added_at, updation_time) "
        "SELECT :id, r.file, :owner_id, r.encrypted_key, r.nonce, :stamp, :stamp "
        "FROM :items[file int, encrypted_key text, nonce text] r WHERE TRUE "
        "ON CONFLICT (collection_id, file_id) DO UPDATE SET updation_time = excluded.updation_time, action = NULL, action_user = NULL, "
        "added_at = CASE WHEN collection_files.is_deleted THEN excluded.added_at ELSE collection_files.added_at END, is_deleted = FALSE",
        id=collection_id,
        owner_id=owner_id,
        items=items,
        stamp=stamp,
    )


def take_out(tx: Tx, collection_id: int, file_ids: list[int], stamp: int) -> int:
    """Tombstones for these files' live entries; how many."""
    return tx.run(
        "UPDATE collection_files SET is_deleted = TRUE, action = NULL, action_user = NULL, updation_time = :stamp "
        "WHERE collection_id = :id AND file_id IN (:file_ids[]) AND NOT is_deleted",
        id=collection_id,
        file_ids=file_ids,
        stamp=stamp,
    )


def take_out_people(tx: Tx, collection_ids: list[int], owner_ids: list[int], stamp: int) -> int:
    """Tombstones for whatever these people have in these albums."""
    return tx.run(
        "UPDATE collection_files SET is_deleted = TRUE, action = NULL, action_user = NULL, updation_time = :stamp "
        "WHERE collection_id IN (:ids[]) AND owner_id IN (:owners[]) AND NOT is_deleted",
        ids=collection_ids,
        owners=owner_ids,
        stamp=stamp,
    )


def take_out_others(tx: Tx, collection_id: int, owner_id: int, stamp: int) -> int:
    """Tombstones for everything in an album that is not its owner's."""
    return tx.run(
        "UPDATE collection_files SET is_deleted = TRUE, action = NULL, action_user = NULL, updation_time = :stamp "
        "WHERE collection_id = :id AND owner_id <> :owner_id AND NOT is_deleted",
        id=collection_id,
        owner_id=owner_id,
        stamp=stamp,
    )


def ask_removal(tx: Tx, collection_id: int, file_ids: list[int], actor: int, stamp: int) -> int:
    """Mark live entries as to be removed by the album's owner."""
    return tx.run(
        "UPDATE collection_files SET action = 'REMOVE', action_user = :actor, updation_time = :stamp "
        "WHERE collection_id = :id AND file_id IN (:file_ids[]) AND NOT is_deleted AND action IS NULL",
        id=collection_id,
        file_ids=file_ids,
        actor=actor,
        stamp=stamp,
    )


def states(tx: Tx, collection_id: int, file_ids: list[int]) -> list[Row]:
    """(file, its owner, whether it is live and unmarked) of entries, tombstones included."""
    return tx.all(
        "SELECT file_id, owner_id, NOT is_deleted AND action IS NULL FROM collection_files WHERE collection_id = :id AND file_id IN (:file_ids[])",
        id=collection_id,
        file_ids=file_ids,
    )


def any_live(tx: Tx, collection_id: int) -> bool:
    return tx.value("SELECT 1 FROM collection_files WHERE collection_id = :id AND NOT is_deleted LIMIT 1", id=collection_id) is not None


def live_of(tx: Tx, collection_id: int, owner_id: int, limit: int) -> list[int]:
    """The first of the owner's live files in an album."""
    rows = tx.all(
        "SELECT file_id FROM collection_files WHERE collection_id = :id AND owner_id = :owner_id AND NOT is_deleted ORDER BY file_id LIMIT :limit",
        id=collection_id,
        limit=limit,
        owner_id=owner_id,
    )
    return [f for (f,) in rows]


def empty(tx: Tx, collection_ids: list[int], stamp: int) -> int:
    """Take everything that is left out of these (locked, stamped) albums."""
    return tx.run(
        "UPDATE collection_files SET is_deleted = TRUE, updation_time = :stamp WHERE collection_id IN (:ids[]) AND NOT is_deleted",
        ids=collection_ids,
        stamp=stamp,
    )
