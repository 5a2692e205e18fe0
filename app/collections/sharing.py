"""Sharing albums with other accounts: share, unshare, leave, who is in (collections.md §5)."""

from __future__ import annotations

from ..db import Tx
from ..kernel import access, sync
from ..kernel.access import Role, Session
from ..kernel.crypto import normal_email
from ..kernel.errors import BadRequest, Forbidden, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from . import member_queries, queries
from .people import end_shares, people_of
from .wire import Person, Share, Sharees, Unshare

ROLES = frozenset({"VIEWER", "COLLABORATOR", "ADMIN"})


async def sharees(kernel: Kernel, actor: Session, collection_id: int) -> Sharees:
    """Everybody an album is shared with; for its participants."""
    return await kernel.db.scan(_sharees, kernel, actor.user_id, collection_id)


def _sharees(tx: Tx, kernel: Kernel, user_id: int, collection_id: int) -> Sharees:
    access.participant(tx, user_id, collection_id)
    return Sharees(sharees=_people(tx, kernel, collection_id))


def _people(tx: Tx, kernel: Kernel, collection_id: int) -> list[Person]:
    return people_of(tx, kernel, [collection_id]).get(collection_id, [])


async def share(kernel: Kernel, actor: Session, ask: Share) -> Sharees:
    """Share with an account, or change its role. 400: malformed key, role, oneself, the owner, an uncategorized album; 404: nobody has
    that address; 403: neither owner nor admin."""
    if b64_bytes(ask.encrypted_key, 80) is None or (ask.role or "VIEWER") not in ROLES:
        raise BadRequest(log="key or role")
    return await kernel.db.write("collections.share", _share, kernel, actor.user_id, ask, kernel.clock.now())


def _share(tx: Tx, kernel: Kernel, user_id: int, ask: Share, now: int) -> Sharees:
    sharee = _account(tx, kernel, ask.email)
    if sharee == user_id:
        raise BadRequest(log="shared with oneself")
    sync.lock_collections(tx, [ask.collection_id])
    album = access.managed(tx, user_id, ask.collection_id)
    if album.type == "uncategorized" or sharee == album.owner_id:
        raise BadRequest(log=f"can not share a collection of type {album.type} with {sharee}")
    grant(tx, ask.collection_id, sharee, ask.encrypted_key, ask.role or "VIEWER", now)
    return Sharees(sharees=_people(tx, kernel, ask.collection_id))


def grant(tx: Tx, collection_id: int, sharee: int, key: str, role: str, now: int) -> None:
    """Write a share of a locked album, stamped for everybody in it and the sharee."""
    stamp = sync.stamp_collections(tx, now, [collection_id], also=[sharee])
    queries.upsert_share(tx, collection_id, sharee, key, role, stamp)


def _account(tx: Tx, kernel: Kernel, email: str) -> int:
    found = queries.user_by_email(tx, kernel.crypto.hash(normal_email(email)))
    if found is None:
        raise NotFound(log="no account with that address")
    return found


async def unshare(kernel: Kernel, actor: Session, ask: Unshare) -> Sharees:
    """Put somebody out: the share becomes a tombstone and their photos leave the album. 403 for oneself, the owner, and without the role."""
    return await kernel.db.write("collections.unshare", _unshare, kernel, actor.user_id, ask, kernel.clock.now())


def _unshare(tx: Tx, kernel: Kernel, user_id: int, ask: Unshare, now: int) -> Sharees:
    target = _account(tx, kernel, ask.email)
    if target == user_id:
        raise Forbidden(log="leaving is another route")
    sync.lock_collections(tx, [ask.collection_id])
    album = access.managed(tx, user_id, ask.collection_id)
    if target == album.owner_id:
        raise Forbidden(log="the owner can not be put out")
    _part(tx, ask.collection_id, target, now)
    return Sharees(sharees=_people(tx, kernel, ask.collection_id))


def _part(tx: Tx, collection_id: int, sharee: int, now: int) -> None:
    """End one person's share of a locked album; nothing happens when there is none."""
    if queries.share_of(tx, collection_id, sharee) is None:
        return
    stamp = sync.stamp_collections(tx, now, [collection_id], also=[sharee])
    end_shares(tx, [collection_id], stamp, only=sharee)
    member_queries.take_out_people(tx, [collection_id], [sharee], stamp)


async def leave(kernel: Kernel, actor: Session, collection_id: int) -> None:
    """Leave an album of somebody else: unknown 404, one's own 403, not a member: nothing to do."""
    await kernel.db.write("collections.leave", _leave, actor.user_id, collection_id, kernel.clock.now())


def _leave(tx: Tx, user_id: int, collection_id: int, now: int) -> None:
    sync.lock_collections(tx, [collection_id])
    try:
        album = access.owned(tx, user_id, collection_id, deleted_ok=True)
    except Forbidden:
        _part(tx, collection_id, user_id, now)
        return
    raise Forbidden(log=f"{Role.OWNER.name} of {album.collection_id} can not leave")
