"""Files in albums: add, move, restore, remove, suggest deletion (collections.md §3.3–§3.7). Whole batches, in one transaction each.

Lock order (app/kernel/sync.py): the actor's account where the actor's own files change place, then the albums, then feeds.
"""

from __future__ import annotations

from ..db import Tx
from ..kernel import access, sync
from ..kernel.access import Role, Session
from ..kernel.errors import BadRequest, Forbidden, TooLarge
from ..kernel.parts import Kernel
from ..trash import service as trash
from . import member_queries, queries
from .member_queries import Items
from .wire import FileIds, FileItem, Move, Restore
from .wire import Items as ItemsBody

BATCH = 1000


def _items(files: list[FileItem] | None) -> Items:
    """The batch as rows; 413 above 1000, 400 for an entry nobody could ever decrypt."""
    files = files or []
    if len(files) > BATCH:
        raise TooLarge(log=f"{len(files)} files")
    if not all(f.id and f.encrypted_key and f.key_decryption_nonce for f in files):
        raise BadRequest(log="a file without id, key or nonce")
    return [(f.id, f.encrypted_key, f.key_decryption_nonce) for f in files]


async def add(kernel: Kernel, actor: Session, ask: ItemsBody) -> None:
    """Own files into an album one may add to (§3.3)."""
    await kernel.db.write("collections.add", _add, actor, ask.collection_id, _items(ask.files), kernel.clock.now())


def _add(tx: Tx, actor: Session, collection_id: int, items: Items, now: int) -> None:
    sync.lock_account(tx, actor.user_id)
    sync.lock_collections(tx, [collection_id])
    album = access.participant(tx, actor.user_id, collection_id)
    access.same_app(album, actor.app)
    access.at_least(album, Role.COLLABORATOR)
    ids = [i for i, _, _ in items]
    access.own_files(tx, actor.user_id, ids)
    access.not_trashed(tx, actor.user_id, ids)
    stamp = sync.stamp_collections(tx, now, [collection_id], also=[actor.user_id])
    member_queries.put(tx, collection_id, actor.user_id, items, stamp)


async def move(kernel: Kernel, actor: Session, ask: Move) -> None:
    """Own files from one own album to another (§3.4): also how clients take a file out of an own album. Repeating it is harmless."""
    if ask.from_collection_id == ask.to_collection_id:
        raise BadRequest(log="source is destination")
    await kernel.db.write("collections.move", _move, actor, ask, _items(ask.files), kernel.clock.now())


def _move(tx: Tx, actor: Session, ask: Move, items: Items, now: int) -> None:
    albums = [ask.from_collection_id, ask.to_collection_id]
    sync.lock_account(tx, actor.user_id)
    sync.lock_collections(tx, albums)
    for collection_id in albums:
        access.same_app(access.owned(tx, actor.user_id, collection_id), actor.app)
    ids = [i for i, _, _ in items]
    access.own_files(tx, actor.user_id, ids)
    access.not_trashed(tx, actor.user_id, ids)
    stamp = sync.stamp_collections(tx, now, albums)
    member_queries.put(tx, ask.to_collection_id, actor.user_id, items, stamp)
    member_queries.take_out(tx, ask.from_collection_id, ids, stamp)


async def restore(kernel: Kernel, actor: Session, ask: ItemsBody) -> None:
    """Own files from the trash into an own album (§3.5): all of them are there, or nothing happens."""
    await kernel.db.write("collections.restore", _restore, actor, ask.collection_id, _items(ask.files), kernel.clock.now())


async def restore_some(kernel: Kernel, actor: Session, ask: Restore) -> None:
    """`restore` of the files that are named by id, where any are; 400 for an id without its key for the album."""
    files = ask.files
    if ask.file_ids:
        given = {f.id: f for f in ask.files}
        if set(ask.file_ids) - given.keys():
            raise BadRequest(log="an id without the key of its file")
        files = [given[i] for i in dict.fromkeys(ask.file_ids)]
    await kernel.db.write("collections.restore", _restore, actor, ask.collection_id, _items(files), kernel.clock.now())


