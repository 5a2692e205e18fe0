"""Whom a person trusts with the account: inviting, accepting, declining, leaving, revoking (misc.md §6). A move that does not fit the state
changes nothing and is no error: the other side may have been faster."""

from __future__ import annotations

from ..db import Tx
from ..kernel import people, sync
from ..kernel.access import Session
from ..kernel.crypto import Crypto
from ..kernel.errors import CodedBadRequest, Forbidden, NotFound, TooMany
from ..kernel.parts import Kernel
from . import queries, waiting
from .notices import Notice, Occasion, tell
from .wire import Info, Invite, NewNotice, NewState, Recovery, Trust, User

NOTICE_DAYS = 30
LONGEST = 60  # days
MOST = 500  # people an account trusts or has trusted
OTHERS = 1000  # people who trust one, as far as they are listed
LIVE = frozenset({"INVITED", "ACCEPTED"})
_BEFORE = {  # new state: what it may follow
    "ACCEPTED": frozenset({"INVITED"}),
    "CONTACT_LEFT": LIVE,
    "CONTACT_DENIED": frozenset({"INVITED"}),
    "REVOKED": LIVE,
}
_CONTACTS = frozenset({"ACCEPTED", "CONTACT_LEFT", "CONTACT_DENIED"})  # what the trusted person may say
_OWNERS = frozenset({"INVITED", "REVOKED"})
_TOLD = {"ACCEPTED": Occasion.ACCEPTED, "CONTACT_LEFT": Occasion.LEFT, "CONTACT_DENIED": Occasion.DENIED, "REVOKED": Occasion.REVOKED}


# --- what both sides see
async def info(kernel: Kernel, actor: Session) -> Info:
    """Whom the caller trusts, who trusts the caller, and the recoveries under way on either side."""
    mine, others = await kernel.db.scan(_info, actor.user_id)
    now = kernel.clock.now()
    return Info(
        contacts=[_trust(kernel.crypto, row) for row in mine],
        recover_sessions=[r for row in mine if (r := _recovery(kernel.crypto, row, now)) is not None],
        others_emergency_contact=[_trust(kernel.crypto, row) for row in others],
        others_recovery_session=[r for row in others if (r := _recovery(kernel.crypto, row, now)) is not None],
    )


def _info(tx: Tx, user_id: int) -> tuple[list[queries.Seen], list[queries.Seen]]:
    return queries.trusted_by(tx, user_id, MOST), queries.trusting(tx, user_id, OTHERS)


def _pair(crypto: Crypto, row: queries.Seen) -> tuple[User, User]:
    t, owner, contact, _ = row
    return User(id=t.user_id, email=crypto.decrypt(*owner)), User(id=t.contact_id, email=crypto.decrypt(*contact))


def _trust(crypto: Crypto, row: queries.Seen) -> Trust:
    owner, contact = _pair(crypto, row)
    return Trust(user=owner, emergency_contact=contact, state=row[0].state, recovery_notice_in_days=row[0].notice_days)


def _recovery(crypto: Crypto, row: queries.Seen, now: int) -> Recovery | None:
    r = row[3]
    if r is None:
        return None
    owner, contact = _pair(crypto, row)
    status, left = waiting.shown(r.status, r.wait_till, now)
    return Recovery(id=r.id, user=owner, emergency_contact=contact, status=status, wait_till=left, created_at=r.created_at)


# --- inviting
async def add(kernel: Kernel, actor: Session, ask: Invite) -> None:
    """Trust somebody, who has to accept. 404 for nobody, 400 BAD_REQUEST for oneself, 429 after too many addresses; whoever is
    trusted already stays as it is."""
    days = NOTICE_DAYS if ask.recovery_notice_in_days is None else ask.recovery_notice_in_days
    if not 0 <= days <= LONGEST:
        raise CodedBadRequest(f"the notice has 1 to {LONGEST} days")
    contact_id = await people.look_up(kernel, actor.user_id, ask.email)
    if contact_id is None:
        raise NotFound(log="no account with that address")
    if contact_id == actor.user_id:
        raise CodedBadRequest("user cannot add themself as emergency contact")
    new = queries.Trust(actor.user_id, contact_id, "INVITED", days, ask.encrypted_key)
    if await kernel.db.write("legacy.add", _add, new, kernel.clock.now()):
        await tell(kernel, Notice(Occasion.INVITED, contact_id, actor.user_id), Notice(Occasion.INVITE_SENT, actor.user_id, contact_id))


