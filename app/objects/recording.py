"""The rows of uncommitted bytes: recording an upload, replacing it, and keeping what an account may leave uncommitted within bounds.

Bytes are durable in the store before anything here runs. Commits are `service.claim`; deletions are `deletion`.
"""

from __future__ import annotations

from contextlib import suppress

from storage_backends import ObjectStore, Staged, Stored, StoreError

from ..db import Tx
from ..kernel import quota
from ..kernel.config import Config
from ..kernel.errors import Conflict, Unavailable
from ..kernel.parts import Kernel
from ..storage import service as storage
from . import deletion, queries
from .queries import Upload


class Crowded(Unavailable):
    """Something would have to give way to these bytes, and nothing may go at this moment: a backup is being made."""


class KeyInUse(Conflict):
    """The key was committed, or deleted, or another request is replacing its bytes at this moment."""


async def record(kernel: Kernel, key: str, size: int, md5: str | None, store: ObjectStore | None = None) -> None:
    """Make durable bytes committable: one transaction. The same upload again is a success; KeyInUse for any other content.

    `store`: where they lie; without it the store that takes new objects.

    Uploads beyond what the account may leave uncommitted push out its oldest ones (design.md §4, Quota).
    """
    store = store or kernel.store
    upload = Upload(key, store.name, size, md5)
    try:
        state, evicted = await kernel.db.write("objects.record", record_in, kernel.config, upload, kernel.clock.now())
    except Crowded:
        await store.delete(key)
        raise
    if state == "deleting":  # never usable again: what this request has put there goes as well
        await store.delete(key)
    if state is not None:
        raise KeyInUse(log=f"{key} is {state}")
    kernel.tiers.placed(store.name, size)
    if evicted:
        await deletion.delete(kernel, evicted)


def record_in(tx: Tx, config: Config, upload: Upload, now: int) -> tuple[str | None, list[int]]:
    """`record`, inside a transaction: (what stands in the way or None, objects that went)."""
    object_id, limit = tx.together(lambda tx: queries.insert(tx, upload, now), lambda tx: pending_limit(tx, config, upload.owner_id))
    if object_id is not None:
        return None, _make_room(tx, config, upload, object_id, limit, now)
    found = queries.facts(tx, upload.key)
    if found is None:
        return "changing", []
    state, size, md5, home = found
    if home != upload.store:  # the same key came twice at the same moment, to two stores
        storage.discard(tx, upload.key, upload.store, now)
    if state in ("writing", "deleting"):
        return state, []
    same = size == upload.size and (md5 == upload.md5 or None in (md5, upload.md5))
    return (None if same else state), []


SAMPLE = 32
"""Uploads of at most SMALL bytes are added up at one in so many: the sum reads a row per uncommitted object, and the bound may be passed
by SAMPLE x SMALL = 64 MiB without harm."""
SMALL = 2 << 20


def pending_limit(tx: Tx, config: Config, owner_id: int) -> int:
    """Bytes that an account may leave uncommitted: never less than what one commit may bring."""
    return config.quota.pending or quota.plan(tx, config, owner_id).limit + config.quota.tolerance


def check_crowd(tx: Tx, config: Config, owner_id: int, now: int) -> None:
    """Crowded while too much of what this account has deleted or replaced cannot go."""
    if quota.excess(tx, config, owner_id, quota.plan(tx, config, owner_id).limit, now):
        raise Crowded(log=f"what user {owner_id} has deleted cannot go yet")


def _make_room(tx: Tx, config: Config, upload: Upload, newest: int, limit: int, now: int) -> list[int]:
    owner_id = upload.owner_id
    if newest % SAMPLE and limit > SAMPLE * SMALL and upload.size <= SMALL:
        return []
    over = queries.pending_bytes(tx, owner_id) - limit if limit < quota.UNLIMITED else 0
    go: list[int] = []
    if over > 0:
        check_crowd(tx, config, owner_id, now)
        for object_id, size in queries.oldest_pending(tx, owner_id, newest):
            if over <= 0:
                break
            go.append(object_id)
            over -= size
    return queries.condemn(tx, go, now) if go else []


async def replace(kernel: Kernel, key: str, staged: Staged, store: ObjectStore) -> Stored:
    """Put staged bytes in the place of others under a key that nobody committed; KeyInUse (and the bytes dropped) otherwise.

    While the row says `writing`, the key can be neither committed nor replaced by anybody else, so a commit never sees bytes change.
    """
    upload = Upload(key, store.name, staged.size, staged.md5.hex() if staged.md5 else None)
    try:
        object_id = await kernel.db.write("objects.begin_replace", _begin_replace, kernel.config, upload, kernel.clock.now())
    except Crowded:
        await store.discard(staged)
        raise
    if object_id is None:
        await store.discard(staged)
        raise KeyInUse(log=f"{key} is committed or being written")
    try:
        stored = await store.publish(staged, key, replace=True)
    except StoreError:
        await kernel.db.write("objects.stop_replace", _stop_replace, object_id, kernel.clock.now())
        raise
    await kernel.db.write("objects.end_replace", _end_replace, kernel.config, object_id, upload, kernel.clock.now())
    return stored


def _begin_replace(tx: Tx, config: Config, upload: Upload, now: int) -> int | None:
    check_crowd(tx, config, upload.owner_id, now)
    return queries.begin_replace(tx, upload.owner_id, upload.key, upload.store, now)


def _end_replace(tx: Tx, config: Config, object_id: int, upload: Upload, now: int) -> None:
    queries.end_replace(tx, object_id, upload.size, upload.md5, now)
    with suppress(Crowded):  # the bytes are there: whatever could make room does so at the next upload
        _make_room(tx, config, upload, object_id, pending_limit(tx, config, upload.owner_id), now)


def _stop_replace(tx: Tx, object_id: int, now: int) -> None:
    """Nobody knows which bytes lie there now: the upload has to be made again, under another key."""
    queries.condemn(tx, [object_id], now)