def _restore(tx: Tx, actor: Session, collection_id: int, items: Items, now: int) -> None:
    sync.lock_account(tx, actor.user_id)
    sync.lock_collections(tx, [collection_id])
    album = access.owned(tx, actor.user_id, collection_id)
    access.same_app(album, actor.app)
    ids = [i for i, _, _ in items]
    trash.restorable(tx, actor.user_id, ids)
    stamp = sync.stamp_collections(tx, now, [collection_id])
    member_queries.put(tx, collection_id, actor.user_id, items, stamp)
    trash.mark_restored(tx, actor.user_id, ids, stamp)


async def remove(kernel: Kernel, actor: Session, ask: FileIds) -> None:
    """Take files out of an album, each by the rules of §3.6: one's own leave; an admin's wish about the owner's becomes a request."""
    await kernel.db.write("collections.remove", _remove, kernel, actor.user_id, ask.collection_id, _ids(ask), kernel.clock.now())


def _ids(ask: FileIds) -> list[int]:
    ids = list(dict.fromkeys(ask.file_ids or []))
    if len(ask.file_ids or []) > BATCH:
        raise TooLarge(log=f"{len(ids)} files")
    return ids


def _live(tx: Tx, collection_id: int, ids: list[int]) -> dict[int, int]:
    """file → owner of those that are live and unmarked; 400 when one was never in the album."""
    rows = member_queries.states(tx, collection_id, ids)
    if len(rows) != len(ids):
        raise BadRequest(log="a file that never was in the album")
    return {file_id: owner for file_id, owner, live in rows if live}


def _remove(tx: Tx, kernel: Kernel, user_id: int, collection_id: int, ids: list[int], now: int) -> None:
    sync.lock_collections(tx, [collection_id])
    album = access.participant(tx, user_id, collection_id)
    if files := _live(tx, collection_id, ids):
        _take_out(tx, kernel, album, user_id, files, sync.stamp_collections(tx, now, [collection_id], also=files.values()))


def _take_out(tx: Tx, kernel: Kernel, album: access.Membership, user_id: int, files: dict[int, int], stamp: int) -> None:
    owners = set(files.values())
    if album.owner_id in owners and album.role != Role.ADMIN:
        raise BadRequest(log="the album owner's files are moved or trashed by the owner")
    if owners - {user_id, album.owner_id} and album.role < Role.ADMIN:
        raise Forbidden(log=f"{album.role.name} removes files of others")
    asked = [f for f, owner in files.items() if owner == album.owner_id]
    if asked:
        member_queries.ask_removal(tx, album.collection_id, asked, user_id, stamp)
        _file_actions(tx, kernel, album, user_id, dict.fromkeys(asked, album.owner_id), "REMOVE", stamp)
    member_queries.take_out(tx, album.collection_id, [f for f in files if f not in set(asked)], stamp)


def _file_actions(tx: Tx, kernel: Kernel, album: access.Membership, actor: int, addressees: dict[int, int], action: str, stamp: int) -> None:
    rows = [(f"cact_{kernel.ids.alnum(22)}", addressee, file_id) for file_id, addressee in addressees.items()]
    queries.insert_actions(tx, rows, actor, album.collection_id, action, stamp)


async def suggest_delete(kernel: Kernel, actor: Session, ask: FileIds) -> None:
    """Remove files of others and suggest to their owners to delete them (§3.7); owners and admins only, 403 for one's own."""
    await kernel.db.write("collections.suggest", _suggest, kernel, actor.user_id, ask.collection_id, _ids(ask), kernel.clock.now())


def _suggest(tx: Tx, kernel: Kernel, user_id: int, collection_id: int, ids: list[int], now: int) -> None:
    sync.lock_collections(tx, [collection_id])
    album = access.participant(tx, user_id, collection_id)
    access.at_least(album, Role.ADMIN)
    files = _live(tx, collection_id, ids)
    if user_id in files.values():
        raise Forbidden(log="suggesting to delete one's own files")
    if not files:
        return
    stamp = sync.stamp_collections(tx, now, [collection_id], also=files.values())
    _take_out(tx, kernel, album, user_id, files, stamp)
    _file_actions(tx, kernel, album, user_id, files, "DELETE_SUGGESTED", stamp)
