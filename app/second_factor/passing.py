"""Log-ins that owe a code: paying with one, or with the recovery key (accounts.md §5.7)."""

from __future__ import annotations

from ..accounts import service as accounts
from ..accounts.service import Grant
from ..accounts.wire import Passed
from ..db import Tx
from ..http.client import Client
from ..kernel import limits, sync
from ..kernel.crypto import same, token_hash
from ..kernel.errors import BadRequest, Forbidden, NotFound, TooMany, Unauthorized
from ..kernel.parts import Kernel
from ..passkeys import service as passkeys
from . import queries, totp
from .service import hashed, switch_off
from .wire import Code, Recovery, RecoverySecret, Remove

ATTEMPTS = 10
PASSKEY = "passkey"


async def verify(kernel: Kernel, ask: Code, client: Client) -> Passed:
    """A session for a right code. 404 unknown, expired or used log-in, 400 no TOTP (any more), 429 no attempts left, 401 wrong or used code."""
    grant = await kernel.db.write("second_factor.verify", _verify, kernel, ask, client)
    if grant is None:
        raise Unauthorized(log="wrong or used code")
    await accounts.tell_of_login(kernel, grant.user_id, client)
    return accounts.passed(grant)


def _verify(tx: Tx, kernel: Kernel, ask: Code, client: Client) -> Grant | None:
    """None for a wrong code, whose attempt is counted; the refusals that raise count nothing."""
    session_hash, now = token_hash(ask.session_id), kernel.clock.now()
    user_id = _owner(tx, session_hash, now)
    secret = queries.secret(tx, user_id)
    if secret is None or not accounts.has_totp(tx, user_id):
        raise BadRequest(log=f"user {user_id} has no TOTP")
    guess = limits.Guess("totp", user_id, client.ip)
    if not queries.reserve_attempt(tx, session_hash, ATTEMPTS) or not limits.may_guess(tx, kernel.config.limits, guess, now):
        raise TooMany(log=f"user {user_id} has no attempts left")
    steps = totp.matching(kernel.crypto.decrypt(secret.cipher, secret.seal_nonce), ask.code, now)
    if not steps or not queries.use_steps(tx, user_id, steps):
        return None
    limits.right_guess(tx, guess)
    return _finish(tx, kernel, user_id, session_hash, client)


def _owner(tx: Tx, session_hash: bytes, now: int) -> int:
    """Whose log-in this is, the account locked. 404 for none."""
    user_id = queries.login(tx, session_hash, now)
    if user_id is not None:
        sync.lock_account(tx, user_id)
        user_id = queries.login(tx, session_hash, now)
    if user_id is None:
        raise NotFound(log="no such log-in")
    return user_id


def _finish(tx: Tx, kernel: Kernel, user_id: int, session_hash: bytes, client: Client) -> Grant:
    if not queries.end_login(tx, session_hash):
        raise NotFound(log="the log-in was finished meanwhile")
    return accounts.authorise(tx, kernel, user_id, client)


async def recover(kernel: Kernel, ask: Recovery) -> RecoverySecret:
    """What the client once encrypted with its recovery key, for a log-in that owes a second factor. 404 for none."""
    if ask.two_factor_type == PASSKEY:
        encrypted, nonce = await kernel.db.read(passkeys.recovery_copy, kernel, ask.session_id)
    else:
        encrypted, nonce = await kernel.db.read(_copy, token_hash(ask.session_id), kernel.clock.now())
    return RecoverySecret(encrypted_secret=encrypted, secret_decryption_nonce=nonce)


def _copy(tx: Tx, session_hash: bytes, now: int) -> tuple[str, str]:
    user_id = queries.login(tx, session_hash, now)
    secret = None if user_id is None else queries.secret(tx, user_id)
    if secret is None:
        raise NotFound(log="no such log-in")
    return secret.encrypted, secret.nonce


async def remove(kernel: Kernel, ask: Remove, client: Client) -> Passed:
    """A session for who has opened the copy: TOTP is switched off, a passkey is passed by for this once. 404 log-in, 403 secret."""
    if ask.two_factor_type == PASSKEY:
        return accounts.passed(await kernel.db.write("passkeys.bypass", passkeys.bypass, kernel, ask.session_id, ask.secret, client))
    return accounts.passed(await kernel.db.write("second_factor.remove", _remove, kernel, ask, client))


def _remove(tx: Tx, kernel: Kernel, ask: Remove, client: Client) -> Grant:
    session_hash = token_hash(ask.session_id)
    user_id = _owner(tx, session_hash, kernel.clock.now())
    secret = queries.secret(tx, user_id)
    if secret is None or not same(hashed(kernel, user_id, ask.secret), secret.hashed):
        raise Forbidden(log=f"wrong recovery secret for user {user_id}")
    switch_off(tx, user_id)
    return _finish(tx, kernel, user_id, session_hash, client)
