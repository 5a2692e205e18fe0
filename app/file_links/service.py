"""Links of files as their owner handles them (files.md §7.1), and how they end with what they show."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..db import Tx
from ..kernel import access, link_secrets, sync
from ..kernel.access import Session
from ..kernel.errors import BadRequest, CodedBadRequest, Forbidden, Gate, NotFound, Unavailable
from ..kernel.parts import Kernel
from . import queries
from .queries import FileLink
from .wire import FileLinkChange, FileUrlRow, FileUrls, NewFileLink, OneFileUrl, SinceQuery

__all__ = ["FileLink", "admit_device", "end_of", "forget_person", "knows_device", "of_token", "shown"]

MAX_DEVICES = 50
RECORDED = 500  # devices remembered of a link without a limit, which costs a row each
_LIMITS = {50: 500}  # the greatest number that can be chosen means more
knows_device = queries.knows
"""(tx, link id, address, agent): whether a link let this device in before."""
of_token = queries.by_token
"""(tx, token hash): the link of a token, whatever has become of it."""
shown = queries.shown
"""(tx, file id): what a link shows of a file that is there."""
MOST_ROWS = 1000
KDF = (67_108_864, 2)
_ID_CHARS = 22
_TRIES = 5
_SECRETS = ("encrypted_file_key", "encrypted_file_key_nonce", "kdf_nonce", "kdf_mem_limit", "kdf_ops_limit", "encrypted_share_key")


def _row(kernel: Kernel, link: FileLink, app: str) -> FileUrlRow:
    """A link as its owner sees it, its address in the form of this app (§7.1)."""
    config = kernel.config
    base = f"{config.app_url('share')}/" if app == "locker" else f"{config.app_url('albums')}/file/?t="
    return FileUrlRow(
        link_id=link.link_id,
        url=base + kernel.crypto.decrypt(link.token_cipher, link.token_nonce),
        owner_id=link.owner_id,
        file_id=link.file_id,
        is_disabled=link.is_disabled,
        valid_till=link.valid_till,
        device_limit=link.device_limit,
        password_enabled=link.pass_hash is not None,
        nonce=link.pass_nonce,
        mem_limit=link.mem_limit,
        ops_limit=link.ops_limit,
        enable_download=link.enable_download,
        created_at=link.created_at,
        **{name: getattr(link, name) for name in _SECRETS},
    )


def _own(tx: Tx, user_id: int, file_id: int) -> None:
    try:
        access.own_file(tx, user_id, file_id)
    except Forbidden as e:
        raise Forbidden("only the owner has links of a file", code="PERMISSION_DENIED", log=e.log) from None


async def create(kernel: Kernel, actor: Session, ask: NewFileLink) -> FileUrlRow:
    """The file's link: a new one, or the one it has, with those secrets that were missing. Another app 400 BAD_REQUEST, unknown or gone
    file 404, somebody else's 403 PERMISSION_DENIED."""
    if ask.app != actor.app:
        raise CodedBadRequest("app mismatch")
    if (ask.kdf_mem_limit, ask.kdf_ops_limit) not in (KDF, (None, None)):
        raise CodedBadRequest("invalid KDF parameters")
    link = await kernel.db.write("file_links.create", _create, kernel, actor, ask, kernel.clock.now())
    return _row(kernel, link, actor.app)


def _create(tx: Tx, kernel: Kernel, actor: Session, ask: NewFileLink, now: int) -> FileLink:
    sync.lock_account(tx, actor.user_id)
    _own(tx, actor.user_id, ask.file_id)
    if queries.shown(tx, ask.file_id) is None:
        raise NotFound(log=f"file {ask.file_id} is in the trash or gone")
    if found := queries.live(tx, actor.user_id, ask.file_id):
        missing = {name: getattr(ask, name) for name in _SECRETS if getattr(found, name) is None and getattr(ask, name) is not None}
        if missing:
            found = replace(found, **missing)
            queries.save(tx, found, now)
        return found
    link_id = "pft_" + kernel.ids.alnum(_ID_CHARS)
    if not any(queries.insert(tx, link_id, actor.user_id, ask, link_secrets.fresh_token(kernel), now) for _ in range(_TRIES)):
        raise Unavailable(log="no free link token")
    made = queries.live(tx, actor.user_id, ask.file_id)
    assert made is not None, "just made"
    return made


async def change(kernel: Kernel, actor: Session, ask: FileLinkChange) -> OneFileUrl:
    """Change what is given. 400 BAD_REQUEST with the reason, somebody else's file 403 PERMISSION_DENIED, no link 404."""
    now = kernel.clock.now()
    _check(ask, now)
    link = await kernel.db.write("file_links.change", _change, kernel, actor.user_id, ask, now)
    return OneFileUrl(result=_row(kernel, link, actor.app))


