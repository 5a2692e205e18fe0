"""Recovery kits as their owner sees them: made, listed, read again, blocked, deleted (misc.md §7)."""

from __future__ import annotations

import json

from nacl.exceptions import CryptoError

from ..db import Tx
from ..kernel import sync
from ..kernel.access import Session
from ..kernel.config import Config
from ..kernel.crypto import seal_text
from ..kernel.errors import BadRequest, CodedBadRequest, Conflict, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from . import kit_queries as q
from . import kit_wire as wire
from . import waiting
from .recovery import checked_uuid

VARIANT = 1
NOTICES = frozenset({0, 24, 168, 360, 720})  # hours
MOST = 5
REMEMBERED = 100  # kits with the deleted ones that are still remembered
SHOWN = 100  # openings of a recovery that are listed


def session(s: q.Session, now: int) -> wire.Session:
    status, left = waiting.shown(s.status, s.wait_till, now)
    return wire.Session(id=s.id, kit_id=s.kit_id, status=status, wait_till=left, created_at=s.created_at)


def _kit(config: Config, k: q.Kit, active: q.Session | None, now: int) -> wire.Kit:
    return wire.Kit(
        id=k.id,
        variant=VARIANT,
        notice_period_in_hours=k.notice_hours,
        legacy_url=config.app_page("legacy"),
        encrypted_owner_blob=k.owner_blob,
        created_at=k.created_at,
        updated_at=k.updated_at,
        active_recovery_session=None if active is None else session(active, now),
    )


def _own(found: q.Kit | None, kit_id: str) -> q.Kit:
    if found is None:
        raise NotFound(log=f"no kit {kit_id} of this person")
    return found


def _check_notice(hours: int | None) -> int:
    if hours is None:
        raise BadRequest(log="noticePeriodInHours is required")
    if hours not in NOTICES:
        raise CodedBadRequest("invalid notice period")
    return hours


def _check_public_key(text: str) -> None:
    """400 BAD_REQUEST unless challenges can be sealed to it: libsodium refuses points of low order."""
    if b64_bytes(text, 32) is None:
        raise CodedBadRequest("authPublicKey must be 32 bytes")
    try:
        seal_text("", text)
    except CryptoError:
        raise CodedBadRequest("authPublicKey is no usable key") from None


# --- making
async def make(kernel: Kernel, actor: Session, ask: wire.NewKit) -> wire.Kit:
    """A new kit. 400 BAD_REQUEST for values no client sends and beyond five kits, 409 CONFLICT for an id that is taken; the same again is
    fine, because a lost answer must not cost the printed parts."""
    hours = _check_notice(ask.notice_period_in_hours)
    if ask.variant != VARIANT:
        raise CodedBadRequest("unsupported legacy kit variant")
    _check_public_key(ask.auth_public_key)
    if None in (b64_bytes(ask.encrypted_recovery_blob), b64_bytes(ask.encrypted_owner_blob)):
        raise CodedBadRequest("invalid base64")
    now = kernel.clock.now()
    blobs = ask.encrypted_recovery_blob, ask.encrypted_owner_blob
    kit = q.Kit(checked_uuid(ask.id), actor.user_id, hours, *blobs, ask.auth_public_key, now, now)
    return _kit(kernel.config, *await kernel.db.write("legacy.make_kit", _make, kit), now)


def _make(tx: Tx, new: q.Kit) -> tuple[q.Kit, q.Session | None]:
    sync.lock_account(tx, new.user_id)
    known = q.kit(tx, new.user_id, new.id)
    if known is not None and (known.recovery_blob, known.owner_blob, known.auth_public_key) == (
        new.recovery_blob,
        new.owner_blob,
        new.auth_public_key,
    ):
        return known, q.active(tx, known.id)
    if q.is_taken(tx, new.id):
        raise Conflict("legacy kit already exists", code="CONFLICT")
    if len(q.kits(tx, new.user_id)) >= MOST or q.count_all(tx, new.user_id) >= REMEMBERED:
        raise CodedBadRequest("legacy kit limit reached")
    q.insert(tx, new)
    return new, None


