"""Albums: create, list, look up, edit, delete (collections.md §2). Other features request the functions that take a `tx`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from ..db import Tx
from ..kernel import access, people, sync
from ..kernel.access import Role, Session
from ..kernel.errors import BadRequest, CodedBadRequest, Conflict, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import Encoded, MagicMetadata, b64_bytes, encode
from ..trash import service as trash
from . import link_devices, link_views, links, member_queries, participants, queries, views, wire
from .feed import diff_for_visitors
from .link_queries import Link
from .participants import end_shares, people_of
from .sharing import grant

__all__ = [
    "Link",
    "admit_device",
    "create",
    "delete",
    "diff_for_visitors",
    "for_visitors",
    "forget_person",
    "get",
    "grant",
    "knows_device",
    "link_of",
    "link_of_album",
    "listing",
    "listing_v3",
    "rename",
    "set_private_metadata",
    "set_public_metadata",
    "set_sharee_metadata",
]

TYPES = {"album": "album", "CollectionType.album": "album", "folder": "folder", "favorites": "favorites", "uncategorized": "uncategorized"}
SPECIAL = frozenset({"favorites", "uncategorized"})
TRASHED = 1000  # photos in one transaction
LIMIT = 1000  # albums per list of a v3 listing
ALL = 1 << 40  # "no limit"
_EVER = 1 << 62  # µs


async def create(kernel: Kernel, actor: Session, ask: wire.NewCollection) -> wire.OneCollection:
    """A new album; the existing one where there can be only one. 400 for malformed keys or an unknown type, 404 without key attributes."""
    if b64_bytes(ask.encrypted_key, 48) is None or b64_bytes(ask.key_decryption_nonce, 24) is None or ask.type not in TYPES:
        raise BadRequest(log="key, nonce or type")
    return wire.OneCollection(collection=await kernel.db.write("collections.create", _create, actor, ask, kernel.clock.now()))


def _create(tx: Tx, actor: Session, ask: wire.NewCollection, now: int) -> wire.Collection:
    if not people.has_keys(tx, actor.user_id):
        raise NotFound(log=f"user {actor.user_id} has no key attributes")
    sync.lock_account(tx, actor.user_id)
    kind = TYPES[ask.type]
    if kind in SPECIAL and (row := queries.special(tx, actor.user_id, actor.app, kind)):
        return msgspec.structs.replace(views.owned(row), app="", pub_magic_metadata=UNSET)
    stamp = sync.stamp(tx, now, [actor.user_id])
    attributes = _attributes(ask.attributes)
    new_id = queries.insert(
        tx,
        owner_id=actor.user_id,
        app=actor.app,
        type=kind,
        encrypted_key=ask.encrypted_key,
        key_nonce=ask.key_decryption_nonce,
        name=ask.name,
        encrypted_name=ask.encrypted_name,
        name_nonce=ask.name_decryption_nonce,
        attributes=attributes,
        magic_metadata=ask.magic_metadata and ask.magic_metadata.stored(ask.magic_metadata.version),
        pub_magic_metadata=ask.pub_magic_metadata and ask.pub_magic_metadata.stored(ask.pub_magic_metadata.version),
        stamp=stamp,
    )
    return views.owned(queries.album(tx, new_id))


def _attributes(given: wire.CollectionAttributes | None) -> str:
    out: dict[str, Any] = {}
    if given is not None and given.encrypted_path:
        out["encryptedPath"] = given.encrypted_path
    if given is not None and given.path_decryption_nonce:
        out["pathDecryptionNonce"] = given.path_decryption_nonce
    return encode({**out, "version": given.version if given is not None else 0}).decode()


# --- listings


async def listing(kernel: Kernel, actor: Session, query: wire.SinceQuery) -> Encoded[wire.Collections]:
    """Own albums, then shared ones, changed after a time (§2.3). Answered empty after one point read when nothing is."""
    since = query.since_time
    if since >= await kernel.db.read(sync.feed, actor.user_id):
        return b'{"collections":[]}'
    return await kernel.db.scan(_listing, kernel, actor, since)


def _listing(tx: Tx, kernel: Kernel, actor: Session, since: int) -> bytes:
    """Both lists have one cursor: where one of them ends early, because its texts are too large, the other ends at the same time. The rest comes
    when the client asks next."""
    (owned, more), (shared, more_shared) = _owned(tx, actor, since, ALL), _shared(tx, actor, since, ALL)
    until = min(_own_time(owned[-1]) if more else _EVER, _share_time(shared[-1]) if more_shared else _EVER)
    owned, shared = [r for r in owned if _own_time(r) <= until], [r for r in shared if _share_time(r) <= until]
    mine, others = _views(tx, kernel, owned, shared)
    return encode(wire.Collections(collections=[*mine, *others]))


def _own_time(row: queries.Row) -> int:
    return int(row[13])


def _share_time(row: queries.Row) -> int:
    """Of an ended share its own, else the album's."""
    return int(row[19] if row[18] else row[13])


