"""Rules of the trash (files.md §9, §10): in, out again, gone for good.

The functions that take a `tx` are for other features, which call them inside their own transaction; they say which locks they expect.
"""

from __future__ import annotations

from collections.abc import Collection

from ..clock import DAY
from ..db import Tx
from ..errors import BadRequest, Forbidden, NotFound
from ..kernel import Kernel
from . import queries


def albums_holding(tx: Tx, owner_id: int, file_ids: Collection[int]) -> set[int]:
    """Every album, the owner's or another's, in which some of these files are live: what to lock and stamp before `trash_files`.

    Under `sync.lock_account(owner_id)` this set can only shrink, because only the owner's own calls put the owner's files anywhere.
    """
    return queries.albums_holding(tx, owner_id, file_ids)


def trash_files(tx: Tx, kernel: Kernel, owner_id: int, file_ids: Collection[int], collection_id: int, now: int, stamp: int) -> set[int]:
    """Trash an owner's files "from" one album: every live membership becomes a tombstone, every file gets a trash row; the albums touched.

    Expects `sync.lock_account(owner_id)`, the albums of `albums_holding` locked, and `stamp` taken for them and for the owner:
    `sync.stamp_collections(tx, now, albums, also=[owner_id])`. Files that are gone for good stay gone.
    """
    return trash_items(tx, kernel, owner_id, [(f, collection_id) for f in file_ids], now, stamp)


def trash_items(tx: Tx, kernel: Kernel, owner_id: int, items: Collection[queries.Item], now: int, stamp: int) -> set[int]:
    """`trash_files` with an album per file."""
    ids = [f for f, _ in items]
    touched = queries.albums_holding(tx, owner_id, ids)
    queries.take_out(tx, owner_id, ids, stamp)
    queries.put_in(tx, owner_id, items, now + kernel.config.trash.retention_days * DAY, stamp)
    return touched


def restorable(tx: Tx, actor_id: int, file_ids: Collection[int]) -> None:
    """All of these are in the actor's trash (files.md §10.1): unknown 404, another's 403, twice, restored or gone for good 400.

    Expects `sync.lock_account(actor_id)`. An empty list passes.
    """
    found = queries.owners(tx, file_ids)
    if sum(found.values()) != len(set(file_ids)):
        raise NotFound(log="some files are unknown")
    if found.keys() - {actor_id}:
        raise Forbidden(log=f"files of others among those user {actor_id} restores")
    if queries.count_in_trash(tx, actor_id, file_ids) != len(file_ids):
        raise BadRequest(log="some files are not in the trash")


def mark_restored(tx: Tx, actor_id: int, file_ids: Collection[int], stamp: int) -> None:
    """Trash rows of restored files become tombstones. `stamp` was taken for the album they return to, so for the actor too."""
    queries.mark_restored(tx, actor_id, file_ids, stamp)
