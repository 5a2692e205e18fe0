"""What is in an album: the diff that every client syncs by, and the look-up of one file (collections.md §3.1, §3.2)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from ..db import Tx
from ..files import entry
from ..files.entry import File
from ..kernel import access, sync
from ..kernel.access import Session
from ..kernel.errors import NotFound
from ..kernel.kept import Repeated
from ..kernel.parts import Kernel
from ..kernel.wire import Encoded, encode
from . import member_queries
from .wire import Diff, DiffQuery, FileQuery, OneFile

ALL = 1 << 40
_NOTHING = b'{"diff":[],"hasMore":false}'


@dataclass(frozen=True, slots=True)
class Page:
    """A finished page of an album. It is true as long as the album has this version and the feeds of its files' owners have not moved: a change
    of an entry moves the album's version, deleting a file for good its owner's feed alone.

    What an owner of some of its files sees is theirs (`viewer`); everybody else sees the same (None).
    """

    body: Repeated
    version: int
    owners: frozenset[int]
    newest: int
    viewer: int | None

    def is_for(self, viewer: int | None) -> bool:
        return (viewer if viewer in self.owners else None) == self.viewer

    def is_true(self, tx: Tx, version: int) -> bool:
        return version == self.version and self.newest == sync.newest(tx, self.owners)


async def diff(kernel: Kernel, actor: Session, query: DiffQuery) -> Encoded[Diff]:
    """A page: entries changed after `since` (µs), ascending, never half of a stamp. 404 for anybody but participants.

    An album's version is at or above that of each entry, so a poll that is up to date costs two point reads; so does a page that is kept.
    """
    collection_id, since = query.collection_id, query.since_time
    found = await kernel.db.read(_unchanged, actor.user_id, collection_id, since, _kept(kernel, collection_id, since, actor.user_id))
    return found or _keep(kernel, collection_id, since, await kernel.db.scan(_diff, actor, collection_id, since))


def _unchanged(tx: Tx, user_id: int, collection_id: int, since: int, kept: Page | None) -> bytes | None:
    access.participant(tx, user_id, collection_id)
    return _known(tx, collection_id, since, kept)


def _known(tx: Tx, collection_id: int, since: int, kept: Page | None) -> bytes | None:
    """The page where it need not be made."""
    version = member_queries.version(tx, collection_id)
    if since >= version:
        return _NOTHING
    return kept.body if kept is not None and kept.is_true(tx, version) else None


def _kept(kernel: Kernel, collection_id: int, since: int, viewer: int | None) -> Page | None:
    """The page that this viewer would see if nothing has changed."""
    for who in (viewer, None) if viewer is not None else (None,):
        found: Page | None = kernel.pages.get((collection_id, since, who))
        if found is not None and found.is_for(viewer):
            return found
    return None


def _keep(kernel: Kernel, collection_id: int, since: int, page: Page) -> bytes:
    kernel.pages.put((collection_id, since, page.viewer), page, len(page.body))
    return page.body


def _diff(tx: Tx, actor: Session, collection_id: int, since: int) -> Page:
    album = access.participant(tx, actor.user_id, collection_id)
    return _page(tx, collection_id, album.app, actor.user_id, since)


def _page(tx: Tx, collection_id: int, app: str, viewer: int | None, since: int) -> Page:
    # Locker's mobile app asks again with the same cursor while hasMore is true: its albums come in one page, unless their texts are too large
    # for one; the rest comes when it asks anew
    limit = ALL if app == "locker" else sync.PAGE
    rows, more = sync.page(lambda s, n, b: member_queries.page(tx, collection_id, s, n, b), since, lambda r: int(r[entry.UPDATED]), limit)
    body = encode(Diff(diff=[entry.build(r, viewer) for r in rows], has_more=more and app != "locker"))
    owners = frozenset(int(r[entry.OWNER]) for r in rows)
    version, newest = member_queries.version(tx, collection_id), sync.newest(tx, owners)
    return Page(Repeated(body), version, owners, newest, viewer if viewer in owners else None)


async def diff_for_visitors(kernel: Kernel, collection_id: int, app: str, since: int) -> bytes:
    """The same page of an album of this app for somebody without an account, whose right to see it the caller has checked."""
    found = await kernel.db.read(_known, collection_id, since, _kept(kernel, collection_id, since, None))
    return found or _keep(kernel, collection_id, since, await kernel.db.scan(_page, collection_id, app, None, since))


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