def _owned(tx: Tx, actor: Session, since: int, limit: int) -> tuple[list[queries.Row], bool]:
    return sync.page(lambda s, n, b: queries.owned_since(tx, actor.user_id, actor.app, s, n, b), since, _own_time, limit)


def _shared(tx: Tx, actor: Session, since: int, limit: int) -> tuple[list[queries.Row], bool]:
    return sync.page(lambda s, n, b: queries.shared_since(tx, actor.user_id, actor.app, s, n, b), since, _share_time, limit)


def _views(tx: Tx, kernel: Kernel, owned: list[queries.Row], shared: list[queries.Row]) -> tuple[list[wire.Collection], list[wire.Collection]]:
    """Albums of either kind with their people and links: one statement for each of these, however many albums."""
    ids = [r[0] for r in (*owned, *shared)]
    sharees, urls = people_of(tx, kernel, ids), link_views.urls_of(tx, kernel, ids)
    return (
        [views.owned(r, sharees.get(r[0], []), urls.get(r[0])) for r in owned],
        [views.shared(kernel, r, sharees.get(r[0], []), urls.get(r[0])) for r in shared],
    )


async def listing_v3(kernel: Kernel, actor: Session, query: wire.ListingQuery) -> wire.CollectionsV3:
    """GET /collections/v3 (§2.4): two cursors; at most `limit` (≤ 1000) albums each, but never half of those of one stamp."""
    if query.limit < 0:
        raise BadRequest(log="negative limit")
    return await kernel.db.scan(_listing_v3, kernel, actor, query.since_time, query.shared_since_time, min(query.limit, LIMIT))


def _listing_v3(tx: Tx, kernel: Kernel, actor: Session, since: int, shared_since: int, limit: int) -> wire.CollectionsV3:
    if limit == 0:
        return wire.CollectionsV3(owned=[], shared=[])
    (owned, _), (shared, _) = _owned(tx, actor, since, limit), _shared(tx, actor, shared_since, limit)
    mine, others = _views(tx, kernel, owned, shared)
    return wire.CollectionsV3(owned=mine, shared=others)


async def get(kernel: Kernel, actor: Session, collection_id: int) -> wire.OneCollection:
    """One album (§2.2): its owner also gets a deleted one, whose key the trash still needs."""
    return wire.OneCollection(collection=await kernel.db.scan(_get, kernel, actor.user_id, collection_id))


def _get(tx: Tx, kernel: Kernel, user_id: int, collection_id: int) -> wire.Collection:
    album = access.participant(tx, user_id, collection_id, deleted_ok=True)
    sharees = people_of(tx, kernel, [collection_id]).get(collection_id, [])
    url = link_views.urls_of(tx, kernel, [collection_id]).get(collection_id)
    view = views.owned(queries.album(tx, collection_id), sharees, url)
    cipher, nonce = queries.email_of(tx, album.owner_id) or (None, None)
    view.owner.email = "" if cipher is None else kernel.crypto.decrypt(cipher, nonce)
    if album.role != Role.OWNER:
        share = queries.share_of(tx, collection_id, user_id)
        assert share is not None  # participant() found it in this snapshot
        view.encrypted_key = share[0]
        view.magic_metadata = UNSET
        view.public_urls = link_views.visible(url, album.role)
    return view


