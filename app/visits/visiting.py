"""What visitors of an album's link see and fetch (collections.md §7.4): the album, its diff, bytes and video previews of its files. Never
private metadata, anybody's address or the link's token."""

from __future__ import annotations

from ..collections import service as collections
from ..collections.wire import Diff
from ..db import Tx
from ..filedata import service as filedata
from ..filedata.wire import Data
from ..kernel import access, link_secrets
from ..kernel.errors import CodedBadRequest, Forbidden, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import Encoded
from ..objects import service as objects
from . import devices
from .credentials import Device
from .devices import Doorkeeper
from .guards import Visitor
from .wire import Info, Password, Proof, Since

PREVIEWS = ("vid_preview", "img_preview")


def _door(visitor: Visitor) -> Doorkeeper:
    link = visitor.link
    return Doorkeeper("collection", link.link_id, visitor.token, link.valid_till, collections.knows_device, collections.admit_device)


async def info(kernel: Kernel, visitor: Visitor, device: Device) -> tuple[Info, str | None]:
    """The album, open before the password, and a device token to keep, if there is a new one.

    The apps demand a referral code, which the owner could be credited for: nobody is here, so it leads nowhere.
    """
    fresh = await devices.admit(kernel, _door(visitor), device)
    album = await kernel.db.read(collections.for_visitors, visitor.collection_id, visitor.link)
    return Info(collection=album, referral_code=_referral(kernel, visitor.link.owner_id)), fresh


def _referral(kernel: Kernel, owner_id: int) -> str:
    """Six letters or digits, always the same for one owner."""
    return "".join(c for c in kernel.crypto.sign("referral", owner_id).upper() if c.isalnum())[:6]


async def verify_password(kernel: Kernel, visitor: Visitor, device: Device, ask: Password) -> Proof:
    """A proof for the password (`link_secrets.proof_for`)."""
    return Proof(jwt_token=await link_secrets.proof_for(kernel, visitor.link, ask.pass_hash, device.address))


async def diff(kernel: Kernel, visitor: Visitor, device: Device, query: Since) -> Encoded[Diff]:
    """A page of the album; the cursor is required (400 BAD_REQUEST)."""
    await devices.admit(kernel, _door(visitor), device)
    return await collections.diff_for_visitors(kernel, visitor.collection_id, visitor.link.app, query.since_time)


async def find(kernel: Kernel, visitor: Visitor, base_url: str, file_id: int, thumb: bool) -> str:
    """Where a file's bytes can be read: not in the album 403, gone 404. `enable_download` hides buttons only: looking needs bytes too."""
    place = await kernel.db.read(_place, visitor.collection_id, file_id, thumb)
    if place is None:
        raise NotFound(log=f"file {file_id} has no bytes")
    return objects.url(kernel, base_url, *place, visit=True)


def _place(tx: Tx, collection_id: int, file_id: int, thumb: bool) -> tuple[str, str] | None:
    _shown(tx, collection_id, file_id)
    return objects.place(tx, file_id, thumb=thumb)


def _shown(tx: Tx, collection_id: int, file_id: int) -> None:
    if not access.in_sight(tx, collection_id, file_id):
        raise Forbidden(log=f"file {file_id} is not in collection {collection_id}")


async def video(kernel: Kernel, visitor: Visitor, file_id: int, kind: str) -> Data | None:
    """The playlist of a video's preview, None without one. Other derived data is the owner's alone: 400."""
    if kind != "vid_preview":
        raise CodedBadRequest(f"unsupported object type {kind[:40]}")
    await kernel.db.read(_shown, visitor.collection_id, file_id)
    return await filedata.data_of(kernel, file_id, kind)


async def preview_url(kernel: Kernel, visitor: Visitor, base_url: str, file_id: int, kind: str) -> str:
    """Where a preview can be read; 404 NOT_FOUND without one."""
    if kind not in PREVIEWS:
        raise CodedBadRequest(f"unsupported object type {kind[:40]}")
    await kernel.db.read(_shown, visitor.collection_id, file_id)
    return await filedata.preview_of(kernel, base_url, file_id, kind, visit=True)
