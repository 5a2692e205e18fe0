"""A trusted person recovers an account: asks, waits or is let in, gets the keys, sets a new password (misc.md §6).

Every step looks at the pair's trust and recovery once more, locked, in the transaction that acts.
"""

from __future__ import annotations

import uuid

from ..db import Tx
from ..kernel.access import Session
from ..kernel.clock import DAY
from ..kernel.errors import CodedBadRequest, Forbidden, NotFound
from ..kernel.parts import Kernel
from ..login import entry as login
from ..login.wire import SrpCompleted, SrpSetupStarted
from . import queries, waiting
from .notices import Notice, Occasion, tell
from .takeover import attributes, end_second_factors
from .wire import BeginPassword, Keys, OneRecovery, Pair, SetPassword


def checked_uuid(text: str) -> str:
    """The canonical form; 400 BAD_REQUEST for none and for the nil UUID, which counts as missing (accounts.md §0)."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        raise CodedBadRequest("invalid id") from None
    if not found.int:
        raise CodedBadRequest("invalid id")
    return str(found)


# --- asking
async def start(kernel: Kernel, actor: Session, ask: Pair) -> None:
    """Ask for an account one is trusted with. 403 for anybody else, 404 unless it was accepted, 400 BAD_REQUEST for a notice of a day or less;
    while a recovery is under way nothing happens."""
    if actor.user_id != ask.emergency_contact_id:
        raise Forbidden(log=f"user {actor.user_id} is not {ask.emergency_contact_id}")
    if await kernel.db.write("legacy.start", _start, kernel, ask.user_id, actor.user_id):
        await tell(kernel, Notice(Occasion.STARTED, ask.user_id, actor.user_id))


def _start(tx: Tx, kernel: Kernel, user_id: int, contact_id: int) -> bool:
    """Whether one began."""
    trust = queries.lock_trust(tx, user_id, contact_id)
    if trust is None or trust.state != "ACCEPTED":
        raise NotFound(log=f"{contact_id} is not trusted with {user_id}")
    if trust.notice_days * DAY <= DAY:
        raise CodedBadRequest("the notice must be longer than 24 hours")
    last = queries.lock_recovery(tx, user_id, contact_id)
    if last is not None and last.status in waiting.ACTIVE:
        return False
    now = kernel.clock.now()
    till = now + trust.notice_days * DAY
    queries.begin(tx, queries.Recovery(kernel.ids.uuid(), user_id, contact_id, "WAITING", till, waiting.first_look(now, till), now))
    return True


# --- answering
async def stop(kernel: Kernel, actor: Session, ask: OneRecovery) -> None:
    """The trusted person gives up. 404 unknown, 403 for everybody else."""
    if await kernel.db.write("legacy.stop", _end, ask, actor.user_id, "contact", "STOPPED", kernel.clock.now()):
        await tell(kernel, Notice(Occasion.STOPPED, ask.user_id, ask.emergency_contact_id))


async def reject(kernel: Kernel, actor: Session, ask: OneRecovery) -> None:
    """The owner is there and says no. 404 unknown, 403 for everybody else."""
    if await kernel.db.write("legacy.reject", _end, ask, actor.user_id, "owner", "REJECTED", kernel.clock.now()):
        await tell(kernel, Notice(Occasion.REJECTED, ask.emergency_contact_id, ask.user_id))


async def approve(kernel: Kernel, actor: Session, ask: OneRecovery) -> None:
    """The owner lets the trusted person in at once. 404 unknown, 403 for everybody else."""
    if await kernel.db.write("legacy.approve", _approve, ask, actor.user_id, kernel.clock.now()):
        owner, contact = ask.user_id, ask.emergency_contact_id
        await tell(kernel, Notice(Occasion.READY, owner, contact), Notice(Occasion.READY, contact, owner))


def _party(tx: Tx, ask: OneRecovery, actor: int, side: str) -> queries.Recovery:
    """The recovery of this pair, for the one on this side of it."""
    found = queries.recovery(tx, checked_uuid(ask.id))
    if found is None:
        raise NotFound(log=f"no recovery {ask.id}")
    if (found.user_id, found.contact_id) != (ask.user_id, ask.emergency_contact_id):
        raise Forbidden(log="the recovery of another pair")
    if actor != (found.user_id if side == "owner" else found.contact_id):
        raise Forbidden(log=f"user {actor} is not the {side}")
    return found


def _end(tx: Tx, ask: OneRecovery, actor: int, side: str, status: str, now: int) -> bool:
    return queries.set_status(tx, _party(tx, ask, actor, side).id, status, now) > 0


def _approve(tx: Tx, ask: OneRecovery, actor: int, now: int) -> bool:
    return queries.open_now(tx, _party(tx, ask, actor, "owner").id, now) > 0


# --- taking over
def ready(tx: Tx, recovery_id: str, actor: int, now: int) -> tuple[queries.Trust, queries.Recovery]:
    """The trust, locked, and a recovery whose time has come. 404 unknown, 403 for everybody but the trusted person, 400 BAD_REQUEST before."""
    found = queries.recovery(tx, recovery_id)
    if found is None:
        raise NotFound(log=f"no recovery {recovery_id}")
    if found.contact_id != actor:
        raise Forbidden(log=f"user {actor} is not trusted with {found.user_id}")
    trust = queries.lock_trust(tx, found.user_id, actor)
    now_found = queries.lock_recovery(tx, found.user_id, actor)
    if trust is None or trust.state != "ACCEPTED" or now_found is None or now_found.id != recovery_id:
        raise CodedBadRequest("recovery is not ready")
    if not waiting.is_open(now_found.status, now_found.wait_till, now):
        raise CodedBadRequest("recovery is not ready")
    return trust, now_found


async def keys(kernel: Kernel, actor: Session, id: str) -> Keys:
    """The owner's recovery key, sealed to the trusted person, and what it opens."""
    return await kernel.db.write("legacy.keys", _keys, checked_uuid(id), actor.user_id, kernel.clock.now())


