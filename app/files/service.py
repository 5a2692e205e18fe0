"""Committing a file and replacing its content (files.md §3, §4.1, §4.3). Each is one transaction in which the quota holds, the stamp is
taken and the objects become the file's; the bytes are known to be there before it begins.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import UNSET

from ..db import Tx
from ..kernel import access, family, quota, sync
from ..kernel.access import Membership, Session
from ..kernel.clock import DAY
from ..kernel.errors import AppError, BadRequest, NotFound, TooLarge
from ..kernel.parts import Kernel
from ..kernel.wire import encode
from ..objects import service as objects
from ..objects.service import Claimed
from . import queries, wire
from .entry import Info, Metadata
from .queries import Content, FileRow

T = TypeVar("T")
Within = Callable[[Tx, wire.Committed, bool], None]
"""What else must hold for a file at the end of its commit; False: it was committed before."""


async def create(kernel: Kernel, owner_id: int, app: str, ask: wire.NewFile, within: Within | None = None) -> wire.Committed:
    """A file of two uploaded objects in an album of the owner's; the same commit again answers with the file that is there.

    `owner_id` is the album's owner, who also pays: guests of a link commit through here (§3.4), and what else must hold for them is asked by
    `within`, at the end of the transaction. Refusals in the order of §3.1:
    keys of others 400, unknown album 404, other app 400, not the owner's 403, deleted 404 COLLECTION_DELETED, bytes missing 503,
    above the largest size 413, another size than declared 400, quota 402/426/403, objects that are another file's 400.
    """
    _check_keys(owner_id, [ask.file, ask.thumbnail])
    _check_file_key(ask)
    return await _commit(
        kernel,
        owner_id,
        [ask.file.object_key, ask.thumbnail.object_key],
        lambda: kernel.db.write("files.create", _create, kernel, owner_id, app, ask, within),
        lambda: kernel.db.read(_album, owner_id, app, ask.collection_id),
    )


def _create(tx: Tx, kernel: Kernel, owner_id: int, app: str, ask: wire.NewFile, within: Within | None) -> wire.Committed:
    made, new = create_in(tx, kernel, owner_id, app, ask, kernel.clock.now())
    if within is not None:
        within(tx, made, new)
    return made


async def _commit(
    kernel: Kernel, owner_id: int, keys: list[str], write: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[object]]
) -> T:  # fmt: skip
    """`write()`, a transaction that claims these keys. What clients put into the store itself gets its row first; what is wrong with a key that has
    none is said after the refusals of `look()`."""
    if not kernel.direct:
        with contextlib.suppress(objects.Missing):
            return await write()
    try:
        await objects.present(kernel, owner_id, keys)
    except AppError:
        await look()
        raise
    return await write()


def create_in(tx: Tx, kernel: Kernel, owner_id: int, app: str, ask: wire.NewFile, now: int) -> tuple[wire.Committed, bool]:
    """`create`, inside a transaction, of objects that have their rows; whether there is a file now that was not there before."""
    sync.lock_account(tx, owner_id)
    family.lock(tx, owner_id)
    sync.lock_collections(tx, [ask.collection_id])
    _, (file, thumb), standing, feeds = tx.together(
        lambda tx: _usable(access.owned(tx, owner_id, ask.collection_id, deleted_ok=True), app),
        lambda tx: objects.claim(tx, owner_id, ask.file.object_key, ask.thumbnail.object_key),
        lambda tx: quota.standing(tx, kernel.config, owner_id, app, now),
        lambda tx: sync.lock_feeds(tx, [ask.collection_id]),
    )
    _check_size(kernel, ask.file, file)
    _check_size(kernel, ask.thumbnail, thumb)
    if file.state != "pending" or thumb.state != "pending":
        file_id, stamp = _committed_before(tx, owner_id, ask, file, thumb)
        return _committed(ask, file_id, owner_id, stamp, _stored(ask.file, file), _stored(ask.thumbnail, thumb)), False
    quota.judge(tx, kernel.config, owner_id, app, standing, file.size + thumb.size, now)
    quota.charge(tx, owner_id, app, file.size + thumb.size, 1)
    stamp = sync.stamp_locked(tx, now, feeds, [ask.collection_id])
    row = _row(owner_id, app, ask, now, stamp)
    row.file_object_id, row.file_size, row.file_header = file.object_id, file.size, ask.file.decryption_header
    row.thumb_object_id, row.thumb_size, row.thumb_header = thumb.object_id, thumb.size, ask.thumbnail.decryption_header
    file_id = queries.insert_file(tx, row)
    queries.insert_membership(tx, ask.collection_id, file_id, owner_id, (ask.encrypted_key, ask.key_decryption_nonce), stamp)
    objects.mark_stored(tx, [file.object_id, thumb.object_id])
    return _committed(ask, file_id, owner_id, stamp, _stored(ask.file, file), _stored(ask.thumbnail, thumb)), True


async def create_meta(kernel: Kernel, actor: Session, ask: wire.NewMeta) -> wire.Committed:
    """A Locker entry without objects: it counts as a file and not as bytes (§4.3). Without a key nobody could open it: 400 (§19 W24)."""
    if ask.id != 0:
        raise BadRequest(log="a meta file is not updated")
    _check_file_key(ask)
    return await kernel.db.write("files.create_meta", _create_meta, kernel, actor, ask, kernel.clock.now())


def _create_meta(tx: Tx, kernel: Kernel, actor: Session, ask: wire.NewMeta, now: int) -> wire.Committed:
    sync.lock_account(tx, actor.user_id)
    family.lock(tx, actor.user_id)
    sync.lock_collections(tx, [ask.collection_id])
    _album(tx, actor.user_id, actor.app, ask.collection_id)
    if actor.app != "locker":
        raise BadRequest(log=f"meta file in {actor.app}")
    quota.charge_checked(tx, kernel.config, actor.user_id, actor.app, 0, now)
    stamp = sync.stamp_collections(tx, now, [ask.collection_id])
    file_id = queries.insert_file(tx, _row(actor.user_id, actor.app, ask, now, stamp))
    queries.insert_membership(tx, ask.collection_id, file_id, actor.user_id, (ask.encrypted_key, ask.key_decryption_nonce), stamp)
    return _committed(ask, file_id, actor.user_id, stamp, wire.StoredObject(), wire.StoredObject())


async def update(kernel: Kernel, actor: Session, ask: wire.NewFile) -> wire.Updated:
    """New content for a file (§3.3): one or both objects new, or the same again.

    Unknown or gone for good 404, another's 403, objects of another file 400, sizes and quota as in `create`.
    """
    if ask.id <= 0:
        raise BadRequest(log="no file id")
    _check_keys(actor.user_id, [ask.file, ask.thumbnail])
    return await _commit(
        kernel,
        actor.user_id,
        [ask.file.object_key, ask.thumbnail.object_key],
        lambda: kernel.db.write("files.update", _update, kernel, actor, ask, kernel.clock.now()),
        lambda: kernel.db.read(access.own_file, actor.user_id, ask.id),
    )


def _update(tx: Tx, kernel: Kernel, actor: Session, ask: wire.NewFile, now: int) -> wire.Updated:
    sync.lock_account(tx, actor.user_id)
    family.lock(tx, actor.user_id)
    old, app, updated = _content(tx, actor.user_id, ask.id)
    file = _claim_for(tx, actor.user_id, ask.file.object_key, old.file_object_id)
    thumb = _claim_for(tx, actor.user_id, ask.thumbnail.object_key, old.thumb_object_id)
    _check_size(kernel, ask.file, file)
    _check_size(kernel, ask.thumbnail, thumb)
    new = Content(
        file_object_id=file.object_id,
        thumb_object_id=thumb.object_id,
        file_size=file.size,
        thumb_size=thumb.size,
        file_header=ask.file.decryption_header,
        thumb_header=ask.thumbnail.decryption_header,
        metadata_header=ask.metadata.decryption_header,
        encrypted_metadata=ask.metadata.encrypted_data,
    )
    if new == old:
        return wire.Updated(id=ask.id, updation_time=updated)
    return wire.Updated(id=ask.id, updation_time=_replace(tx, kernel, actor.user_id, app, ask.id, old, new, now))


async def update_thumbnail(kernel: Kernel, actor: Session, ask: wire.NewThumbnail) -> None:
    """A thumbnail that is no larger than the one it replaces (§4.1), else 400. Sending the same again changes nothing."""
    _check_keys(actor.user_id, [ask.thumbnail])
    await _commit(
        kernel,
        actor.user_id,
        [ask.thumbnail.object_key],
        lambda: kernel.db.write("files.update_thumbnail", _update_thumbnail, kernel, actor, ask, kernel.clock.now()),
        lambda: kernel.db.read(access.own_file, actor.user_id, ask.file_id),
    )


def _update_thumbnail(tx: Tx, kernel: Kernel, actor: Session, ask: wire.NewThumbnail, now: int) -> None:
    sync.lock_account(tx, actor.user_id)
    family.lock(tx, actor.user_id)
    old, app, _ = _content(tx, actor.user_id, ask.file_id)
    thumb = _claim_for(tx, actor.user_id, ask.thumbnail.object_key, old.thumb_object_id)
    if thumb.size > old.thumb_size:
        raise BadRequest(log=f"thumbnail of {ask.file_id} would grow from {old.thumb_size} to {thumb.size} bytes")
    new = Content(
        file_object_id=old.file_object_id,
        thumb_object_id=thumb.object_id,
        file_size=old.file_size,
        thumb_size=thumb.size,
        file_header=old.file_header,
        thumb_header=ask.thumbnail.decryption_header,
        metadata_header=old.metadata_header,
        encrypted_metadata=old.encrypted_metadata,
    )
    if new != old:
        _replace(tx, kernel, actor.user_id, app, ask.file_id, old, new, now)


def _replace(tx: Tx, kernel: Kernel, owner_id: int, app: str, file_id: int, old: Content, new: Content, now: int) -> int:
    """Charge the difference, change the row, show it in every album that has the file, let go of objects no longer named; the stamp."""
    albums = queries.albums_holding(tx, owner_id, [file_id])
    sync.lock_collections(tx, albums)
    growth = new.file_size + new.thumb_size - old.file_size - old.thumb_size
    quota.charge_checked(tx, kernel.config, owner_id, app, growth, now, files=0)
    stamp = sync.stamp_collections(tx, now, queries.albums_holding(tx, owner_id, [file_id]), also=[owner_id])
    queries.replace_content(tx, owner_id, file_id, new, stamp)
    queries.stamp_memberships(tx, owner_id, [file_id], stamp)
    taken = {new.file_object_id, new.thumb_object_id} - {old.file_object_id, old.thumb_object_id}
    left = {old.file_object_id, old.thumb_object_id} - {new.file_object_id, new.thumb_object_id}
    objects.mark_stored(tx, sorted(taken))
    objects.release(tx, owner_id, sorted(left), now, kernel.config.trash.deletion_grace_days * DAY)
    return stamp


def _album(tx: Tx, owner_id: int, app: str, collection_id: int) -> None:
    """A live album of this owner and app."""
    _usable(access.owned(tx, owner_id, collection_id, deleted_ok=True), app)


def _usable(album: Membership, app: str) -> None:
    access.same_app(album, app)
    if album.is_deleted:
        raise NotFound(code="COLLECTION_DELETED")


def _content(tx: Tx, owner_id: int, file_id: int) -> tuple[Content, str, int]:
    access.own_file(tx, owner_id, file_id)
    found = queries.content(tx, owner_id, file_id)
    if found is None:
        raise NotFound(log=f"file {file_id} has no objects or is gone for good")
    return found


def _claim_for(tx: Tx, owner_id: int, key: str, current: int) -> Claimed:
    """An object that is new, or already this file's."""
    (claimed,) = objects.claim(tx, owner_id, key)
    if claimed.state != "pending" and claimed.object_id != current:
        raise BadRequest(log="the object belongs to something else")
    return claimed


