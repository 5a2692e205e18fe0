"""Guests who add photos through a link whose owner lets them (collections.md §7.5): owned by, and charged to, the album's owner.

A key is good for the link it was issued through and for no other, so a guest cannot take what the owner has uploaded and not yet
committed. What a link may bring in a day is bounded (`bounds`), and a link that ended, or stopped collecting, takes nothing of what was
uploaded before.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..collections import service as collections
from ..db import Tx
from ..files import service as files
from ..files.wire import Committed, NewFile
from ..http.auth import guard
from ..http.request import BaseUrl, Request
from ..kernel import limits, link_secrets
from ..kernel.errors import AppError, BadRequest, CodedBadRequest, Gate
from ..kernel.parts import Kernel
from ..objects import service as objects
from ..objects.wire import NewMultipart, NewUpload, PartUrls, UploadUrl
from . import bounds
from .credentials import NoProof, access_proof
from .guards import Visitor, find_visitor


class CollectingOff(AppError):
    """405: the owner of the link does not want photos."""

    status = 405
    code = "PUBLIC_COLLECT_DISABLED"

    def __init__(self) -> None:
        super().__init__("User has not enabled collecting photos for this url")


@dataclass(frozen=True, slots=True)
class Guest:
    """A visitor of a link that collects. `app`: what the guest's own client calls itself; `network`: where the guest is."""

    visitor: Visitor
    app: str
    network: str

    @property
    def owner_id(self) -> int:
        return self.visitor.owner_id

    @property
    def purpose(self) -> str:
        """What keys issued to guests of this link are known by."""
        return f"guest {self.visitor.link.link_id}"


@guard("X-Auth-Access-Token")
async def guest(request: Request) -> Guest:
    """A visitor who knows the password, where there is one, of a link that collects; CollectingOff otherwise."""
    found = await find_visitor(request)
    if not link_secrets.holds(request.kernel, found.link, access_proof(request)):
        raise NoProof
    if not found.link.enable_collect:
        raise CollectingOff
    await request.kernel.limiter.allow("guest_uploads", f"link {found.link.link_id} {request.path}")
    return Guest(found, request.app, limits.network(request.client_ip))


async def upload_url(kernel: Kernel, actor: Guest, base_url: BaseUrl, ask: NewUpload) -> UploadUrl:
    link = actor.visitor.link
    await _count(kernel, actor, ask.content_length)
    return await objects.single_sized(kernel, link.owner_id, link.app, base_url, ask, actor.purpose)


async def multipart_upload_url(kernel: Kernel, actor: Guest, base_url: BaseUrl, ask: NewMultipart) -> PartUrls:
    """Guests say every part's digest in advance."""
    if not ask.part_md5s:
        raise BadRequest(log="partMd5s is required of guests")
    link = actor.visitor.link
    await _count(kernel, actor, ask.content_length)
    return await objects.multipart_sized(kernel, link.owner_id, link.app, base_url, ask, actor.purpose)


async def _count(kernel: Kernel, actor: Guest, size: int) -> None:
    if 0 < size <= kernel.config.quota.max_file:  # what is refused anyway is not counted
        link_id, now = actor.visitor.link.link_id, kernel.clock.now()
        await kernel.db.write("visits.guest_upload", bounds.ask, kernel.config.links, link_id, actor.network, size, now)


async def commit(kernel: Kernel, actor: Guest, ask: NewFile) -> Committed:
    """A photo in the album. Another album than the link's 400, keys that were not issued through it 400, else as the owner's commits."""
    link = actor.visitor.link
    if ask.collection_id != link.collection_id:
        raise CodedBadRequest("collectionID mismatch", log="another album than the link's")
    ask.id = 0  # never an update
    for key in (ask.file.object_key, ask.thumbnail.object_key):
        if not key.startswith(f"{link.owner_id}/"):
            raise BadRequest(log=f"{key[:200]} is not of user {link.owner_id}")
        if not kernel.crypto.minted_for(link.owner_id, key, actor.purpose):
            raise CodedBadRequest("no such upload", log=f"{key[:200]} was not issued through link {link.link_id}")
    return await files.create(
        kernel, link.owner_id, actor.app, ask, within=lambda tx, made, new: _admit(tx, kernel, actor, ask, made if new else None)
    )


def _admit(tx: Tx, kernel: Kernel, actor: Guest, ask: NewFile, made: Committed | None) -> None:
    """Once more, inside the commit and under the album's lock: the link is there, collects, and has not brought too much today. `made`: None
    for a file that was committed before, which is not brought again."""
    now = kernel.clock.now()
    link = collections.link_of_album(tx, ask.collection_id)
    if link is None or link.is_over or link.expired(now):
        raise Gate("disabled token", status=410)
    if not link.enable_collect:
        raise CollectingOff
    if made is not None:
        bounds.bring(tx, kernel.config.links, link.link_id, actor.network, ask, made, now)