def _change(tx: Tx, kernel: Kernel, user_id: int, ask: FileLinkChange, now: int) -> FileLink:
    sync.lock_account(tx, user_id)
    _own(tx, user_id, ask.file_id)
    found = queries.live(tx, user_id, ask.file_id)
    if found is None:
        raise NotFound(log=f"file {ask.file_id} has no link")
    given = {name: getattr(ask, name) for name in ("valid_till", "device_limit", "enable_download") if getattr(ask, name) is not None}
    link = replace(found, **given, **_password(kernel, found, ask))
    queries.save(tx, link, now)
    return link


def _password(kernel: Kernel, link: FileLink, ask: FileLinkChange) -> dict[str, Any]:
    """What a change does to the password's columns. A new one makes every proof of the old one worthless."""
    if ask.pass_hash is not None:
        kept = link_secrets.kept(kernel, link.token_hash, ask.pass_hash)
        return {"pass_hash": kept, "pass_nonce": ask.nonce, "mem_limit": ask.mem_limit, "ops_limit": ask.ops_limit}
    return dict.fromkeys(("pass_hash", "pass_nonce", "mem_limit", "ops_limit")) if ask.disable_password else {}


def _check(ask: FileLinkChange, now: int) -> None:
    """What is wrong with a change, whoever asks for it."""
    told = (ask.valid_till, ask.device_limit, ask.pass_hash, ask.nonce, ask.enable_download, ask.disable_password)
    secret = [ask.pass_hash, ask.nonce, ask.mem_limit, ask.ops_limit]
    if all(value is None for value in told):
        raise CodedBadRequest("all parameters are missing")
    if ask.device_limit is not None and not 0 <= ask.device_limit <= MAX_DEVICES:
        raise CodedBadRequest(f"device limit: {ask.device_limit} out of range [0-{MAX_DEVICES}]")
    if ask.valid_till and ask.valid_till < now:
        raise CodedBadRequest("valid till should be greater than current timestamp")
    if any(v is not None for v in secret) and not all(secret):
        raise CodedBadRequest("all password params should be either present or missing")
    if ask.pass_hash is not None and ask.disable_password:
        raise CodedBadRequest("can not set and disable password in same request")


async def end(kernel: Kernel, actor: Session, file_id: int) -> None:
    """End the file's link, for good. Nothing happens where there is none."""
    await kernel.db.write("file_links.end", _end, actor.user_id, file_id, kernel.clock.now())


def _end(tx: Tx, user_id: int, file_id: int, now: int) -> None:
    _own(tx, user_id, file_id)
    end_of(tx, user_id, [file_id], now)


def end_of(tx: Tx, owner_id: int, file_ids: Collection[int], now: int) -> None:
    """End the links of files that go to the trash. What is known of their visitors' devices goes with them."""
    if ended := queries.disable(tx, owner_id, file_ids, now):
        queries.forget_devices(tx, ended)


def forget_person(tx: Tx, owner_id: int, now: int) -> None:
    """End all links of an account that is closed."""
    if ended := queries.disable_all(tx, owner_id, now):
        queries.forget_devices(tx, ended)


def forget_for_good(tx: Tx, owner_id: int) -> None:
    """What the links of an account say that is gone for good."""
    if blanked := queries.blank(tx, owner_id):
        queries.forget_devices(tx, blanked)


async def listing(kernel: Kernel, actor: Session, query: SinceQuery) -> FileUrls:
    """The actor's links of this app that were made after a time, ended ones too."""
    if query.limit < 1:
        raise BadRequest(log="limit")
    found = await kernel.db.scan(queries.since, actor.user_id, actor.app, query.since_time, min(query.limit, MOST_ROWS))
    return FileUrls(diff=[_row(kernel, link, actor.app) for link in found] or None)


def admit_device(tx: Tx, link_id: str, address: str, agent: str, now: int) -> bool:
    """Let a device in and remember it; False when the places are taken. Gate 410 for a link that ended meanwhile."""
    stored = queries.locked_limit(tx, link_id)
    if stored is None:
        raise Gate("disabled token", status=410)
    if queries.knows(tx, link_id, address, agent):
        return True
    limit = _LIMITS.get(stored, stored)
    count = queries.device_count(tx, link_id)
    if limit and count >= limit:
        return False
    if limit or count < RECORDED:
        queries.add_device(tx, link_id, address, agent, now)
    return True