def _committed_before(tx: Tx, owner_id: int, ask: wire.NewFile, file: Claimed, thumb: Claimed) -> tuple[int, int]:
    """(id, stamp) of the file that this very commit made before (§3.2); objects used in any other way are refused."""
    row = queries.committed_before(tx, owner_id, file.object_id, thumb.object_id)
    sealed = (ask.file.decryption_header, ask.thumbnail.decryption_header, ask.metadata.decryption_header, ask.metadata.encrypted_data)
    if row is None or row[2:] != sealed:
        raise BadRequest(log="the objects belong to something else")
    return row[0], row[1]


def _check_keys(owner_id: int, asked: list[wire.Object]) -> None:
    prefix = f"{owner_id}/"
    if not all(o.object_key.startswith(prefix) for o in asked):
        raise BadRequest(log="an object key of somebody else")
    if len({o.object_key for o in asked}) != len(asked):
        raise BadRequest(log="file and thumbnail are one object")


def _check_file_key(ask: wire.NewMeta) -> None:
    if not ask.encrypted_key or not ask.key_decryption_nonce:
        raise BadRequest(log="a file without its key")


def _check_size(kernel: Kernel, asked: wire.Object, claimed: Claimed) -> None:
    if claimed.size > kernel.config.quota.max_file:
        raise TooLarge(log=f"{claimed.size} bytes")
    if asked.size not in (0, claimed.size):
        raise BadRequest(log=f"{asked.size} bytes declared, {claimed.size} uploaded")


