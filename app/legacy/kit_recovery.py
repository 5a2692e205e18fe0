"""Recovering an account with a kit, by whoever holds enough of its parts and has no account here (misc.md §7).

A challenge is no row: its bytes carry their own expiry and the server's signature, so asking for many of them fills nothing and takes
nothing from anybody. Used ones are remembered with the opening they made.
"""

from __future__ import annotations

import base64
import binascii
import json

from ..db import Tx
from ..http.client import Client
from ..kernel.clock import HOUR, SECOND
from ..kernel.crypto import Crypto, b64, same, seal_text, token_hash
from ..kernel.errors import CodedBadRequest, NotFound, TooMany
from ..kernel.parts import Kernel
from ..login import entry as login
from ..login.wire import SrpCompleted, SrpSetupStarted
from . import kit_queries as q
from . import kit_wire as wire
from . import waiting
from .kits import session
from .notices import Notice, Occasion, tell
from .recovery import checked_uuid
from .takeover import attributes, end_second_factors

PURPOSE = "legacy-kit-open:v1"
OPENINGS = 50  # of a kit in an hour
PARTS = frozenset({1, 2, 3})


# --- challenges
def _mac(crypto: Crypto, kit_id: str, head: bytes) -> bytes:
    return base64.urlsafe_b64decode(crypto.sign(PURPOSE, kit_id, head.hex()))


def _text(kit_id: str, secret: bytes) -> str:
    return f"{PURPOSE}\n{kit_id}\n{b64(secret)}\n"


def _check_challenge(crypto: Crypto, kit_id: str, text: str, now: int) -> None:
    """400 BAD_REQUEST unless this is a challenge of ours for this kit, and not older than it may be."""
    secret = text.removeprefix(f"{PURPOSE}\n{kit_id}\n").removesuffix("\n")
    try:
        raw = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    head, mac = raw[:8], raw[8:]
    fresh = int.from_bytes(head[:4], "big") * SECOND >= now
    if len(raw) != 32 or text != _text(kit_id, raw) or not same(mac, _mac(crypto, kit_id, head)) or not fresh:
        raise CodedBadRequest("legacy kit challenge is invalid or expired")


async def challenge(kernel: Kernel, ask: wire.OneKit) -> wire.Challenge:
    """Something that only the kit's secret opens, good for an hour; 404 for a kit that is not there."""
    kit_id = checked_uuid(ask.kit_id)
    kit = _there(await kernel.db.read(q.found_kit, kit_id))
    expires = (kernel.clock.now() + HOUR) // SECOND
    head = expires.to_bytes(4, "big") + kernel.ids.bytes(4)
    sealed = seal_text(_text(kit_id, head + _mac(kernel.crypto, kit_id, head)), kit.auth_public_key)
    return wire.Challenge(kit_id=kit_id, encrypted_challenge=sealed, expires_at=expires * SECOND)


def _there(kit: q.Kit | None) -> q.Kit:
    if kit is None:
        raise NotFound(log="no such kit")
    return kit


# --- opening
async def open_kit(kernel: Kernel, client: Client, ask: wire.Open) -> wire.Opened:
    """Begin a recovery, or come back to the one under way: each time with a token of one's own. 404, 400 BAD_REQUEST for a wrong, old or
    used challenge, 429 beyond fifty in an hour."""
    kit_id, parts = checked_uuid(ask.kit_id), ask.used_part_indexes or []
    if parts and (len(parts) != 2 or len(set(parts)) != 2 or not PARTS.issuperset(parts)):
        raise CodedBadRequest("usedPartIndexes must be two different ones of 1 to 3")
    now = kernel.clock.now()
    _there(await kernel.db.read(q.found_kit, kit_id))
    _check_challenge(kernel.crypto, kit_id, ask.challenge, now)
    token = base64.urlsafe_b64encode(kernel.ids.bytes(32)).rstrip(b"=").decode()
    note = q.Opening(token_hash(token), kernel.ids.uuid(), token_hash(ask.challenge), json.dumps(parts), client.ip, client.user_agent, now)
    owner, found, began = await kernel.db.write("legacy.open_kit", _open, kit_id, note)
    if began:
        await tell(kernel, Notice(Occasion.KIT_STARTED, owner, owner))
    return wire.Opened(session=session(found, now), session_token=token)


