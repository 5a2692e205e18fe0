"""Sharing many albums with one person, and taking them back (collections.md §5.6): what mobile's library sharing asks for.

Every album stands for itself, in a transaction of its own: one that cannot be shared does not keep the others from it. What is shared
automatically never comes back after it was taken away once, and changes no role that somebody chose.
"""

from __future__ import annotations

from ..db import Tx
from ..kernel import access, family, people, sync
from ..kernel.access import Session
from ..kernel.errors import BadRequest, Conflict, Forbidden, NotFound, TooLarge
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from . import queries, sharing
from .wire import BulkItem, BulkResult, BulkResults, BulkShare, BulkUnshare

LIMIT = 100
SOURCES = frozenset({"manual", "automatic"})


async def share(kernel: Kernel, actor: Session, ask: BulkShare) -> BulkResults:
    """Albums for one person. 400: none, one twice, an odd source or recipient; more than 100 413; 409 when the address is not that person's;
    automatically only within a family (403)."""
    _check(actor, ask.recipient_user_id, ask.source, [i.collection_id for i in ask.collections])
    if await people.look_up(kernel, actor.user_id, ask.recipient_email) != ask.recipient_user_id:
        raise Conflict("recipient is not who was meant", code="RECIPIENT_IDENTITY_MISMATCH")
    automatic = ask.source == "automatic"
    if automatic and not await kernel.db.read(family.are_one, actor.user_id, ask.recipient_user_id):
        raise Forbidden("recipient is not in the family", code="AUTOMATIC_SHARE_RECIPIENT_NOT_ELIGIBLE")
    results = []
    for item in ask.collections:
        status = await _share_one(kernel, actor, ask.recipient_user_id, item, automatic)
        results.append(BulkResult(collection_id=item.collection_id, status=status))
    return BulkResults(results=results)


def _check(actor: Session, recipient: int, source: str, collection_ids: list[int]) -> None:
    if len(collection_ids) > LIMIT:
        raise TooLarge(log=f"{len(collection_ids)} albums")
    if not collection_ids or len(set(collection_ids)) < len(collection_ids) or source not in SOURCES:
        raise BadRequest(log="albums or source")
    if recipient <= 0 or recipient == actor.user_id:
        raise BadRequest(log="recipient")


async def _share_one(kernel: Kernel, actor: Session, recipient: int, item: BulkItem, automatic: bool) -> str:
    if b64_bytes(item.encrypted_key, 80) is None or item.role not in sharing.ROLES:
        return "failed"
    try:
        return await kernel.db.write("collections.share_bulk", _share, actor.user_id, recipient, item, automatic, kernel.clock.now())
    except (BadRequest, Forbidden, NotFound):
        return "failed"


def _share(tx: Tx, user_id: int, recipient: int, item: BulkItem, automatic: bool, now: int) -> str:
    sync.lock_collections(tx, [item.collection_id])
    album = sharing.shareable(tx, user_id, item.collection_id, item.role)
    if recipient == album.owner_id or (automatic and album.owner_id != user_id):
        raise Forbidden(log="not with the owner, and automatically by the owner only")
    ended = queries.share_ended(tx, item.collection_id, recipient)
    if automatic and ended is not None:
        return "blocked_previous_removal" if ended else "already_shared"
    sharing.grant(tx, item.collection_id, recipient, item.encrypted_key, item.role, now)
    return "shared"


async def unshare(kernel: Kernel, actor: Session, ask: BulkUnshare) -> BulkResults:
    """Albums back from one person. 400 and 413 as `share`; nobody is looked up."""
    _check(actor, ask.recipient_user_id, ask.source, ask.collection_ids)
    results = []
    for collection_id in ask.collection_ids:
        status = await _unshare_one(kernel, actor, ask.recipient_user_id, collection_id, ask.source == "automatic")
        results.append(BulkResult(collection_id=collection_id, status=status))
    return BulkResults(results=results)


async def _unshare_one(kernel: Kernel, actor: Session, recipient: int, collection_id: int, automatic: bool) -> str:
    try:
        return await kernel.db.write("collections.unshare_bulk", _unshare, actor.user_id, recipient, collection_id, automatic, kernel.clock.now())
    except (Forbidden, NotFound):
        return "failed"


def _unshare(tx: Tx, user_id: int, recipient: int, collection_id: int, automatic: bool, now: int) -> str:
    sync.lock_collections(tx, [collection_id])
    album = access.managed(tx, user_id, collection_id)
    if recipient == album.owner_id or (automatic and album.owner_id != user_id):
        raise Forbidden(log="not the owner, and automatically by the owner only")
    ended = queries.share_ended(tx, collection_id, recipient)
    if ended is None:
        return "not_shared"
    sharing.part(tx, collection_id, recipient, now)
    return "already_unshared" if ended else "unshared"
