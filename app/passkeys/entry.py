"""A passkey as the way into a page of this server: the person is named first, and the authenticator must have known its owner (a PIN, a finger).

Nobody learns from the challenge whether an address has an account or a passkey: others get one too, for a credential that nobody has.
"""

from __future__ import annotations

import asyncio
import base64

import msgspec

from ..db import Tx
from ..kernel.clock import MINUTE
from ..kernel.errors import BadRequest, NotFound
from ..kernel.parts import Kernel
from . import ceremony, queries, service
from .wire import RequestOptions, SignedChallenge

LIFETIME = 2 * MINUTE
AT_ONCE = 10
DOOR = b"page"  # in the place of a log-in's hash


async def offer(kernel: Kernel, user_id: int | None, email: str) -> tuple[str, RequestOptions]:
    """(id of the ceremony, what the browser needs). `user_id` None: nobody who may come in."""
    challenge, ceremony_id = kernel.ids.bytes(32), kernel.ids.uuid()
    found = [] if user_id is None else await kernel.db.write("passkeys.offer", _offer, kernel, user_id, ceremony_id, challenge)
    shown = found or [(base64.b64decode(kernel.crypto.hash(f"no passkey\0{email}")), '["internal","hybrid"]')]
    options = ceremony.request(kernel.config, shown, ceremony_id, challenge).options.public_key
    return ceremony_id, msgspec.structs.replace(options, user_verification="required")


def _offer(tx: Tx, kernel: Kernel, user_id: int, ceremony_id: str, challenge: bytes) -> list[tuple[bytes, str]]:
    found = queries.credentials(tx, user_id)
    if found:
        queries.drop_old_ceremonies(tx, user_id, DOOR, AT_ONCE - 1)
        queries.add_ceremony(tx, queries.Ceremony(ceremony_id, user_id, DOOR, challenge, kernel.clock.now() + LIFETIME))
    return found


async def passed(kernel: Kernel, ceremony_id: str, answer: bytes, origin: str) -> int:
    """Whose passkey signed the challenge on a page of this origin; 400, 401, 404 for whatever else. The challenge is used up by any answer."""
    try:
        signed = msgspec.json.decode(answer, type=SignedChallenge)
    except (msgspec.MsgspecError, ValueError) as e:
        raise BadRequest(log=f"no signed challenge: {e}"[:200]) from None
    taken = await kernel.db.write("passkeys.enter", _take, service.checked_id(ceremony_id), ceremony.raw_id(signed))
    if taken is None or taken[2] <= kernel.clock.now():
        raise NotFound(log="no such challenge")
    user_id, challenge, _, key = taken
    if key is None or not ceremony.same_handle(signed, user_id):
        raise ceremony.invalid("a credential or a person that was not asked for")
    await asyncio.to_thread(ceremony.authenticate, kernel.config, challenge, key, signed, page=origin)
    return user_id


def _take(tx: Tx, ceremony_id: str, credential_id: bytes) -> tuple[int, bytes, int, bytes | None] | None:
    taken = queries.take_offer(tx, ceremony_id, DOOR)
    return None if taken is None else (*taken, queries.public_key(tx, taken[0], credential_id))
