"""What is in an album: the diff that every client syncs by, and the look-up of one file (collections.md §3.1, §3.2)."""

from __future__ import annotations

from contextlib import suppress

from ..db import Tx
from ..files import entry
from ..files.entry import File
from ..kernel import access, sync
from ..kernel.access import Session
from ..kernel.errors import NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import Encoded, encode
from . import member_queries
from .wire import Diff, DiffQuery, FileQuery, OneFile

ALL = 1 << 40
_NOTHING = b'{"diff":[],"hasMore":false}'


async def diff(kernel: Kernel, actor: Session, query: DiffQuery) -> Encoded[Diff]:
    """A page: entries changed after `since` (µs), ascending, never half of a stamp. 404 for anybody but participants.

    An album's version is at or above that of each entry, so a poll that is up to date costs two point reads.
    """
    if await kernel.db.read(_unchanged, actor.user_id, query.collection_id, query.since_time):
        return _NOTHING
    return await kernel.db.scan(_diff, actor, query.collection_id, query.since_time)


def _unchanged(tx: Tx, user_id: int, collection_id: int, since: int) -> bool:
    access.participant(tx, user_id, collection_id)
    return since >= member_queries.version(tx, collection_id)


def _diff(tx: Tx, actor: Session, collection_id: int, since: int) -> bytes:
    album = access.participant(tx, actor.user_id, collection_id)
    return _page(tx, collection_id, album.app, actor.user_id, since)


def _page(tx: Tx, collection_id: int, app: str, viewer: int | None, since: int) -> bytes:
    # Locker's mobile app asks again with the same cursor while hasMore is true: its albums come in one page
    limit = ALL if app == "locker" else sync.PAGE
    rows, more = sync.page(lambda s, n: member_queries.page(tx, collection_id, s, n), since, lambda r: int(r[entry.UPDATED]), limit)
    return encode(Diff(diff=[entry.build(r, viewer) for r in rows], has_more=more))


async def diff_for_visitors(kernel: Kernel, collection_id: int, app: str, since: int) -> bytes:
    """The same page of an album of this app for somebody without an account, whose right to see it the caller has checked."""
    if since >= await kernel.db.read(member_queries.version, collection_id):
        return _NOTHING
    return await kernel.db.scan(_page, collection_id, app, None, since)


async def one(kernel: Kernel, actor: Session, query: FileQuery) -> OneFile:
    """One file of an album for any participant (museum refuses the album's owner a collaborator's file). Others 403; no such album, or not
    in it, 404."""
    return OneFile(file=await kernel.db.read(_one, actor.user_id, query.collection_id, query.file_id))


def _one(tx: Tx, user_id: int, collection_id: int, file_id: int) -> File:
    row = member_queries.one(tx, collection_id, file_id) if _may_look(tx, user_id, collection_id) else None
    file = row and entry.build(row, user_id)
    if not file or file.is_deleted:
        raise NotFound("file not found in album", code="FILE_NOT_FOUND_IN_ALBUM")
    return file


def _may_look(tx: Tx, user_id: int, collection_id: int) -> bool:
    """Whether there is such an album; Forbidden when it is somebody else's."""
    try:
        access.participant(tx, user_id, collection_id)
    except NotFound:
        with suppress(NotFound):
            access.owned(tx, user_id, collection_id)
        return False
    return True
