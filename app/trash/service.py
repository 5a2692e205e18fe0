"""Rules of the trash (files.md §9, §10): in, out again, gone for good.

The functions that take a `tx` are for other features, which request them inside their own transaction; they say which locks they expect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from ..db import Tx
from ..db.engine import Row
from ..file_links import service as file_links
from ..filedata import service as filedata
from ..files.wire import FileIDs
from ..kernel import access, quota, sync
from ..kernel.access import Session
from ..kernel.clock import DAY
from ..kernel.errors import BadRequest, Forbidden, NotFound, TooLarge
from ..kernel.parts import Kernel
from ..objects import service as objects
from . import queries, wire

TRASH_LIMIT = 1000
DELETE_LIMIT = 2500


async def trash(kernel: Kernel, actor: Session, ask: wire.TrashFiles) -> None:
    """Own files into the trash, each from an own album that it is or was in (files.md §9.1). They leave every album of everybody.

    More than 1000 413; none, duplicates or unknown files 400; files of others 403; unknown album 404, another's 403, never in it 400.
    What is in the trash already gets a new time; what is gone for good stays so.
    """
    items = [(i.file_id, i.collection_id) for i in ask.items or []]
    if len(items) > TRASH_LIMIT:
        raise TooLarge(log=f"{len(items)} items")
    await kernel.db.write("trash.trash", _trash, kernel, actor.user_id, items, kernel.clock.now())


def _trash(tx: Tx, kernel: Kernel, actor_id: int, items: list[queries.Item], now: int) -> None:
    ids = [f for f, _ in items]
    sync.lock_account(tx, actor_id)
    access.own_files(tx, actor_id, ids)
    _own_albums(tx, actor_id, {c for _, c in items})
    if queries.count_ever_in(tx, actor_id, items) != len(items):
        raise BadRequest(log="some files were never in the album they are trashed from")
    sync.lock_collections(tx, queries.albums_holding(tx, actor_id, ids))
    stamp = sync.stamp_collections(tx, now, queries.albums_holding(tx, actor_id, ids), also=[actor_id])
    _move_in(tx, kernel, actor_id, items, now, stamp)


def _own_albums(tx: Tx, actor_id: int, collection_ids: set[int]) -> None:
    owners = queries.album_owners(tx, collection_ids)
    if owners.keys() != collection_ids:
        raise NotFound(log="some albums are unknown")
    if set(owners.values()) != {actor_id}:
        raise Forbidden(log=f"albums of others among those user {actor_id} trashes from")


async def diff(kernel: Kernel, actor: Session, query: wire.SinceQuery) -> wire.Page:
    """What came into, left or was deleted from this app's trash after a time, ascending (§9.2)."""
    since = query.since_time
    if since >= await kernel.db.read(sync.feed, actor.user_id):
        return wire.Page(diff=[], has_more=False)
    rows, more = await kernel.db.scan(_diff, actor, since)
    return wire.Page(diff=[wire.build(row) for row in rows], has_more=more)


def _diff(tx: Tx, actor: Session, since: int) -> tuple[list[Row], bool]:
    return sync.page(lambda after, n, b: queries.changed_since(tx, actor.user_id, actor.app, after, n, b), since, lambda row: int(row[-1]))


async def delete(kernel: Kernel, actor: Session, ask: FileIDs) -> None:
    """Files of the own trash for good (§9.3); ids that are not in it are ignored; more than 2500 413."""
    file_ids = ask.file_ids
    if len(file_ids) > DELETE_LIMIT:
        raise TooLarge(log=f"{len(file_ids)} files")
    if file_ids:
        await kernel.db.write("trash.delete", purge, kernel, actor.user_id, file_ids, kernel.clock.now())
        await objects.shed(kernel, actor.user_id)


async def empty(kernel: Kernel, actor: Session, ask: wire.Empty) -> None:
    """Everything that was in this app's trash at a time for good, in transactions of bounded size. Sending it again is no error
    and deletes what came in meanwhile with a smaller time (§9.4, §19 W23)."""
    while await kernel.db.write("trash.empty", _empty, kernel, actor, ask.last_updated_at, kernel.clock.now()) == DELETE_LIMIT:
        pass
    await objects.shed(kernel, actor.user_id)


def _empty(tx: Tx, kernel: Kernel, actor: Session, until: int, now: int) -> int:
    sync.lock_account(tx, actor.user_id)
    ids = queries.in_trash_until(tx, actor.user_id, actor.app, until, DELETE_LIMIT)
    purge(tx, kernel, actor.user_id, ids, now)
    return len(ids)


# --- inside other transactions


def purge(tx: Tx, kernel: Kernel, owner_id: int, file_ids: Collection[int], now: int, due: int | None = None) -> None:
    """Delete files in the owner's trash for good: a tombstone each, the space free at once, the bytes (those of derived data
    too) after the grace time.

    `due`: only those to be deleted by then (µs). Others are ignored. The tombstones in albums stay as they are.
    """
    sync.lock_account(tx, owner_id)
    ids = queries.still_in_trash(tx, owner_id, file_ids, due)
    if not ids:
        return
    _bury(tx, kernel, owner_id, ids, now, sync.stamp(tx, now, [owner_id]))


def forget_person(tx: Tx, kernel: Kernel, owner_id: int, now: int, limit: int) -> int:
    """Delete up to `limit` files of an account that is gone for good, wherever they are; how many there were."""
    sync.lock_account(tx, owner_id)
    ids = queries.live_of(tx, owner_id, limit)
    if ids:
        sync.lock_collections(tx, queries.albums_holding(tx, owner_id, ids))
        stamp = sync.stamp_collections(tx, now, queries.albums_holding(tx, owner_id, ids), also=[owner_id])
        queries.take_out(tx, owner_id, ids, stamp)
        _bury(tx, kernel, owner_id, ids, now, stamp)
    return len(ids)


def _bury(tx: Tx, kernel: Kernel, owner_id: int, ids: Collection[int], now: int, stamp: int) -> None:
    queries.mark_deleted(tx, owner_id, ids, stamp)
    gone = queries.delete_files(tx, owner_id, ids, stamp)
    size: Counter[str] = Counter()
    for app, n, _, _ in gone:
        size[app] += n
    for app, files in Counter(row[0] for row in gone).items():
        quota.charge(tx, owner_id, app, -size[app], -files)
    named = [o for row in gone for o in row[2:] if o is not None]
    grace = kernel.config.trash.deletion_grace_days * DAY
    objects.release(tx, owner_id, named, now, grace)
    filedata.forget(tx, ids, now, grace)


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
    touched = queries.albums_holding(tx, owner_id, file_ids)
    _move_in(tx, kernel, owner_id, [(f, collection_id) for f in file_ids], now, stamp)
    return touched


def _move_in(tx: Tx, kernel: Kernel, owner_id: int, items: Collection[queries.Item], now: int, stamp: int) -> None:
    queries.take_out(tx, owner_id, [f for f, _ in items], stamp)
    file_links.end_of(tx, owner_id, [f for f, _ in items], now)
    queries.put_in(tx, owner_id, items, now + kernel.config.trash.retention_days * DAY, stamp)


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
