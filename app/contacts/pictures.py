"""Pictures of contacts: staged by a signed URL, attached when their bytes are there, let go of when replaced (misc.md §5).

They are free of the quota but not without bound: each has a limit, and all of an account's may take up as much as it may store.
"""

from __future__ import annotations

from ..db import Tx
from ..http.request import BaseUrl
from ..kernel import family, quota, sync
from ..kernel.access import Session
from ..kernel.errors import CodedBadRequest, NotFound, StorageFull
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from ..objects import service as objects
from ..objects.wire import FileUrl
from . import queries
from .queries import Stored
from .service import checked_id, let_go, own_live, shown
from .wire import Attach, Contact, NewAttachment, Staged

KIND = "profile_picture"
LARGEST = 512 << 10  # bytes
_PREFIX = "ua_"


def _check_kind(kind: str) -> None:
    if kind != KIND:
        raise CodedBadRequest("invalid attachment type")


async def stage(kernel: Kernel, actor: Session, base_url: BaseUrl, type: str, ask: NewAttachment) -> Staged:
    """Where to put a picture of exactly these bytes. Nothing is written: the name proves who may attach it."""
    _check_kind(type)
    md5 = b64_bytes(ask.content_md5.strip(), 16)
    if not 0 < ask.content_length <= LARGEST or md5 is None:
        raise CodedBadRequest(f"an attachment has 1 to {LARGEST} bytes and the base64 of its MD5")
    key = kernel.crypto.mint_key(actor.user_id)
    name = _PREFIX + kernel.crypto.name_of_key(key, KIND)
    return Staged(attachment_id=name, url=objects.free_url(kernel, base_url, key, ask.content_length, md5))


async def attach(kernel: Kernel, actor: Session, id: str, type: str, ask: Attach) -> Contact:
    """Make an uploaded picture the contact's. 400 BAD_REQUEST unless the caller staged it and it has that size, then 404 NOT_FOUND."""
    _check_kind(type)
    contact_id = checked_id(id)
    key = None
    if ask.attachment_id.startswith(_PREFIX):
        key = kernel.crypto.key_of_name(actor.user_id, ask.attachment_id.removeprefix(_PREFIX), KIND)
    if key is None:
        raise CodedBadRequest("staged attachment upload not found")
    if await kernel.db.read(_is_attached, actor.user_id, contact_id, ask):
        return shown(kernel.crypto, await kernel.db.read(own_live, actor.user_id, contact_id))
    try:
        await objects.present(kernel, actor.user_id, [key])
    except objects.Missing:
        raise CodedBadRequest("attachment was not uploaded", log=f"no bytes under {key}") from None
    attached = await kernel.db.write("contacts.attach", _attach, kernel, actor.user_id, contact_id, key, ask)
    return shown(kernel.crypto, attached)


def _is_attached(tx: Tx, user_id: int, contact_id: str, ask: Attach) -> bool:
    """Whether a repeated request has done its work already."""
    known = queries.contact(tx, user_id, contact_id)
    if known is None or known.picture_id != ask.attachment_id or known.picture_object_id is None:
        return False
    return objects.size(tx, known.picture_object_id) == ask.size


def _attach(tx: Tx, kernel: Kernel, user_id: int, contact_id: str, key: str, ask: Attach) -> Stored:
    now = kernel.clock.now()
    sync.lock_account(tx, user_id)
    family.lock(tx, user_id)
    stamp = sync.stamp(tx, now, [user_id])
    (picture,) = objects.claim(tx, user_id, key)
    if picture.size != ask.size or not 0 < picture.size <= LARGEST:
        raise CodedBadRequest("attachment has another size", log=f"{key} has {picture.size} bytes, not {ask.size}")
    known = own_live(tx, user_id, contact_id)
    if picture.state != "pending" and known.picture_id != ask.attachment_id:
        raise CodedBadRequest("staged attachment upload not found", log=f"{key} is {picture.state}")
    if known.picture_id == ask.attachment_id:
        return known
    limit = quota.plan(tx, kernel.config, user_id).limit
    held = queries.picture_bytes(tx, family.sharers(tx, user_id)) + quota.excess(tx, kernel.config, user_id, limit, now)
    if held + picture.size > limit + kernel.config.quota.tolerance:
        raise StorageFull(log=f"pictures of user {user_id}")
    objects.mark_stored(tx, [picture.object_id])
    queries.set_picture(tx, user_id, contact_id, (ask.attachment_id, picture.object_id, picture.size), stamp)
    let_go(tx, kernel, user_id, [known.picture_object_id], now)
    return own_live(tx, user_id, contact_id)


async def detach(kernel: Kernel, actor: Session, id: str, type: str) -> Contact:
    """Take a contact's picture away; without one nothing changes. 404 NOT_FOUND."""
    _check_kind(type)
    return shown(kernel.crypto, await kernel.db.write("contacts.detach", _detach, kernel, actor.user_id, checked_id(id)))


def _detach(tx: Tx, kernel: Kernel, user_id: int, contact_id: str) -> Stored:
    now = kernel.clock.now()
    stamp = sync.stamp(tx, now, [user_id])
    known = own_live(tx, user_id, contact_id)
    if known.picture_id is None:
        return known
    queries.set_picture(tx, user_id, contact_id, None, stamp)
    let_go(tx, kernel, user_id, [known.picture_object_id], now)
    return own_live(tx, user_id, contact_id)


async def url(kernel: Kernel, actor: Session, base_url: BaseUrl, type: str, attachment_id: str) -> FileUrl:
    """Where one of the caller's pictures can be read; 404 NOT_FOUND for what is not one, or not any more."""
    place = await kernel.db.read(queries.place, actor.user_id, attachment_id) if type == KIND else None
    if place is None:
        raise NotFound(code="NOT_FOUND", log="no such attachment")
    return FileUrl(url=objects.url(kernel, base_url, *place))


async def url_of(kernel: Kernel, actor: Session, base_url: BaseUrl, id: str, type: str, name: str = "") -> FileUrl:
    """Where a contact's picture can be read (`name`: only if it is this one); 404 NOT_FOUND without one."""
    place = await kernel.db.read(queries.place_of, actor.user_id, checked_id(id)) if type == KIND else None
    if place is None or name not in ("", place[2]):
        raise NotFound(code="NOT_FOUND", log="no such picture")
    return FileUrl(url=objects.url(kernel, base_url, place[0], place[1]))