def _row(owner_id: int, app: str, ask: wire.NewMeta, now: int, stamp: int) -> FileRow:
    row = FileRow(
        owner_id=owner_id,
        app=app,
        metadata_header=ask.metadata.decryption_header,
        encrypted_metadata=ask.metadata.encrypted_data,
        now=now,
        stamp=stamp,
    )
    if (magic := ask.magic_metadata) is not None:
        row.magic_metadata, row.magic_version, row.magic_count = encode(magic).decode(), magic.version, magic.count
    if (magic := ask.pub_magic_metadata) is not None:
        row.pub_magic_metadata, row.pub_magic_version, row.pub_magic_count = encode(magic).decode(), magic.version, magic.count
    return row


def _stored(asked: wire.Object, claimed: Claimed) -> wire.StoredObject:
    return wire.StoredObject(object_key=asked.object_key, decryption_header=asked.decryption_header, size=claimed.size)


def _committed(
    ask: wire.NewMeta, file_id: int, owner_id: int, stamp: int, file: wire.StoredObject, thumb: wire.StoredObject
) -> wire.Committed:  # fmt: skip
    return wire.Committed(
        id=file_id,
        owner_id=owner_id,
        collection_id=ask.collection_id,
        encrypted_key=ask.encrypted_key,
        key_decryption_nonce=ask.key_decryption_nonce,
        file=file,
        thumbnail=thumb,
        metadata=Metadata(encrypted_data=ask.metadata.encrypted_data, decryption_header=ask.metadata.decryption_header),
        updation_time=stamp,
        magic_metadata=UNSET if ask.magic_metadata is None else ask.magic_metadata,
        pub_magic_metadata=UNSET if ask.pub_magic_metadata is None else ask.pub_magic_metadata,
        info=Info(file_size=file.size, thumb_size=thumb.size),
    )
