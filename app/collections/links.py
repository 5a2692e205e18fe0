"""Links as their album's owner handles them: make, change, end (collections.md §6). Nobody else can, admins neither.

Each change is stamped for everybody who sees the album, because its row shows the link.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..db import Tx
from ..kernel import access, link_secrets, sync
from ..kernel.access import Role, Session
from ..kernel.errors import BadRequest, CodedBadRequest, NotFound, Unavailable
from ..kernel.parts import Kernel
from . import link_queries, link_views
from .link_queries import Link
from .wire import LinkChange, NewLink, OneLink

MAX_DEVICES = 50
KDF = (67_108_864, 2)
"""memLimit (bytes) and opsLimit with which every client derives a link's password: weaker ones would let it be guessed."""
_TRIES = 5
_SWITCHES = ("enable_download", "enable_collect", "enable_comment", "enable_join")


async def create(kernel: Kernel, actor: Session, ask: NewLink) -> OneLink:
    """The album's link: a new one, or the one it has, as it is. Device limit out of range 400, unknown or deleted album 404, somebody else's
    403, uncategorized 400."""
    _check_devices(ask.device_limit)
    link = await kernel.db.write("links.create", _create, kernel, actor, ask, kernel.clock.now())
    return OneLink(result=link_views.public_url(kernel, link, actor.app))


def _create(tx: Tx, kernel: Kernel, actor: Session, ask: NewLink, now: int) -> Link:
    sync.lock_collections(tx, [ask.collection_id])
    album = access.owned(tx, actor.user_id, ask.collection_id)
    if album.type == "uncategorized":
        raise BadRequest(log="an uncategorized album has no link")
    if found := link_queries.live(tx, [ask.collection_id]):
        return found[0]
    options = {
        "valid_till": ask.valid_till,
        "device_limit": ask.device_limit,
        "enable_collect": ask.enable_collect,
        "enable_comment": ask.enable_comment,
        "enable_join": ask.enable_join is not False,
    }
    if not any(link_queries.insert(tx, ask.collection_id, link_secrets.fresh_token(kernel), now, **options) for _ in range(_TRIES)):
        raise Unavailable(log="no free link token")
    sync.stamp_collections(tx, now, [ask.collection_id])
    return link_queries.live(tx, [ask.collection_id])[0]


async def change(kernel: Kernel, actor: Session, ask: LinkChange) -> OneLink:
    """Change what is given. 400 BAD_REQUEST with the reason, somebody else's album 403, no link 404."""
    now = kernel.clock.now()
    _check(ask, now)
    link = await kernel.db.write("links.change", _change, kernel, actor.user_id, ask, now)
    return OneLink(result=link_views.public_url(kernel, link, actor.app))


def _change(tx: Tx, kernel: Kernel, user_id: int, ask: LinkChange, now: int) -> Link:
    sync.lock_collections(tx, [ask.collection_id])
    access.owned(tx, user_id, ask.collection_id)
    found = link_queries.live(tx, [ask.collection_id])
    if not found:
        raise NotFound(log=f"collection {ask.collection_id} has no link")
    given = {name: getattr(ask, name) for name in (*_SWITCHES, "valid_till", "device_limit", "min_role") if getattr(ask, name) is not None}
    link = replace(found[0], **given, **_password(kernel, found[0], ask))
    link_queries.save(tx, link, now)
    sync.stamp_collections(tx, now, [ask.collection_id])
    return link


def _password(kernel: Kernel, link: Link, ask: LinkChange) -> dict[str, Any]:
    """What a change does to the password's columns. A new one makes every proof of the old one worthless."""
    if ask.pass_hash is not None:
        kept = link_secrets.kept(kernel, link.token_hash, ask.pass_hash)
        return {"pass_hash": kept, "pass_nonce": ask.nonce, "mem_limit": ask.mem_limit, "ops_limit": ask.ops_limit}
    return dict.fromkeys(("pass_hash", "pass_nonce", "mem_limit", "ops_limit")) if ask.disable_password else {}


def _check_devices(limit: int) -> None:
    if not 0 <= limit <= MAX_DEVICES:
        raise CodedBadRequest(f"device limit: {limit} out of range [0-{MAX_DEVICES}]")


def _check(ask: LinkChange, now: int) -> None:
    """What is wrong with a change, whoever asks for it (§6.2)."""
    told = (*_SWITCHES, "valid_till", "device_limit", "pass_hash", "nonce", "disable_password", "min_role")
    secret = [ask.pass_hash, ask.nonce, ask.mem_limit, ask.ops_limit]
    if all(getattr(ask, name) is None for name in told):
        raise CodedBadRequest("all parameters are missing")
    if ask.device_limit is not None:
        _check_devices(ask.device_limit)
    if ask.valid_till and ask.valid_till < now:
        raise CodedBadRequest("valid till should be greater than current timestamp")
    if any(v is not None for v in secret) and not all(secret):
        raise CodedBadRequest("all password params should be either present or missing")
    if ask.pass_hash is not None and (ask.mem_limit, ask.ops_limit) != KDF:
        raise CodedBadRequest("invalid KDF parameters")
    if ask.pass_hash is not None and ask.disable_password:
        raise CodedBadRequest("can not set and disable password in same request")
    if ask.min_role is not None and ask.min_role not in Role.__members__:
        raise CodedBadRequest(f"invalid min role {ask.min_role[:40]}")


async def end(kernel: Kernel, actor: Session, collection_id: int) -> None:
    """End the album's link, for good: the next one has another token. Nothing happens where there is none; deleted albums have none."""
    await kernel.db.write("links.end", _end, actor.user_id, collection_id, kernel.clock.now())


def _end(tx: Tx, user_id: int, collection_id: int, now: int) -> None:
    sync.lock_collections(tx, [collection_id])
    access.owned(tx, user_id, collection_id, deleted_ok=True)
    if end_all(tx, [collection_id], now):
        sync.stamp_collections(tx, now, [collection_id])


def end_all(tx: Tx, collection_ids: Collection[int], now: int) -> bool:
    """End the links of these (locked) albums; whether there was one. What is known of their visitors' devices goes with them.

    The caller stamps the albums in the same transaction.
    """
    ended = link_queries.disable(tx, collection_ids, now)
    if ended:
        link_queries.forget_devices(tx, ended)
    return bool(ended)


def of_token(tx: Tx, token_hash: str) -> Link | None:
    """The link of a token, whatever has become of it."""
    return link_queries.by_token(tx, token_hash)


def of_album(tx: Tx, collection_id: int) -> Link | None:
    """The live link of an album."""
    found = link_queries.live(tx, [collection_id])
    return found[0] if found else None
