"""TOTP: its secret's life, and what stands between a log-in's first proof and its session.

Every log-in ends in `admit`, inside the transaction that judged the password or the mailed code. Attempts are reserved before a code is
compared, a code is good once, and a log-in that owes a code is gone when it has succeeded.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ..accounts import service as accounts
from ..accounts.service import Grant
from ..db import Tx
from ..http.client import Client
from ..kernel import people, sync
from ..kernel.access import Session
from ..kernel.clock import MINUTE
from ..kernel.crypto import token_hash
from ..kernel.errors import NotFound, Unauthorized
from ..kernel.parts import Kernel
from ..passkeys import service as passkeys
from . import queries, totp
from .wire import Enable, NewSecret, RecoveryStatus, Status

LOGIN_LIFETIME = 10 * MINUTE
PENDING_LIFETIME = 10 * MINUTE
PENDING = 10  # secrets shown and not proved, per person: more than one can be shown in that time


@dataclass(frozen=True, slots=True)
class Owed:
    """A log-in whose first proof was right and that owes a second factor; "" for what it cannot be paid with."""

    user_id: int
    totp: str
    passkey: str


Admission = Grant | Owed


def admit(tx: Tx, kernel: Kernel, user_id: int, client: Client) -> Admission:
    """What a right password or mailed code gives: a session, or for whom a second factor guards, the means to bring it (10 minutes)."""
    sync.lock_account(tx, user_id)
    wants_code, wants_passkey = accounts.has_totp(tx, user_id), passkeys.count(tx, user_id) > 0
    if not wants_code and not wants_passkey:
        return accounts.authorise(tx, kernel, user_id, client)
    if not accounts.is_live(tx, user_id):
        raise Unauthorized(log=f"account {user_id} was deleted")
    return Owed(user_id, _open_login(tx, kernel, user_id) if wants_code else "", passkeys.open_login(tx, kernel, user_id) if wants_passkey else "")


def _open_login(tx: Tx, kernel: Kernel, user_id: int) -> str:
    session_id = kernel.ids.token()
    queries.add_login(tx, token_hash(session_id), user_id, kernel.clock.now() + LOGIN_LIFETIME)
    return session_id


# --- the secret's life
async def status(kernel: Kernel, actor: Session) -> Status:
    return Status(status=await kernel.db.read(accounts.has_totp, actor.user_id))


async def recovery_status(kernel: Kernel, actor: Session) -> RecoveryStatus:
    """An operator may reset a second factor."""
    enabled = await kernel.db.read(passkeys.has_recovery, actor.user_id)
    return RecoveryStatus(allow_admin_reset=True, is_passkey_recovery_enabled=enabled)


async def setup(kernel: Kernel, actor: Session) -> NewSecret:
    """A new secret, shown once, to be proved within 10 minutes. 404 without key attributes: it could not be recovered."""
    secret = totp.new_secret(kernel.ids)
    email = await kernel.db.write("second_factor.setup", _setup, kernel, actor.user_id, secret)
    return NewSecret(secret_code=secret, qr_code=await asyncio.to_thread(totp.qr_code, secret, email))


def hashed(kernel: Kernel, user_id: int, secret: str) -> str:
    return kernel.crypto.hash(f"totp\0{user_id}\0{secret}")


def _setup(tx: Tx, kernel: Kernel, user_id: int, secret: str) -> str:
    sync.lock_account(tx, user_id)
    now = kernel.clock.now()
    if accounts.key_attributes(tx, user_id) is None:
        raise NotFound(log=f"user {user_id} has no key attributes")
    kept = queries.pending(tx, user_id, now)[: PENDING - 1]
    queries.drop_other_pending(tx, user_id, [s.hashed for s in kept])
    cipher, nonce = kernel.crypto.encrypt(secret)
    queries.add_pending(tx, user_id, queries.Secret(cipher, nonce, hashed(kernel, user_id, secret)), now + PENDING_LIFETIME)
    return people.email_of(tx, kernel.crypto, user_id)


async def enable(kernel: Kernel, actor: Session, ask: Enable) -> None:
    """Ask for a code at every log-in from now on; 401 when the code belongs to none of the secrets that were shown."""
    await kernel.db.write("second_factor.enable", _enable, kernel, actor.user_id, ask)


def _enable(tx: Tx, kernel: Kernel, user_id: int, ask: Enable) -> None:
    sync.lock_account(tx, user_id)
    now = kernel.clock.now()
    for shown in queries.pending(tx, user_id, now):
        if totp.matching(kernel.crypto.decrypt(shown.cipher, shown.seal_nonce), ask.code, now):
            break
    else:
        raise Unauthorized(log="the code fits no pending secret")
    copy, nonce = ask.encrypted_two_factor_secret, ask.two_factor_secret_decryption_nonce
    queries.put_secret(tx, user_id, queries.Secret(shown.cipher, shown.seal_nonce, shown.hashed, copy, nonce), now)
    queries.drop_other_pending(tx, user_id, [])
    queries.drop_used(tx, user_id)  # of an older secret; this code may be used for a log-in too (accounts.md §5.7)
    queries.end_logins(tx, user_id)  # begun for an older secret
    accounts.set_totp(tx, user_id, True)


async def disable(kernel: Kernel, actor: Session) -> None:
    """Ask for no code any more. The secret stays for a recovery that is under way; it is overwritten by the next one."""
    await kernel.db.write("second_factor.disable", switch_off, actor.user_id)


def switch_off(tx: Tx, user_id: int) -> None:
    """What `disable`, a recovery and the operator do."""
    sync.lock_account(tx, user_id)
    accounts.set_totp(tx, user_id, False)


# --- the end of things
def end_logins(tx: Tx, user_id: int) -> None:
    """Log-ins that are half done do not survive the account's deletion."""
    queries.end_logins(tx, user_id)
    passkeys.end_logins(tx, user_id)


def forget(tx: Tx, user_id: int) -> None:
    """Everything of a person who is not coming back."""
    end_logins(tx, user_id)
    queries.drop_other_pending(tx, user_id, [])
    queries.drop_used(tx, user_id)
    queries.drop_secret(tx, user_id)
    passkeys.forget(tx, user_id)


async def sweep(kernel: Kernel) -> None:
    await kernel.db.write("second_factor.sweep", _sweep, kernel.clock.now())


def _sweep(tx: Tx, now: int) -> None:
    queries.sweep_pending(tx, now)
    queries.sweep_logins(tx, now)
    queries.sweep_used(tx, now // totp.STEP - 2 * totp.TOLERANCE - 1)