def _add(tx: Tx, new: queries.Trust, now: int) -> bool:
    """Whether this invited anybody."""
    sync.lock_account(tx, new.user_id)
    if queries.count_trust(tx, new.user_id) >= MOST and queries.trust(tx, new.user_id, new.contact_id) is None:
        raise TooMany(log=f"user {new.user_id} trusts or trusted {MOST} people")
    return queries.invite(tx, new, now) > 0


# --- moves
async def update(kernel: Kernel, actor: Session, ask: NewState) -> None:
    """Accept, decline, leave (the trusted person) or revoke (the owner). 403 for third persons, 400 BAD_REQUEST for the other side's moves."""
    owner, contact, state = ask.user_id, ask.emergency_contact_id, ask.state
    if owner == contact:
        raise CodedBadRequest("an account is not trusted with itself")
    if actor.user_id not in (owner, contact):
        raise Forbidden(log=f"user {actor.user_id} is neither {owner} nor {contact}")
    if state not in (_OWNERS if actor.user_id == owner else _CONTACTS):
        raise CodedBadRequest(f"Can not update state to {state[:40]}")
    if await kernel.db.write("legacy.update", _update, owner, contact, state, kernel.clock.now()):
        to, about = (contact, owner) if state == "REVOKED" else (owner, contact)
        await tell(kernel, Notice(_TOLD[state], to, about))


def _update(tx: Tx, owner: int, contact: int, state: str, now: int) -> bool:
    """Whether this changed anything."""
    known = queries.lock_trust(tx, owner, contact)
    if known is None:
        return False
    if state == "INVITED":
        if known.state in LIVE:
            return False
        raise CodedBadRequest("the key went with the trust: invite again", log="INVITED after an end")
    if known.state not in _BEFORE[state]:
        return False
    move(tx, known, state, now)
    return True


def move(tx: Tx, known: queries.Trust, state: str, now: int) -> None:
    """A locked trust gets a new state. One that ends loses its key, and the recovery under way ends with it."""
    ends = state not in LIVE
    queries.set_state(tx, queries.Trust(known.user_id, known.contact_id, state, known.notice_days, None if ends else known.key), now)
    if ends and (recovery := queries.lock_recovery(tx, known.user_id, known.contact_id)) is not None:
        queries.set_status(tx, recovery.id, "REJECTED" if state == "REVOKED" else "STOPPED", now)


async def update_notice(kernel: Kernel, actor: Session, ask: NewNotice) -> None:
    """How long a recovery waits from now on: 1…60 days. 400 BAD_REQUEST while one is under way, and where there is no trust."""
    if not 1 <= ask.recovery_notice_in_days <= LONGEST:
        raise CodedBadRequest(f"the notice has 1 to {LONGEST} days")
    await kernel.db.write(
        "legacy.update_notice", _update_notice, actor.user_id, ask.emergency_contact_id, ask.recovery_notice_in_days, kernel.clock.now()
    )


def _update_notice(tx: Tx, user_id: int, contact_id: int, days: int, now: int) -> None:
    known = queries.lock_trust(tx, user_id, contact_id)
    if known is None or known.state not in LIVE:
        raise CodedBadRequest("no such emergency contact")
    recovery = queries.lock_recovery(tx, user_id, contact_id)
    if recovery is not None and recovery.status in waiting.ACTIVE:
        raise CodedBadRequest("cannot update recovery notice while there is an active recovery session")
    queries.set_notice(tx, user_id, contact_id, days, now)
