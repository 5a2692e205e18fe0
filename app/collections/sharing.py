"""Sharing albums with other accounts: share, unshare, leave, who is in (collections.md §5). Many albums at once are in `bulk`.

Addresses are looked up for those only who may share the album, and within the budget of `people.look_up`: nobody finds out here who has
an account. Unsharing looks at the album's own people alone.
"""

from __future__ import annotations

from ..db import Tx
from ..kernel import access, people, sync
from ..kernel.access import Membership, Role, Session
from ..kernel.crypto import normal_email
from ..kernel.errors import BadRequest, CodedBadRequest, Forbidden, NotFound, TooLarge
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from . import member_queries, queries
from .participants import end_shares, people_of
from .wire import AlbumQuery, BatchShare, Person, Share, Sharees, Unshare

ROLES = frozenset({"VIEWER", "COLLABORATOR", "ADMIN"})
BATCH = 10


async def sharees(kernel: Kernel, actor: Session, query: AlbumQuery) -> Sharees:
    """Everybody an album is shared with; for its participants."""
    return await kernel.db.scan(_sharees, kernel, actor.user_id, query.collection_id)


def _sharees(tx: Tx, kernel: Kernel, user_id: int, collection_id: int) -> Sharees:
    access.participant(tx, user_id, collection_id)
    return Sharees(sharees=_people(tx, kernel, collection_id))


def _people(tx: Tx, kernel: Kernel, collection_id: int) -> list[Person]:
    return people_of(tx, kernel, [collection_id]).get(collection_id, [])


async def share(kernel: Kernel, actor: Session, ask: Share) -> Sharees:
    """Share with an account, or change its role. 400: malformed key, role, oneself, the owner, more than looking at an uncategorized album;
    403: neither owner nor admin; 404: nobody has that address; 429: too many addresses that nobody has."""
    role = ask.role or "VIEWER"
    if b64_bytes(ask.encrypted_key, 80) is None or role not in ROLES:
        raise BadRequest(log="key or role")
    await kernel.db.read(shareable, actor.user_id, ask.collection_id, role)
    sharee = await people.look_up(kernel, actor.user_id, ask.email)
    if sharee is None:
        raise NotFound(log="no account with that address")
    return await kernel.db.write(
        "collections.share", _share, kernel, actor.user_id, ask.collection_id, [(sharee, ask.encrypted_key, role)], kernel.clock.now()
    )


def shareable(tx: Tx, user_id: int, collection_id: int, role: str) -> Membership:
    """An album that the actor may share in this role: one's uncategorized photos may be looked at, and no more."""
    album = access.managed(tx, user_id, collection_id)
    if album.type == "uncategorized" and role != "VIEWER":
        raise BadRequest(log=f"an uncategorized album is shared for looking only, not as {role}")
    return album


def _share(tx: Tx, kernel: Kernel, user_id: int, collection_id: int, shares: list[tuple[int, str, str]], now: int) -> Sharees:
    """`shares`: (account, sealed key, role) of each."""
    sync.lock_collections(tx, [collection_id])
    for sharee, _, role in shares:
        album = shareable(tx, user_id, collection_id, role)
        if sharee in (user_id, album.owner_id):
            raise BadRequest(log="shared with oneself or the owner")
    stamp = sync.stamp_collections(tx, now, [collection_id], also=[sharee for sharee, _, _ in shares])
    for sharee, key, role in shares:
        queries.upsert_share(tx, collection_id, sharee, key, role, stamp)
    return Sharees(sharees=_people(tx, kernel, collection_id))


def grant(tx: Tx, collection_id: int, sharee: int, key: str, role: str, now: int) -> None:
    """Write a share of a locked album, stamped for everybody in it and the sharee."""
    stamp = sync.stamp_collections(tx, now, [collection_id], also=[sharee])
    queries.upsert_share(tx, collection_id, sharee, key, role, stamp)


async def share_batch(kernel: Kernel, actor: Session, ask: BatchShare) -> Sharees:
    """One album for several people, all or none (§5.7). A field missing 400, other mistakes 400 BAD_REQUEST, more than ten 413, neither owner
    nor admin 403, deleted 404 COLLECTION_DELETED, an address of nobody 404."""
    collection_id = _check_batch(ask)
    await kernel.db.read(_batch_album, actor.user_id, ask)
    shares = []
    for item in ask.shares:
        sharee = await people.look_up(kernel, actor.user_id, item.email)
        if sharee is None:
            raise NotFound(log="no account with one of the addresses")
        shares.append((sharee, item.encrypted_key, item.role or "VIEWER"))
    return await kernel.db.write("collections.share_batch", _share, kernel, actor.user_id, collection_id, shares, kernel.clock.now())


def _check_batch(ask: BatchShare) -> int:
    """The one album of a batch."""
    if not ask.shares or not all(i.collection_id and i.email and i.encrypted_key for i in ask.shares):
        raise BadRequest(log="a field is missing")
    if len(ask.shares) > BATCH:
        raise TooLarge(log=f"{len(ask.shares)} people")
    if len({i.collection_id for i in ask.shares}) > 1 or len({normal_email(i.email) for i in ask.shares}) < len(ask.shares):
        raise CodedBadRequest("a batch is for one album, each person once")
    if any(b64_bytes(i.encrypted_key, 80) is None or (i.role or "VIEWER") not in ROLES for i in ask.shares):
        raise CodedBadRequest("a key or role is not valid")
    return ask.shares[0].collection_id


def _batch_album(tx: Tx, user_id: int, ask: BatchShare) -> None:
    try:
        for role in {i.role or "VIEWER" for i in ask.shares}:
            shareable(tx, user_id, ask.shares[0].collection_id, role)
    except NotFound as e:
        if e.log.endswith("is deleted"):
            raise NotFound("collection is deleted", code="COLLECTION_DELETED") from None
        raise


async def unshare(kernel: Kernel, actor: Session, ask: Unshare) -> Sharees:
    """Put somebody out: the share becomes a tombstone and their photos leave the album. Unknown album 404, without the role 403, nobody of
    that address in the album 404, oneself or the owner 403."""
    return await kernel.db.write("collections.unshare", _unshare, kernel, actor.user_id, ask, kernel.clock.now())


def _unshare(tx: Tx, kernel: Kernel, user_id: int, ask: Unshare, now: int) -> Sharees:
    sync.lock_collections(tx, [ask.collection_id])
    album = access.managed(tx, user_id, ask.collection_id)
    target = queries.person_by_email(tx, ask.collection_id, kernel.crypto.hash(normal_email(ask.email)))
    if target is None:
        raise NotFound(log="nobody of that address is in the album")
    if target in (user_id, album.owner_id):
        raise Forbidden(log="leaving is another route, and the owner can not be put out")
    part(tx, ask.collection_id, target, now)
    return Sharees(sharees=_people(tx, kernel, ask.collection_id))


def part(tx: Tx, collection_id: int, sharee: int, now: int) -> None:
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
        part(tx, collection_id, user_id, now)
        return
    raise Forbidden(log=f"{Role.OWNER.name} of {album.collection_id} can not leave")
