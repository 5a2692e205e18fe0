"""What `darkroom fsck --repair` puts right by itself: what has one safe answer. Whatever would let go of a photo is left to the operator.

A repair looks once more inside its own transaction, under the locks that requests take, so it is safe while people work.
"""

from __future__ import annotations

from collections.abc import Sequence

from storage_backends import StoreError

from ..db import Tx
from ..db.engine import Row
from ..kernel import quota, sync
from ..kernel.clock import DAY
from ..kernel.errors import AppError
from ..kernel.parts import Kernel
from ..objects import service as objects
from ..storage import service as storage
from . import queries
from .stock import Lost, Missing, Stray


async def ledgers(kernel: Kernel) -> int:
    """Count anew what each account's files add up to; how many ledgers were wrong."""
    wrong = await kernel.db.scan(queries.ledgers)
    for user_id, app in wrong:
        await kernel.db.write("fsck.ledger", _recount, user_id, app)
    return len(wrong)


def _recount(tx: Tx, user_id: int, app: str) -> None:
    sync.lock_account(tx, user_id)
    quota.recount(tx, user_id, app)


async def places(kernel: Kernel, rows: Sequence[Row]) -> int:
    """Files that are in two of album, trash and nothing: one that lives in an album leaves the trash, one that is gone leaves everything."""
    done = 0
    for file_id, *_ in rows:
        done += await kernel.db.write("fsck.place", _settle, file_id, kernel.clock.now())
    return done


def _settle(tx: Tx, file_id: int, now: int) -> bool:
    place = queries.place_of(tx, file_id)
    if place is None:
        return False
    sync.lock_account(tx, place[0])
    sync.lock_collections(tx, place[3])
    place = queries.place_of(tx, file_id)
    assert place is not None
    owner, gone, in_trash, albums = place
    if gone and (albums or in_trash):
        stamp = sync.stamp_collections(tx, now, albums, also=[owner])
        for album in albums:
            queries.take_out(tx, album, file_id, stamp)
        queries.end_trash(tx, file_id, stamp)
        return True
    if albums and in_trash:
        queries.leave_trash(tx, file_id, sync.stamp(tx, now, [owner]))
        return True
    return False


async def dead_albums(kernel: Kernel, rows: Sequence[Row]) -> int:
    """Files that are live in a deleted album leave it when they live elsewhere too."""
    done = 0
    for file_id, *_ in rows:
        done += await kernel.db.write("fsck.dead_album", _leave_dead, file_id, kernel.clock.now())
    return done


def _leave_dead(tx: Tx, file_id: int, now: int) -> bool:
    albums = queries.albums_of(tx, file_id)
    sync.lock_collections(tx, albums)
    albums = queries.albums_of(tx, file_id)
    dead = [album for album in albums if queries.album_is_deleted(tx, album)]
    place = queries.place_of(tx, file_id)
    if not dead or place is None or not any(queries.owner_of_album(tx, a) == place[0] for a in set(albums) - set(dead)):
        return False
    stamp = sync.stamp_collections(tx, now, dead)
    for album in dead:
        queries.take_out(tx, album, file_id, stamp)
    return True


async def albums(kernel: Kernel, rows: Sequence[Row]) -> int:
    """Albums that are older than an entry of theirs get a new stamp, and so do the feeds of all who see them."""
    for collection_id in sorted({int(row[0]) for row in rows}):
        await kernel.db.write("fsck.album", _restamp, collection_id, kernel.clock.now())
    return len({row[0] for row in rows})


def _restamp(tx: Tx, collection_id: int, now: int) -> None:
    sync.lock_collections(tx, [collection_id])
    sync.stamp_collections(tx, max(now, queries.newest_entry(tx, collection_id) + 1), [collection_id])


async def feeds(kernel: Kernel) -> int:
    """Feeds that are older than what they cover."""
    behind = await kernel.db.scan(queries.feeds_behind)
    for user_id in behind:
        await kernel.db.write("fsck.feed", _raise_feed, user_id, kernel.clock.now())
    return len(behind)


def _raise_feed(tx: Tx, user_id: int, now: int) -> None:
    sync.stamp(tx, max(now, queries.newest_seen(tx, user_id)), [user_id])


async def shares(kernel: Kernel) -> int:
    """Shares of an album with its own owner."""
    return await kernel.db.write("fsck.shares", queries.drop_own_shares)


async def unnamed(kernel: Kernel, rows: Sequence[Row]) -> int:
    """Bytes that no row names any more are scheduled for removal, after the grace that deleted files have."""
    grace = kernel.config.trash.deletion_grace_days * DAY
    found = await kernel.db.scan(queries.stock_of, [int(row[0]) for row in rows])
    for owner_id in sorted({row.owner_id for row in found}):
        ids = [row.object_id for row in found if row.owner_id == owner_id]
        await kernel.db.write("fsck.unnamed", objects.release, owner_id, ids, kernel.clock.now(), grace)
    return len(found)


async def going(kernel: Kernel, rows: Sequence[Row]) -> int:
    """Deletions that say wrongly whose bytes they hold and how many are made anew."""
    ids = [int(row[0]) for row in rows]
    await kernel.db.write("fsck.going", queries.count_again, ids, kernel.clock.now())
    return len(ids)


async def unstored(kernel: Kernel) -> int:
    """Objects of living rows that are not marked as stored although their bytes are there."""
    done, after = 0, 0
    while rows := await kernel.db.scan(queries.unstored, after, 200):
        after = rows[-1].object_id
        for row in rows:
            store = kernel.stores.get(row.store)
            try:
                head = await store.head(row.key) if store else None
            except StoreError:
                continue
            if head is not None and head.size == row.size:
                done += await kernel.db.write("fsck.unstored", objects.bring_back, row.object_id)
    return done


async def strays(kernel: Kernel, found: Sequence[Stray]) -> int:
    """Bytes of an account without a row get one; uncommitted as they are, they expire in two weeks. Keys that we did not make stay."""
    done = 0
    for stray in found:
        if stray.owner_id is not None:
            try:
                await objects.adopt(kernel, stray.key, stray.store)
            except (StoreError, AppError):
                continue
            done += 1
    return done


async def lost(kernel: Kernel, found: Sequence[Lost]) -> int:
    """Copies that a store has lost are queued to be copied there again from one that has the bytes; the server's jobs do it."""
    for copy in found:
        problem = "fsck did not find it" if copy.found is None else f"fsck found {copy.found} bytes"
        await kernel.db.write("fsck.lost", storage.doubt, copy.row.object_id, copy.store, kernel.clock.now(), problem)
    return len(found)


async def hollow(kernel: Kernel, found: Sequence[Missing]) -> int:
    """Rows of uploads that nobody committed and whose bytes are gone: no client may be promised them."""
    ids = [m.row.object_id for m in found if m.row.state == "pending" and not m.row.named]
    return len(await kernel.db.write("fsck.hollow", objects.condemn, ids, kernel.clock.now())) if ids else 0
