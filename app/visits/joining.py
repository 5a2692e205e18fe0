"""From visitor to member: an account joins an album through its link (collections.md §5.4)."""

from __future__ import annotations

from ..collections import service as collections
from ..collections.service import Link
from ..db import Tx
from ..kernel import access, link_secrets, sync
from ..kernel.access import Role, Session
from ..kernel.crypto import same
from ..kernel.errors import BadRequest, Forbidden, NotFound, Unauthorized
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from .credentials import Shown
from .wire import Join


async def join(kernel: Kernel, actor: Session, ask: Join, shown: Shown) -> None:
    """Become a viewer, through a link that collects a collaborator; whoever is more than that already stays so (§18.2, 5).

    Malformed key 400; no such album or no link 404; another album's token 403; own or uncategorized album, a link that is over or does not
    let people join 400; without a proof of the password 401.
    """
    if b64_bytes(ask.encrypted_key, 80) is None:
        raise BadRequest(log="sealed key")
    await kernel.db.write("visits.join", _join, kernel, actor.user_id, ask, shown, kernel.clock.now())


def _join(tx: Tx, kernel: Kernel, user_id: int, ask: Join, shown: Shown, now: int) -> None:
    sync.lock_collections(tx, [ask.collection_id])
    link = collections.link_of_album(tx, ask.collection_id)
    if link is None or link.is_over:
        raise NotFound(log=f"collection {ask.collection_id} has no link")
    _check(kernel, user_id, link, shown, now)
    role = Role.COLLABORATOR if link.enable_collect else Role.VIEWER
    if _role(tx, user_id, link.collection_id) < role:
        collections.grant(tx, link.collection_id, user_id, ask.encrypted_key, role.name, now)


def _check(kernel: Kernel, user_id: int, link: Link, shown: Shown, now: int) -> None:
    if link.owner_id == user_id or link.type == "uncategorized":
        raise BadRequest(log="one's own album, or one that can not be shared")
    if not same(link_secrets.token_hash(kernel, shown.token), link.token_hash):
        raise Forbidden(log=f"not the token of collection {link.collection_id}")
    if link.expired(now) or not link.enable_download or not link.enable_join:
        raise BadRequest(log="the link lets nobody join")
    if not link_secrets.holds(kernel, link, shown.proof):
        raise Unauthorized(log="no proof of the link's password")


def _role(tx: Tx, user_id: int, collection_id: int) -> int:
    """What somebody is in an album, 0 for a stranger."""
    try:
        return access.participant(tx, user_id, collection_id).role
    except NotFound:
        return 0