# --- edits


async def rename(kernel: Kernel, actor: Session, ask: wire.Rename) -> None:
    """Owner only; a deleted album may be renamed too (§2.6)."""

    def change(tx: Tx) -> None:
        queries.rename(tx, ask.collection_id, ask.encrypted_name, ask.name_decryption_nonce)

    await kernel.db.write("collections.rename", _edit, actor.user_id, ask.collection_id, change, kernel.clock.now())


def _edit(tx: Tx, user_id: int, collection_id: int, change: Any, now: int) -> None:
    sync.lock_collections(tx, [collection_id])
    access.owned(tx, user_id, collection_id, deleted_ok=True)
    change(tx)
    sync.stamp_collections(tx, now, [collection_id])


async def set_private_metadata(kernel: Kernel, actor: Session, ask: wire.NewMetadata) -> None:
    """What the owner alone sees; the stored version is that sent + 1, the last write wins (§2.7)."""
    await kernel.db.write("collections.metadata", _edit, actor.user_id, ask.id, _magic(queries.set_magic, ask), kernel.clock.now())


async def set_public_metadata(kernel: Kernel, actor: Session, ask: wire.NewMetadata) -> None:
    """What everybody in the album sees; written by its owner, as the private."""
    await kernel.db.write("collections.metadata", _edit, actor.user_id, ask.id, _magic(queries.set_public_magic, ask), kernel.clock.now())


def _magic(write: Callable[[Tx, int, str], None], ask: wire.NewMetadata) -> Callable[[Tx], None]:
    return lambda tx: write(tx, ask.id, ask.magic_metadata.stored(ask.magic_metadata.version + 1))


async def set_sharee_metadata(kernel: Kernel, actor: Session, ask: wire.NewMetadata) -> None:
    """A participant's own, stored as sent."""
    await kernel.db.write("collections.sharee_metadata", _sharee_metadata, actor.user_id, ask.id, ask.magic_metadata, kernel.clock.now())


def _sharee_metadata(tx: Tx, user_id: int, collection_id: int, magic: MagicMetadata, now: int) -> None:
    sync.lock_collections(tx, [collection_id])
    if access.participant(tx, user_id, collection_id, deleted_ok=True).role == Role.OWNER:
        raise CodedBadRequest("owner can not update shared magic metadata")
    stamp = sync.stamp_collections(tx, now, [collection_id])
    queries.set_sharee_magic(tx, collection_id, user_id, magic.stored(magic.version), stamp)


# --- deletion


async def delete(kernel: Kernel, actor: Session, query: wire.DeleteQuery) -> None:
    """Delete an album (§2.8). Its owner's files go to the trash unless `keep_files`, which then needs an empty album (409). Deleting again
    is no error. No photo is ever in no album and not in the trash: a large album's go there in transactions of bounded size, so that nobody
    else waits, and what is left goes with the album in one."""
    while await kernel.db.write("collections.trash_some", _trash_some, kernel, actor.user_id, query, kernel.clock.now()) == TRASHED:
        pass
    await kernel.db.write("collections.delete", _delete, kernel, actor.user_id, query.collection_id, query.keep_files, kernel.clock.now())


