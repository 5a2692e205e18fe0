"""What administrators do to accounts' limits over HTTP. Who is one stands in the configuration (`admin.users`), nowhere else."""

from __future__ import annotations

import logging

from ..db import Tx
from ..http.auth import find_session, guard
from ..http.request import Request
from ..kernel import audit, people, quota, sync
from ..kernel.access import Session
from ..kernel.config import LARGEST
from ..kernel.errors import CodedBadRequest, Gate, NotFound
from ..kernel.logs import NOTICE
from ..kernel.parts import Kernel
from . import queries
from .figures import apps
from .wire import Account, NewBonus, NewQuota

log = logging.getLogger("darkroom.storage")


class Administrator(Session):
    """A session of somebody whom the configuration names."""

    __slots__ = ()


@guard("X-Auth-Token", 403)
async def administrator(request: Request) -> Administrator:
    """A photos session of an administrator; 403 for everybody else with an account."""
    found = await find_session(request)
    if found.app != "photos" or not await request.kernel.db.read(people.is_administrator, request.kernel, found.user_id):
        raise Gate("insufficient permissions", status=403)
    return Administrator(found.user_id, found.app, found.token_hash, found.token, found.created_at, found.last_used_at)


async def usage(kernel: Kernel, actor: Administrator, user_id: int) -> Account:
    """GET /storage/admin/usage/{id}; 404 for no account."""
    return await kernel.db.scan(_account, kernel, user_id)


def _account(tx: Tx, kernel: Kernel, user_id: int) -> Account:
    own, bonus = _found(tx, user_id)
    standing = quota.standing(tx, kernel.config, user_id, "photos")
    return Account(
        user_id=user_id,
        quota=own,
        bonus=bonus,
        limit=standing.plan.limit,
        usage=standing.bytes,
        derived_data=queries.derived(tx, user_id),
        apps=apps(tx, user_id),
    )


def _found(tx: Tx, user_id: int) -> tuple[int | None, int]:
    row = queries.account(tx, user_id)
    if row is None:
        raise NotFound(log=f"no account {user_id}")
    return row


async def set_quota(kernel: Kernel, actor: Administrator, user_id: int, ask: NewQuota) -> Account:
    """PUT /storage/admin/quota/{id}; 400 for what is no size, 404 for no account."""
    if ask.quota is not None and not 0 <= ask.quota <= LARGEST:
        raise CodedBadRequest("quota should be bytes, 0 for none, null for the default", log=f"quota {ask.quota}")
    account = await kernel.db.write("storage.quota", _set_quota, kernel, actor, user_id, ask.quota)
    log.log(NOTICE, "administrator %d set the limit of account %d to %s", actor.user_id, user_id, ask.quota)
    return account


def _set_quota(tx: Tx, kernel: Kernel, actor: Administrator, user_id: int, size: int | None) -> Account:
    sync.lock_account(tx, user_id)
    _found(tx, user_id)
    queries.set_quota(tx, user_id, size)
    audit.note(tx, kernel.clock.now(), f"user {actor.user_id}", "account.quota", user_id, "default" if size is None else f"{size} bytes")
    return _account(tx, kernel, user_id)


async def add_bonus(kernel: Kernel, actor: Administrator, user_id: int, ask: NewBonus) -> Account:
    """POST /storage/admin/bonus/{id}; 400 when the bonus would be below zero or beyond all sizes, 404 for no account."""
    account = await kernel.db.write("storage.bonus", _add_bonus, kernel, actor, user_id, ask.bytes)
    log.log(NOTICE, "administrator %d added %d bytes to the bonus of account %d", actor.user_id, ask.bytes, user_id)
    return account


def _add_bonus(tx: Tx, kernel: Kernel, actor: Administrator, user_id: int, size: int) -> Account:
    sync.lock_account(tx, user_id)
    _, bonus = _found(tx, user_id)
    if not 0 <= bonus + size <= LARGEST:
        raise CodedBadRequest("the bonus should stay between nothing and the largest size", log=f"bonus {bonus} + {size}")
    queries.set_bonus(tx, user_id, bonus + size)
    audit.note(tx, kernel.clock.now(), f"user {actor.user_id}", "account.bonus", user_id, f"{size:+} bytes")
    return _account(tx, kernel, user_id)
