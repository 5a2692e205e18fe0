"""Paying what a log-in owes with a passkey: a challenge, the signed answer, and the app that waits for the session (accounts.md §5.8)."""

from __future__ import annotations

import asyncio
from typing import Annotated

from ..accounts import service as accounts
from ..accounts.wire import Passed
from ..db import Tx
from ..http.client import Client
from ..kernel import people, sync
from ..kernel.clock import MINUTE
from ..kernel.crypto import token_hash
from ..kernel.errors import CodedBadRequest, Conflict, Gone, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import encode
from . import ceremony, queries, service
from .wire import Begin, Ceremony, Finish, Poll, SignedChallenge

LIFETIME = 2 * MINUTE
AT_ONCE = 10  # open challenges of a log-in; the oldest gives way
FETCH_WITHIN = 2 * MINUTE
FETCHES = 2


async def begin(kernel: Kernel, ask: Begin) -> Ceremony:
    """A challenge for the person's credentials. 404 log-in, 409 SESSION_ALREADY_CLAIMED, 400 BAD_REQUEST without a passkey (any more)."""
    challenge, ceremony_id = kernel.ids.bytes(32), kernel.ids.uuid()
    credentials = await kernel.db.write("passkeys.begin", _begin, kernel, token_hash(ask.session_id), ceremony_id, challenge)
    return ceremony.request(kernel.config, credentials, ceremony_id, challenge)


def _begin(tx: Tx, kernel: Kernel, login_hash: bytes, ceremony_id: str, challenge: bytes) -> list[tuple[bytes, str]]:
    now = kernel.clock.now()
    found = service.live_login(tx, login_hash, now)
    if found.verified_at is not None:
        raise Conflict("Session is already claimed", code="SESSION_ALREADY_CLAIMED")
    credentials = queries.credentials(tx, found.user_id)
    if not credentials:
        raise CodedBadRequest("No passkey found for user")
    queries.drop_old_ceremonies(tx, found.user_id, login_hash, AT_ONCE - 1)
    queries.add_ceremony(tx, queries.Ceremony(ceremony_id, found.user_id, login_hash, challenge, now + LIFETIME))
    return credentials


async def finish(kernel: Kernel, ask: Finish, answer: SignedChallenge, client: Client) -> Passed:
    """A session for the app of this request, which its own app may also fetch. 404 log-in or challenge, 410 SESSION_EXPIRED, 401 BAD_REQUEST."""
    login_hash, ceremony_id, credential_id = token_hash(ask.session_id), service.checked_id(ask.ceremony_session_id), ceremony.raw_id(answer)
    user_id, challenge, expires_at, key = await kernel.db.write("passkeys.take", _take, kernel, login_hash, ceremony_id, credential_id)
    if expires_at <= kernel.clock.now():
        raise Gone("Session is expired", code="SESSION_EXPIRED")
    if key is None or not ceremony.same_handle(answer, user_id):
        raise ceremony.invalid("a credential or a person that was not asked for")
    await asyncio.to_thread(ceremony.authenticate, kernel.config, challenge, key, answer)
    passed = await kernel.db.write("passkeys.finish", _finish, kernel, login_hash, credential_id, client)
    await accounts.tell_of_login(kernel, passed.id, client)
    return passed


def _take(tx: Tx, kernel: Kernel, login_hash: bytes, ceremony_id: str, credential_id: bytes) -> tuple[int, bytes, int, bytes | None]:
    """(person, challenge, its end, public key or None); the challenge is used up whatever the answer is worth."""
    user_id = service.live_login(tx, login_hash, kernel.clock.now()).user_id
    taken = queries.take_ceremony(tx, ceremony_id, user_id, login_hash)
    if taken is None:
        raise NotFound(log="no such challenge")
    return user_id, *taken, queries.public_key(tx, user_id, credential_id)


def _finish(tx: Tx, kernel: Kernel, login_hash: bytes, credential_id: bytes, client: Client) -> Passed:
    now = kernel.clock.now()
    user_id = service.live_login(tx, login_hash, now).user_id
    sync.lock_account(tx, user_id)
    people.email_of(tx, kernel.crypto, user_id)  # 404 USER_NOT_FOUND when it was deleted meanwhile
    if queries.public_key(tx, user_id, credential_id) is None:
        raise ceremony.invalid("the passkey was deleted meanwhile")
    passed = accounts.passed(accounts.authorise(tx, kernel, user_id, client))
    if not queries.verify_login(tx, login_hash, encode(passed).decode(), now, now + FETCH_WITHIN):
        raise Conflict("Session is already claimed", code="SESSION_ALREADY_CLAIMED")
    return passed


async def fetch(kernel: Kernel, ask: Poll) -> Annotated[bytes, Passed]:
    """The answer of `finish` for the app that polls: 400 SESSION_NOT_VERIFIED until then, 410 INVALID_SESSION after two or two minutes."""
    return (await kernel.db.write("passkeys.fetch", _fetch, token_hash(ask.session_id), kernel.clock.now())).encode()


def _fetch(tx: Tx, login_hash: bytes, now: int) -> str:
    found = service.live_login(tx, login_hash, now)
    if found.verified_at is None or found.answer is None:
        raise CodedBadRequest("Session is not verified yet", code="SESSION_NOT_VERIFIED")
    if found.verified_at < now - FETCH_WITHIN or not queries.count_fetch(tx, login_hash, FETCHES):
        raise Gone("Session is used up", code="INVALID_SESSION")
    return found.answer