def _trash_some(tx: Tx, kernel: Kernel, user_id: int, query: wire.DeleteQuery, now: int) -> int:
    """Put as many of the owner's photos into the trash as go in one transaction; how many. None where the rest is no more than that."""
    sync.lock_account(tx, user_id)
    album = access.owned(tx, user_id, query.collection_id, deleted_ok=True)
    own = member_queries.live_of(tx, query.collection_id, user_id, TRASHED + 1)
    if query.keep_files or album.is_deleted or album.type in SPECIAL or len(own) <= TRASHED:
        return 0
    own = own[:TRASHED]
    albums = {query.collection_id} | trash.albums_holding(tx, user_id, own)
    sync.lock_collections(tx, albums)
    trash.trash_files(tx, kernel, user_id, own, query.collection_id, now, sync.stamp_collections(tx, now, albums, also=[user_id]))
    return TRASHED


def _delete(tx: Tx, kernel: Kernel, user_id: int, collection_id: int, keep_files: bool, now: int) -> None:
    sync.lock_account(tx, user_id)  # nobody but the owner moves the owner's files: what is read next stands still
    own = member_queries.live_of(tx, collection_id, user_id, 1 << 31)  # what `_trash_some` left, and what came in meanwhile
    albums = {collection_id} | trash.albums_holding(tx, user_id, own)
    sync.lock_collections(tx, albums)
    album = access.owned(tx, user_id, collection_id, deleted_ok=True)
    if album.type in SPECIAL:
        raise BadRequest(log=f"{album.type} can not be deleted")
    if album.is_deleted:
        return
    if keep_files and member_queries.any_live(tx, collection_id):
        raise Conflict("collection is not empty", code="COLLECTION_NOT_EMPTY")
    stamp = sync.stamp_collections(tx, now, albums)
    if own:
        trash.trash_files(tx, kernel, user_id, own, collection_id, now, stamp)
    member_queries.take_out_others(tx, collection_id, user_id, stamp)
    end_shares(tx, [collection_id], stamp)
    links.end_all(tx, [collection_id], now)
    queries.mark_deleted(tx, collection_id)


def forget_person(tx: Tx, kernel: Kernel, user_id: int, now: int) -> None:
    """An account is being deleted: nobody sees its albums any more, with an account or without, and it leaves the albums of others.

    Request it in the transaction that deletes the account, which holds the account's lock.
    """
    participants.forget_person(tx, kernel, user_id, now)  # locks and stamps its albums
    links.end_all(tx, [c for c, owner in queries.albums_of_person(tx, user_id) if owner == user_id], now)


def forget_for_good(tx: Tx, user_id: int, now: int, limit: int) -> int:
    """Blank up to `limit` albums of an account that cannot come back, others' photos in them taken out; how many there were. When there are
    none left, what others asked of the account and it of them goes too."""
    sync.lock_account(tx, user_id)
    ids = queries.albums_with_names(tx, user_id, limit)
    if ids:
        sync.lock_collections(tx, ids)
        stamp = sync.stamp_collections(tx, now, ids, also=[user_id])
        end_shares(tx, ids, stamp)
        member_queries.empty(tx, ids, stamp)
        queries.blank(tx, user_id, ids)
    else:
        queries.drop_places(tx, user_id)
        queries.drop_actions(tx, user_id)
    return len(ids)


# --- for people without an account, whose right to the album the caller has checked


def for_visitors(tx: Tx, collection_id: int, link: Link | None = None) -> wire.Collection:
    """An album as `views.visited` shows it; `link`: that by which they came, if it is one."""
    return views.visited(queries.album(tx, collection_id), None if link is None else link_views.visitors_url(link))


def link_of(tx: Tx, token_hash: str) -> Link | None:
    """The link of a token, whatever has become of it."""
    return links.of_token(tx, token_hash)


def link_of_album(tx: Tx, collection_id: int) -> Link | None:
    """The live link of an album."""
    return links.of_album(tx, collection_id)


def knows_device(tx: Tx, link_id: int, address: str, agent: str) -> bool:
    """Whether an album's link let this device in before."""
    return link_devices.knows(tx, link_id, address, agent)


def admit_device(tx: Tx, link_id: int, address: str, agent: str, now: int) -> bool:
    """Let a device in by an album's link and remember it; False when the places are taken."""
    return link_devices.admit(tx, link_id, address, agent, now)
