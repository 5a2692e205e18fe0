"""What visitors of a link see and fetch (collections.md §7.4): the album, its diff, bytes and video previews of its files. Never private
metadata, anybody's address or the link's token."""

from __future__ import annotations

from ..collections import service as collections
from ..db import Tx
from ..filedata import service as filedata
from ..filedata.wire import Data
from ..kernel.errors import BadRequest, CodedBadRequest, Forbidden, NotFound, Unauthorized
from ..kernel.parts import Kernel
from ..objects import service as objects
from . import devices, password, service
from .gate import Visitor
from .wire import Info

PREVIEWS = ("vid_preview", "img_preview")


async def info(kernel: Kernel, visitor: Visitor, device: tuple[str, str, str]) -> tuple[Info, str | None]:
    """The album, open before the password, and a device token to keep, if there is a new one. `device`: address, browser, device token.

    The apps demand a referral code, which the owner could be credited for: nobody is here, so it leads nowhere.
    """
    fresh = await devices.admit(kernel, visitor, *device)
    album = await kernel.db.read(collections.for_visitors, visitor.collection_id, service.visitors_url(visitor.link))
    return Info(collection=album, referral_code=_referral(kernel, visitor.link.owner_id)), fresh


def _referral(kernel: Kernel, owner_id: int) -> str:
    """Six letters or digits, always the same for one owner."""
    return "".join(c for c in kernel.crypto.sign("referral", owner_id).upper() if c.isalnum())[:6]


async def verify_password(kernel: Kernel, visitor: Visitor, ip: str, given: str) -> str:
    """A proof for the password; wrong 401, no password to know 400. Tries are counted per link and address."""
    await kernel.limiter.allow("link_password", f"ip {ip} link {visitor.link.link_id}")
    if visitor.link.pass_hash is None:
        raise BadRequest(log="the link has no password")
    if not password.matches(kernel, visitor.link, given):
        raise Unauthorized(log=f"wrong password for link {visitor.link.link_id}")
    return password.proof(kernel, visitor.link)


async def diff(kernel: Kernel, visitor: Visitor, device: tuple[str, str, str], since: int | None) -> bytes:
    """A page of the album as JSON; the cursor is required (400 BAD_REQUEST)."""
    await devices.admit(kernel, visitor, *device)
    if since is None:
        raise CodedBadRequest("sinceTime is required")
    return await collections.diff_for_visitors(kernel, visitor.collection_id, visitor.link.app, since)


async def find(kernel: Kernel, visitor: Visitor, base_url: str, file_id: int, *, thumb: bool) -> str:
    """Where a file's bytes can be read: not in the album 403, gone 404. `enable_download` hides buttons only: looking needs bytes too."""
    place = await kernel.db.read(_place, visitor.collection_id, file_id, thumb)
    if place is None:
        raise NotFound(log=f"file {file_id} has no bytes")
    return objects.url(kernel, base_url, *place, visit=True)


def _place(tx: Tx, collection_id: int, file_id: int, thumb: bool) -> tuple[str, str] | None:
    _shown(tx, collection_id, file_id)
    return objects.place(tx, file_id, thumb=thumb)


def _shown(tx: Tx, collection_id: int, file_id: int) -> None:
    if not collections.shows(tx, collection_id, file_id):
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
