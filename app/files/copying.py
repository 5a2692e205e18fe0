"""POST /files/copy (files.md §4.4, collections.md §3.8): other people's files become the actor's own, by reference to the stored objects.

One transaction, so all files are copied or none (§19 W14); no byte moves, and the new owner is charged as if they had uploaded them.
"""

from __future__ import annotations

from ..db import Tx
from ..kernel import access, family, quota, sync, texts
from ..kernel.access import IN_SIGHT_OF_ACTOR, Session
from ..kernel.errors import BadRequest, CodedBadRequest
from ..kernel.parts import Kernel
from ..objects import service as objects
from . import wire

LIMIT = 100


async def copy(kernel: Kernel, actor: Session, ask: wire.CopyFiles) -> wire.Copied:
    """Old ids → new ids. Source unreadable 404; destination unknown 404, another's 403; own files, files that are not there, files
    without objects, duplicates, missing keys and other apps 400; quota as for a commit. Private magic metadata are not copied."""
    items = ask.files or []
    if len(items) > LIMIT:
        raise CodedBadRequest(f"more than {LIMIT} items")
    return await kernel.db.write("files.copy", _copy, kernel, actor, ask, items, kernel.clock.now())


def _copy(tx: Tx, kernel: Kernel, actor: Session, ask: wire.CopyFiles, items: list[wire.CopyItem], now: int) -> wire.Copied:
    sync.lock_account(tx, actor.user_id)
    family.lock(tx, actor.user_id)
    sync.lock_collections(tx, [ask.src_collection_id, ask.dst_collection_id])
    source = access.participant(tx, actor.user_id, ask.src_collection_id)
    target = access.owned(tx, actor.user_id, ask.dst_collection_id)
    access.same_app(source, target.app)
    access.same_app(target, actor.app)
    if not items:
        return wire.Copied(old_to_new_file_id_map={})
    size, words = _check(tx, actor.user_id, source.collection_id, items)
    quota.charge_checked(tx, kernel.config, actor.user_id, target.app, size, now, files=len(items))
    stamp = sync.stamp_collections(tx, now, [target.collection_id])
    texts.add(tx, [(actor.user_id, words)])
    new = _insert_files(tx, actor.user_id, target.app, items, now, stamp)
    _insert_memberships(tx, actor.user_id, target.collection_id, [(new[i.id], i.encrypted_key, i.key_decryption_nonce) for i in items], stamp)
    return wire.Copied(old_to_new_file_id_map={str(old): new[old] for old in new})


def _check(tx: Tx, actor_id: int, source: int, items: list[wire.CopyItem]) -> tuple[int, int]:
    """Every item can be copied, its objects locked; the bytes of them all, and the characters of what is said of them."""
    rows = tx.all(
        "SELECT f.owner_id, f.file_size + f.thumb_size, LENGTH(f.encrypted_metadata) + COALESCE(LENGTH(f.pub_magic_metadata), 0), "
        "f.file_object_id, f.thumb_object_id "
        "FROM collection_files m JOIN files f ON f.file_id = m.file_id JOIN collections c ON c.collection_id = m.collection_id "
        f"WHERE m.collection_id = :source AND m.file_id IN (:ids[]) AND {IN_SIGHT_OF_ACTOR} "
        "AND f.file_object_id IS NOT NULL AND f.thumb_object_id IS NOT NULL",
        source=source,
        ids=[i.id for i in items],
        actor=actor_id,
    )
    if any(owner == actor_id for owner, *_ in rows):
        raise CodedBadRequest("can not copy files owned by actor")
    if len(rows) != len(items):
        raise BadRequest(log="some files are not in the source, or twice in the request")
    if not all(i.encrypted_key and i.key_decryption_nonce for i in items):
        raise BadRequest(log="a file without its key")
    objects.hold(tx, [o for row in rows for o in row[3:]])
    return sum(row[1] for row in rows), sum(row[2] for row in rows)


def _insert_files(tx: Tx, actor_id: int, app: str, items: list[wire.CopyItem], now: int, stamp: int) -> dict[int, int]:
    """Old id → new id."""
    rows = tx.all(
        "INSERT INTO files (owner_id, app, file_object_id, thumb_object_id, file_size, thumb_size, file_header, thumb_header, "
        "  metadata_header, encrypted_metadata, pub_magic_metadata, pub_magic_version, pub_magic_count, copied_from, created_at, updation_time) "
        "SELECT :actor_id, :app, file_object_id, thumb_object_id, file_size, thumb_size, file_header, thumb_header, "
        "  metadata_header, encrypted_metadata, pub_magic_metadata, pub_magic_version, pub_magic_count, file_id, :now, :stamp "
        "FROM files WHERE file_id IN (:ids[]) ORDER BY file_id RETURNING copied_from, file_id",  # new ids rise with the old
        actor_id=actor_id,
        app=app,
        ids=[i.id for i in items],
        now=now,
        stamp=stamp,
    )
    return dict(rows)


def _insert_memberships(tx: Tx, actor_id: int, collection_id: int, rows: list[tuple[int, str, str]], stamp: int) -> None:
    tx.run(
        "INSERT INTO collection_files (collection_id, file_id, owner_id, encrypted_key, key_nonce, added_at, updation_time) "
        "SELECT :collection_id, r.file_id, :actor_id, r.sealed, r.nonce, :stamp, :stamp "
        "FROM :rows[file_id int, sealed text, nonce text] r",
        collection_id=collection_id,
        actor_id=actor_id,
        rows=rows,
        stamp=stamp,
    )
