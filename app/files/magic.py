"""Magic metadata of files (files.md §4.2): batches, all or nothing, each item guarded by the version it replaces.

The guard is inside the UPDATE, so two writers of one version cannot both succeed (§19 W6), and a batch is one statement (§19 P3).
For `+owner_id` see queries.
"""

from __future__ import annotations

from collections.abc import Collection

from ..db import Tx
from ..kernel import sync
from ..kernel.access import Session
from ..kernel.errors import BadRequest, Conflict, Forbidden, NotFound, TooLarge
from ..kernel.parts import Kernel
from ..kernel.wire import encode
from . import queries, wire

LIMIT = 1000
PUBLIC_LIMIT = 10_000  # museum has none
_SHRINK = 2  # how many keys an update may drop: a client that lost its copy would drop them all

_CHANGE = (
    "UPDATE files SET {column} = r.data, {prefix}_version = r.version + 1, {prefix}_count = r.keys, "
    "updation_time = COALESCE(:stamp, files.updation_time) "
    "FROM :rows[id int, version int, keys int, data text] r "
    "WHERE files.file_id = r.id AND +files.owner_id = :owner_id AND NOT files.is_deleted "
    "AND (files.{column} IS NULL OR (files.{prefix}_version = r.version AND files.{prefix}_count - r.keys <= :shrink))"
)
PRIVATE = _CHANGE.format(column="magic_metadata", prefix="magic")
PUBLIC = _CHANGE.format(column="pub_magic_metadata", prefix="pub_magic")


async def change_private(kernel: Kernel, actor: Session, ask: wire.MagicChanges) -> None:
    """What the file's owner alone sees; as `_store`."""
    await _store(kernel, actor, ask, PRIVATE)


async def change_public(kernel: Kernel, actor: Session, ask: wire.PublicMagicChanges) -> None:
    """What everybody who sees the file sees; as `_store`."""
    await _store(kernel, actor, ask, PUBLIC)


async def _store(kernel: Kernel, actor: Session, ask: wire.MagicChanges, statement: str) -> None:
    """Store each item with its version + 1.

    More than 1000 items (10,000 public ones) 413; unknown or gone for good 404; another's 403; stale version or more than 2 keys fewer
    409; malformed 400.
    With `skipVersion` no album moves, so other devices learn of it only later.
    """
    items = ask.metadata_list or []
    if len(items) > (PUBLIC_LIMIT if statement is PUBLIC else LIMIT):
        raise TooLarge(log=f"{len(items)} items")
    latest = list({i.id: i for i in items}.values())  # a file named twice: the later item counts
    if latest:
        await kernel.db.write("files.magic", _change, actor.user_id, latest, ask.skip_version, statement, kernel.clock.now())


def _change(tx: Tx, owner_id: int, items: list[wire.MagicChange], quietly: bool, statement: str, now: int) -> None:
    ids = [i.id for i in items]
    sync.lock_account(tx, owner_id)
    _own(tx, owner_id, ids)
    stamp = None
    if not quietly:
        sync.lock_collections(tx, queries.albums_holding(tx, owner_id, ids))
        stamp = sync.stamp_collections(tx, now, queries.albums_holding(tx, owner_id, ids), also=[owner_id])
    if _write(tx, owner_id, items, statement, stamp) != len(items):
        raise Conflict(log="a version is stale")
    if not all(i.magic_metadata.well_formed() for i in items):
        raise BadRequest(log="malformed magic metadata")
    if stamp is not None:
        queries.stamp_memberships(tx, owner_id, ids, stamp)


def _write(tx: Tx, owner_id: int, items: list[wire.MagicChange], statement: str, stamp: int | None) -> int:
    rows = [(i.id, i.magic_metadata.version, i.magic_metadata.count, _text(i.magic_metadata)) for i in items]
    return tx.run(statement, rows=rows, owner_id=owner_id, shrink=_SHRINK, stamp=stamp)


def _text(magic: wire.ChangedMagic) -> str:
    """As it will be read: one version further."""
    return encode(wire.ChangedMagic(version=magic.version + 1, count=magic.count, data=magic.data, header=magic.header)).decode()


def _own(tx: Tx, owner_id: int, ids: Collection[int]) -> None:
    """All of these exist and are the owner's: 404 before 403."""
    rows = tx.all("SELECT owner_id, count(*) FROM files WHERE file_id IN (:ids[]) AND NOT is_deleted GROUP BY owner_id", ids=list(ids))
    if sum(n for _, n in rows) != len(ids):
        raise NotFound(log="some files are unknown")
    if any(owner != owner_id for owner, _ in rows):
        raise Forbidden(log=f"files of others among those user {owner_id} changes")
