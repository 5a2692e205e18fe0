"""Registering a passkey: options for the browser, then what its authenticator made of them (accounts.md §5.9)."""

from __future__ import annotations

import asyncio

from ..accounts import service as accounts
from ..db import Tx
from ..kernel import people, sync
from ..kernel.access import Account
from ..kernel.clock import MINUTE
from ..kernel.errors import CodedBadRequest, Conflict, NotFound
from ..kernel.parts import Kernel
from . import ceremony, queries, service
from .wire import FinishRegistration, NewCredential, Registration

LIFETIME = 5 * MINUTE
AT_ONCE = 10  # open registrations of a person; the oldest gives way


async def begin(kernel: Kernel, actor: Account) -> Registration:
    """A challenge for a new credential. 409 MAX_PASSKEYS_REACHED; 404 without key attributes, because nobody could log in with it."""
    challenge, ceremony_id = kernel.ids.bytes(32), kernel.ids.uuid()
    started = queries.Ceremony(ceremony_id, actor.user_id, b"", challenge, kernel.clock.now() + LIFETIME)
    email = await kernel.db.write("passkeys.begin_registration", _begin, kernel, started)
    return ceremony.creation(kernel.config, actor.user_id, email, ceremony_id, challenge)


def _room(tx: Tx, user_id: int) -> None:
    if queries.count(tx, user_id) >= service.MOST:
        raise Conflict(f"At most {service.MOST} passkeys", code="MAX_PASSKEYS_REACHED")


def _begin(tx: Tx, kernel: Kernel, started: queries.Ceremony) -> str:
    user_id = started.user_id
    sync.lock_account(tx, user_id)
    email = people.email_of(tx, kernel.crypto, user_id)
    if accounts.key_attributes(tx, user_id) is None:
        raise NotFound(log=f"user {user_id} has no key attributes")
    _room(tx, user_id)
    queries.drop_old_ceremonies(tx, user_id, b"", AT_ONCE - 1)
    queries.add_ceremony(tx, started)
    return email


async def finish(kernel: Kernel, actor: Account, ask: FinishRegistration, answer: NewCredential) -> None:
    """Keep the new credential. 400 BAD_REQUEST for a bad name or answer, 404 for an unknown, used or foreign registration."""
    name, ceremony_id = service.checked_name(ask.friendly_name), service.checked_id(ask.session_id)
    taken = await kernel.db.write("passkeys.take", queries.take_ceremony, ceremony_id, actor.user_id, b"")
    if taken is None:
        raise NotFound(log="no such registration")
    challenge, expires_at = taken
    if expires_at <= kernel.clock.now():
        raise CodedBadRequest("The registration took too long")
    made = await asyncio.to_thread(ceremony.register, kernel.config, challenge, answer)
    key = queries.NewPasskey(kernel.ids.uuid(), name, made.credential_id, made.credential_public_key, ceremony.transports(answer))
    await kernel.db.write("passkeys.register", _register, actor.user_id, key, kernel.clock.now())


def _register(tx: Tx, user_id: int, key: queries.NewPasskey, now: int) -> None:
    sync.lock_account(tx, user_id)
    _room(tx, user_id)
    if not queries.insert(tx, user_id, key, now):
        raise Conflict("This passkey is registered already", code="ALREADY_EXISTS")
