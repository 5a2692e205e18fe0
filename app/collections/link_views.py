"""How an album's link looks: to its owner, to sharees, to its visitors (collections.md §1.2). Takes a `tx` where it asks for links."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from msgspec import UNSET

from ..db import Tx
from ..kernel.access import Role
from ..kernel.parts import Kernel
from . import link_queries
from .link_queries import Link
from .wire import PublicUrl


def url_base(kernel: Kernel, app: str) -> str:
    """What a token is appended to: each app has its own pages."""
    return f"{kernel.config.app_url('share')}/c/" if app == "locker" else f"{kernel.config.app_url('albums')}/?t="


def public_url(kernel: Kernel, link: Link, app: str) -> PublicUrl:
    """A link as whoever may know its token sees it, in the form of this app."""
    return _shown(link, url_base(kernel, app) + kernel.crypto.decrypt(link.token_cipher, link.token_nonce))


def visitors_url(link: Link) -> PublicUrl:
    """A link as its visitor sees it: no token, limit or expiry, and nothing of who in the album may see the link."""
    return msgspec.structs.replace(_shown(link, ""), device_limit=0, valid_till=0, min_role=UNSET)


def _shown(link: Link, url: str) -> PublicUrl:
    locked = link.pass_hash is not None
    return PublicUrl(
        url=url,
        device_limit=link.device_limit,
        valid_till=link.valid_till,
        enable_download=link.enable_download,
        enable_collect=link.enable_collect,
        enable_comment=link.enable_comment,
        password_enabled=locked,
        nonce=UNSET if link.pass_nonce is None else link.pass_nonce,
        mem_limit=UNSET if link.mem_limit is None else link.mem_limit,
        ops_limit=UNSET if link.ops_limit is None else link.ops_limit,
        enable_join=link.enable_join,
        min_role=link.min_role or UNSET,
    )


def urls_of(tx: Tx, kernel: Kernel, collection_ids: Collection[int]) -> dict[int, PublicUrl]:
    """Album → its live link, for any number of albums in one statement."""
    return {link.collection_id: public_url(kernel, link, link.app) for link in link_queries.live(tx, collection_ids)}


def visible(url: PublicUrl | None, role: Role) -> list[PublicUrl]:
    """`publicURLs` for a participant of this role: a link may be kept from sharees below some role."""
    if url is None or (isinstance(url.min_role, str) and role < Role[url.min_role]):
        return []
    return [url]