def _open(tx: Tx, kit_id: str, note: q.Opening) -> tuple[int, q.Session, bool]:
    """(the kit's owner, the recovery, whether it began now)."""
    now = note.created_at
    owner = _there(q.found_kit(tx, kit_id)).user_id
    kit = _there(q.lock_kit(tx, owner, kit_id))
    if q.count_openings(tx, kit_id, now - HOUR) >= OPENINGS:
        raise TooMany(log=f"kit {kit_id} was opened {OPENINGS} times in an hour")
    found = q.active(tx, kit_id)
    began = found is None
    if found is None:
        till = now + kit.notice_hours * HOUR
        found = q.Session(note.session_id, kit_id, "WAITING" if kit.notice_hours else "READY", till, waiting.first_look(now, till), now)
        q.begin(tx, found)
    noted = q.Opening(note.token_hash, found.id, note.challenge_hash, note.part_indexes, note.ip, note.user_agent, now)
    if not q.note_opening(tx, noted):
        raise CodedBadRequest("legacy kit challenge is invalid or expired", log="a challenge was used twice")
    return owner, found, began


# --- recovering
def _presented(tx: Tx, ask: wire.Proof) -> tuple[q.Session, int]:
    """(recovery, the kit's owner) of a proof; 404 for an unknown pair, 400 BAD_REQUEST for no id."""
    found = q.presented(tx, checked_uuid(ask.session_id), token_hash(ask.session_token))
    if found is None:
        raise NotFound(log="no such session and token")
    return found


async def look(kernel: Kernel, ask: wire.Proof) -> wire.Session:
    """How a recovery stands."""
    found, _ = await kernel.db.read(_presented, ask)
    return session(found, kernel.clock.now())


def _ready(tx: Tx, ask: wire.Proof, now: int) -> tuple[q.Session, q.Kit]:
    """A recovery whose time has come, its kit locked; 404 unknown or gone, 400 BAD_REQUEST before."""
    found, owner = _presented(tx, ask)
    kit = q.lock_kit(tx, owner, found.kit_id)
    found, _ = _presented(tx, ask)
    if not waiting.is_open(found.status, found.wait_till, now):
        raise CodedBadRequest("legacy kit recovery is not ready")
    return found, _there(kit)


async def keys(kernel: Kernel, ask: wire.Proof) -> wire.KitKeys:
    """What the kit's secret decrypts, and what that opens."""
    return await kernel.db.write("legacy.kit_keys", _keys, ask, kernel.clock.now())


def _keys(tx: Tx, ask: wire.Proof, now: int) -> wire.KitKeys:
    _, kit = _ready(tx, ask, now)
    return wire.KitKeys(encrypted_recovery_blob=kit.recovery_blob, user_key_attr=attributes(tx, kit.user_id))


async def begin_password(kernel: Kernel, ask: wire.BeginPassword) -> SrpSetupStarted:
    """Open the exchange that sets a new password for the owner."""
    owner = await kernel.db.write("legacy.begin_kit_password", _owner, ask, kernel.clock.now())
    return await login.begin(kernel, owner, ask.setup_srp_request)


def _owner(tx: Tx, ask: wire.Proof, now: int) -> int:
    _, kit = _ready(tx, ask, now)
    attributes(tx, kit.user_id)
    return kit.user_id


async def set_password(kernel: Kernel, ask: wire.SetPassword) -> SrpCompleted:
    """Set it. The account's second factors are off afterwards, its sessions ended in every app unless told otherwise, the recovery is done."""
    owner = await kernel.db.write("legacy.may_set_kit_password", _owner, ask, kernel.clock.now())
    done = await login.replace(kernel, owner, ask.update_srp_and_keys_request, also=lambda tx: _finish(tx, kernel, ask))
    await tell(kernel, Notice(Occasion.KIT_RECOVERED, owner, owner))
    return done


def _finish(tx: Tx, kernel: Kernel, ask: wire.Proof) -> None:
    now = kernel.clock.now()
    found, kit = _ready(tx, ask, now)
    end_second_factors(tx, kit.user_id)
    q.set_status(tx, found.id, "RECOVERED", now)