def _keys(tx: Tx, recovery_id: str, actor: int, now: int) -> Keys:
    trust, _ = ready(tx, recovery_id, actor, now)
    return Keys(encrypted_key=trust.key or "", user_key_attr=attributes(tx, trust.user_id))


async def begin_password(kernel: Kernel, actor: Session, ask: BeginPassword) -> SrpSetupStarted:
    """Open the exchange that sets a new password for the owner."""
    owner = await kernel.db.write("legacy.begin_password", _owner, checked_uuid(ask.recovery_id), actor.user_id, kernel.clock.now())
    return await login.begin(kernel, owner, ask.setup_srp_request)


def _owner(tx: Tx, recovery_id: str, actor: int, now: int) -> int:
    return ready(tx, recovery_id, actor, now)[0].user_id


async def set_password(kernel: Kernel, actor: Session, ask: SetPassword) -> SrpCompleted:
    """Set it. The account's second factors are off afterwards, its sessions ended in every app unless told otherwise, the recovery is done."""
    recovery_id = checked_uuid(ask.recovery_id)
    owner = await kernel.db.write("legacy.may_set_password", _owner, recovery_id, actor.user_id, kernel.clock.now())
    done = await login.replace(kernel, owner, ask.update_srp_and_keys_request, also=lambda tx: _finish(tx, kernel, recovery_id, actor.user_id))
    await tell(kernel, Notice(Occasion.RECOVERED_OWNER, owner, actor.user_id), Notice(Occasion.RECOVERED_CONTACT, actor.user_id, owner))
    return done


def _finish(tx: Tx, kernel: Kernel, recovery_id: str, actor: int) -> None:
    now = kernel.clock.now()
    trust, recovery = ready(tx, recovery_id, actor, now)
    end_second_factors(tx, trust.user_id)
    queries.set_status(tx, recovery.id, "RECOVERED", now)
