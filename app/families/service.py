"""Rules of families: who leads one, who is in it, what each may store. Every change holds the family's lock (`kernel.family`).

Routes ask with the actor; the operator's commands call the same functions with the admin in the actor's place.
"""

from __future__ import annotations

import uuid

from ..db import Tx
from ..kernel import family, quota, sync
from ..kernel.errors import AppError, BadRequest, CodedBadRequest, Forbidden, NotFound, PaymentRequired, StorageFull
from ..kernel.parts import Kernel
from . import queries
from .invitations import link
from .queries import Row, admins
from .wire import Member, Members

__all__ = [
    "admins",
    "create",
    "dissolve",
    "end",
    "forget_person",
    "invite",
    "join",
    "leave",
    "limit",
    "link",
    "lock_led",
    "members",
    "remove",
    "view",
]

SIZE = 6  # people, invited ones included


class NotAcceptable(AppError):
    """406 `{}`: oneself, or somebody who is in a family already."""

    status = 406


class Full(AppError):
    """412 `{}`: a family has six places."""

    status = 412


class WasEnded(AppError):
    """401 `{}`: the invitation was revoked or declined."""

    status = 401


def view(tx: Tx, kernel: Kernel, admin_id: int) -> Members:
    """A family as its members see it."""
    plan = quota.shown(tx, kernel.config, admin_id)
    return Members(
        members=[
            Member(
                id=m.id,
                email=kernel.crypto.decrypt(m.email_cipher, m.email_nonce),
                status=m.status,
                storage_limit=m.storage_limit,
                user_id=None if m.status == "INVITED" else m.member_id,
                usage=0 if m.status == "INVITED" else m.bytes,
                is_admin=m.member_id == admin_id,
            )
            for m in queries.listed(tx, admin_id)
        ],
        storage=plan.limit - plan.bonus if plan.ends_at >= kernel.clock.now() else 0,
        expiry_time=plan.ends_at,
        admin_bonus=plan.bonus,
    )


def members(tx: Tx, kernel: Kernel, user_id: int) -> Members | None:
    """The family of a person, None outside one."""
    admin_id = family.admin_of(tx, user_id)
    return None if admin_id is None else view(tx, kernel, admin_id)


def create(tx: Tx, kernel: Kernel, user_id: int) -> None:
    """Lead a family, which one may do already; 400 in another's."""
    sync.lock_account(tx, user_id)
    place = queries.place(tx, user_id)
    if place is None:
        _check_plan(tx, kernel, user_id)
        queries.save(tx, Row(kernel.ids.uuid(), user_id, user_id, "SELF", None, kernel.clock.now()))
        queries.decline_others(tx, user_id)
    elif place.admin_id != user_id:
        raise BadRequest(log=f"user {user_id} is in another's family")


def _check_plan(tx: Tx, kernel: Kernel, user_id: int) -> None:
    ends_at = quota.plan(tx, kernel.config, user_id).ends_at
    if ends_at is not None and ends_at < kernel.clock.now():
        raise PaymentRequired(log=f"plan of {user_id} ended")


def lock_led(tx: Tx, kernel: Kernel, user_id: int) -> None:
    """Lock the family that this person leads; 402 when their plan ended, 400 when they lead none."""
    family.lock(tx, user_id)
    place = queries.place(tx, user_id)
    _check_plan(tx, kernel, user_id)
    if place is None or place.status != "SELF":
        raise BadRequest(log=f"user {user_id} leads no family")


def invite(tx: Tx, kernel: Kernel, admin_id: int, guest: int | None, storage_limit: int | None) -> Row:
    """Invite an account (None: an address without one) to the family that `lock_led` locked. The same again keeps the token.

    404 nobody, 406 oneself or somebody in a family, 412 no place left, 426 a limit beyond the plan.
    """
    rows = {m.member_id: m for m in queries.listed(tx, admin_id)}
    open_before = guest in rows and rows[guest].status == "INVITED"
    full = len(rows) >= SIZE and not open_before
    if guest is None:
        raise Full(log="the family is full") if full else NotFound(log="nobody has this address")
    if guest == admin_id:
        raise NotAcceptable(log="one cannot invite oneself")
    if full:
        raise Full(log="the family is full")
    if family.admin_of(tx, guest) is not None:
        raise NotAcceptable(log=f"user {guest} is in a family")
    _check_limit(tx, kernel, admin_id, storage_limit)
    known = queries.of_pair(tx, admin_id, guest)
    since = known.invited_at if known and open_before else max(kernel.clock.now(), known.invited_at + 1 if known else 0)
    row = Row(known.id if known else kernel.ids.uuid(), admin_id, guest, "INVITED", storage_limit, since)
    queries.save(tx, row)
    return row