# --- looking
async def listed(kernel: Kernel, actor: Session) -> wire.Kits:
    """The caller's kits, the newest first."""
    now = kernel.clock.now()
    kits, active = await kernel.db.scan(_listed, actor.user_id)
    return wire.Kits(kits=[_kit(kernel.config, k, active.get(k.id), now) for k in kits])


def _listed(tx: Tx, user_id: int) -> tuple[list[q.Kit], dict[str, q.Session]]:
    return q.kits(tx, user_id), {s.kit_id: s for s in q.all_active(tx, user_id)}


async def content(kernel: Kernel, actor: Session, id: str) -> wire.KitContent:
    """What the owner needs to print the parts again; 404 for anybody else's kit."""
    kit_id = checked_uuid(id)
    kit = _own(await kernel.db.read(q.kit, actor.user_id, kit_id), kit_id)
    return wire.KitContent(id=kit.id, variant=VARIANT, encrypted_owner_blob=kit.owner_blob)


async def under_way(kernel: Kernel, actor: Session, id: str) -> wire.UnderWay:
    """The recovery under way with a kit, if any, and who has opened it; 404 for anybody else's kit."""
    found, openings = await kernel.db.read(_under_way, actor.user_id, checked_uuid(id))
    initiators = [wire.Initiator(ip=ip, user_agent=agent, used_part_indexes=json.loads(parts) or None) for parts, ip, agent in openings]
    return wire.UnderWay(session=None if found is None else session(found, kernel.clock.now()), initiators=initiators)


def _under_way(tx: Tx, user_id: int, kit_id: str) -> tuple[q.Session | None, list[tuple[str, str, str]]]:
    _own(q.kit(tx, user_id, kit_id), kit_id)
    found = q.active(tx, kit_id)
    return found, [] if found is None else [(p, i, a) for p, i, a in q.openings(tx, found.id, SHOWN)]


# --- changing
async def update_notice(kernel: Kernel, actor: Session, ask: wire.NewNotice) -> None:
    """How long a recovery with this kit waits. 404, 400 BAD_REQUEST while one is under way (clients look for those words)."""
    hours = _check_notice(ask.notice_period_in_hours)
    await kernel.db.write("legacy.update_kit_notice", _update_notice, actor.user_id, checked_uuid(ask.kit_id), hours, kernel.clock.now())


def _update_notice(tx: Tx, user_id: int, kit_id: str, hours: int, now: int) -> None:
    _own(q.lock_kit(tx, user_id, kit_id), kit_id)
    if q.active(tx, kit_id) is not None:
        raise CodedBadRequest("cannot update recovery notice while there is an active recovery session")
    q.set_notice(tx, user_id, kit_id, hours, now)


async def block(kernel: Kernel, actor: Session, ask: wire.OneKit) -> None:
    """End the recovery under way; the kit stays usable. 404 without one."""
    await kernel.db.write("legacy.block_kit", _block, actor.user_id, checked_uuid(ask.kit_id), kernel.clock.now())


def _block(tx: Tx, user_id: int, kit_id: str, now: int) -> None:
    _own(q.lock_kit(tx, user_id, kit_id), kit_id)
    if not end(tx, kit_id, now):
        raise NotFound(log=f"no recovery is under way with kit {kit_id}")


def end(tx: Tx, kit_id: str, now: int) -> bool:
    """End the recovery under way with a locked kit; whether there was one."""
    found = q.active(tx, kit_id)
    return found is not None and q.set_status(tx, found.id, "BLOCKED", now) > 0


async def delete(kernel: Kernel, actor: Session, id: str) -> None:
    """The kit opens nothing any more, and the recovery under way ends; 404 for anybody else's, or a second time."""
    await kernel.db.write("legacy.delete_kit", _delete, actor.user_id, checked_uuid(id), kernel.clock.now())


def _delete(tx: Tx, user_id: int, kit_id: str, now: int) -> None:
    _own(q.lock_kit(tx, user_id, kit_id), kit_id)
    end(tx, kit_id, now)
    q.bury(tx, user_id, kit_id, now)