def _check_limit(tx: Tx, kernel: Kernel, admin_id: int, limit: int | None) -> None:
    if limit is not None and limit < 0:
        raise BadRequest(log=f"a limit of {limit} bytes")
    if limit is not None and limit > quota.shown(tx, kernel.config, admin_id).limit:
        raise StorageFull(log=f"a limit of {limit} bytes is more than the plan")


def join(tx: Tx, row: Row) -> bool:
    """Take the place one is invited to; False when one has it. WasEnded when it was taken back, 406 for who is in another family.

    `row` is the invitation as it was looked up; it is looked at again under the locks.
    """
    sync.lock_account(tx, row.member_id)
    family.lock(tx, row.admin_id)
    now = queries.by_id(tx, row.id)
    if now is None:
        raise NotFound(log="the family is gone")
    if now.status == "ACCEPTED":
        return False
    if now.status != "INVITED" or now.invited_at != row.invited_at:
        raise WasEnded(log=f"the invitation is {now.status}")
    if family.admin_of(tx, row.member_id) is not None:
        raise NotAcceptable(log=f"user {row.member_id} is in a family")
    queries.decline_others(tx, row.member_id)
    queries.set_status(tx, row.id, "ACCEPTED")
    return True


def _led(tx: Tx, admin_id: int, row_id: str) -> Row:
    """A place in the family of this admin, under its lock: 400 for no UUID, 404 unknown, 403 another's."""
    try:
        row_id = str(uuid.UUID(row_id))
    except ValueError:
        raise BadRequest(log="no uuid") from None
    family.lock(tx, admin_id)
    row = queries.by_id(tx, row_id)
    if row is None:
        raise NotFound(log=f"no place {row_id}")
    if row.admin_id != admin_id:
        raise Forbidden(log=f"user {admin_id} does not lead this family")
    return row


def remove(tx: Tx, admin_id: int, row_id: str, before: str = "ACCEPTED", after: str = "REMOVED") -> Row | None:
    """End a place (or, with "INVITED" and "REVOKED", an invitation): the place, None when it was ended like this before; 400 for others."""
    row = _led(tx, admin_id, row_id)
    if row.status == after:
        return None
    if row.status != before:
        raise BadRequest(log=f"this place is {row.status}")
    queries.set_status(tx, row.id, after)
    return row


def end(tx: Tx, admin_id: int, row_id: str) -> None:
    """End a place or an invitation, whichever it is."""
    row = _led(tx, admin_id, row_id)
    remove(tx, admin_id, row_id, *(("INVITED", "REVOKED") if row.status == "INVITED" else ()))


def limit(tx: Tx, kernel: Kernel, admin_id: int, row_id: str, storage_limit: int | None) -> None:
    """How much of the plan a member may take; None: all. 400 for the admin, for who has not joined, and below what the member stores."""
    row = _led(tx, admin_id, row_id)
    if row.status == "SELF":
        raise CodedBadRequest("cannot limit the admin's storage")
    if row.status != "ACCEPTED":
        raise BadRequest(log=f"this place is {row.status}")
    _check_limit(tx, kernel, admin_id, storage_limit)
    if storage_limit is not None and quota.used(tx, row.member_id, "photos")[0] > storage_limit:
        raise CodedBadRequest("the member stores more than this limit")
    queries.set_limit(tx, row.id, storage_limit)


def leave(tx: Tx, user_id: int) -> Row | None:
    """Leave a family: the place, None outside one; 403 for its admin."""
    sync.lock_account(tx, user_id)
    family.lock(tx, user_id)
    place = queries.place(tx, user_id)
    if place is None:
        return None
    if place.status == "SELF":
        raise Forbidden(log="the admin cannot leave")
    queries.set_status(tx, place.id, "LEFT")
    return place


def dissolve(tx: Tx, admin_id: int) -> None:
    """End a family with all its places and invitations."""
    sync.lock_account(tx, admin_id)
    family.lock(tx, admin_id)
    queries.forget_led(tx, admin_id)


def forget_person(tx: Tx, user_id: int) -> None:
    """A closed account leads no family, is in none and invited to none. Call it under the account's lock."""
    family.lock(tx, user_id)
    queries.forget_led(tx, user_id)
    queries.forget_places(tx, user_id)
