"""A person's passkeys, and what the log-in and the second factor ask of them. The ceremonies are in `registration` and `passing`."""

from __future__ import annotations

import uuid

from ..accounts import service as accounts
from ..accounts.service import Grant
from ..db import Tx
from ..http.client import Client
from ..kernel import sync
from ..kernel.access import Account, Session
from ..kernel.clock import MINUTE
from ..kernel.crypto import same, token_hash
from ..kernel.errors import BadRequest, CodedBadRequest, Forbidden, NotFound
from ..kernel.parts import Kernel
from . import queries
from .wire import Name, Passkey, Passkeys, RecoverySetup

LOGIN_LIFETIME = 10 * MINUTE
MOST = 10
count = queries.count
"""`(tx, user_id) -> int`: how many passkeys a person has; with one, a log-in needs one."""


# --- the list
async def passkeys(kernel: Kernel, actor: Account) -> Passkeys:
    rows = await kernel.db.read(queries.listed, actor.user_id)
    found = [Passkey(id=i, user_id=actor.user_id, friendly_name=name, created_at=at) for i, name, at in rows]
    return Passkeys(accounts_url=kernel.config.app_page("accounts"), passkeys=found or None)


def checked_name(name: str) -> str:
    """400 BAD_REQUEST for none and for more than 256 bytes."""
    if not 1 <= len(name.encode("utf-8", "replace")) <= 256:
        raise CodedBadRequest("friendlyName must be between 1 and 256 characters")
    return name


def checked_id(text: str) -> str:
    """400 for what is no UUID."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise BadRequest(log="no UUID") from None


async def rename(kernel: Kernel, actor: Account, id: str, ask: Name) -> None:
    """An unknown one is no error."""
    await kernel.db.write("passkeys.rename", queries.rename, actor.user_id, checked_id(id), checked_name(ask.friendly_name))


async def delete(kernel: Kernel, actor: Account, id: str) -> None:
    """An unknown one is no error. Whoever deletes the last one logs in without."""
    await kernel.db.write("passkeys.delete", queries.delete, actor.user_id, checked_id(id))


# --- log-ins that owe one
def open_login(tx: Tx, kernel: Kernel, user_id: int) -> str:
    """The id that the app takes to the accounts page; only its hash is kept."""
    session_id = kernel.ids.token()
    queries.add_login(tx, token_hash(session_id), user_id, kernel.clock.now() + LOGIN_LIFETIME)
    return session_id


def live_login(tx: Tx, session_hash: bytes, now: int) -> queries.Login:
    """404 for an unknown or expired one."""
    found = queries.login(tx, session_hash)
    if found is None or found.expires_at <= now:
        raise NotFound(log="no such log-in")
    return found


# --- the way past a lost one
def has_recovery(tx: Tx, user_id: int) -> bool:
    return queries.recovery(tx, user_id) is not None


async def configure_recovery(kernel: Kernel, actor: Session, ask: RecoverySetup) -> None:
    """Keep a secret whose copy only the recovery key opens. The first one stays: clients send another at each log-in page."""
    copy = (ask.user_secret_cipher, ask.user_secret_nonce)
    await kernel.db.write(
        "passkeys.recovery", queries.add_recovery, actor.user_id, _hashed(kernel, actor.user_id, ask.secret), copy, kernel.clock.now()
    )


def _hashed(kernel: Kernel, user_id: int, secret: str) -> str:
    return kernel.crypto.hash(f"passkey recovery\0{user_id}\0{secret}")


def recovery_copy(tx: Tx, kernel: Kernel, session_id: str) -> tuple[str, str]:
    """The client's copy of the secret and its nonce. 404 log-in, 400 BAD_REQUEST where none was configured."""
    found = queries.recovery(tx, live_login(tx, token_hash(session_id), kernel.clock.now()).user_id)
    if found is None:
        raise CodedBadRequest("Passkey reset is not configured")
    return found[1:]


def bypass(tx: Tx, kernel: Kernel, session_id: str, secret: str, client: Client) -> Grant:
    """A session for who knows the secret: the passkeys stay, this log-in is used up. 404 log-in, 403 secret."""
    session_hash, now = token_hash(session_id), kernel.clock.now()
    user_id = live_login(tx, session_hash, now).user_id
    sync.lock_account(tx, user_id)
    if live_login(tx, session_hash, now).verified_at is not None:
        raise NotFound(log="the log-in was finished")
    found = queries.recovery(tx, user_id)
    if found is None or not same(_hashed(kernel, user_id, secret), found[0]):
        raise Forbidden(log=f"wrong recovery secret for user {user_id}")
    queries.end_login(tx, session_hash)
    return accounts.authorise(tx, kernel, user_id, client)


# --- the end of things
def end_logins(tx: Tx, user_id: int) -> None:
    queries.end_logins(tx, user_id)
    queries.end_ceremonies(tx, user_id)


def forget(tx: Tx, user_id: int) -> int:
    """Everything of a person; how many passkeys there were."""
    end_logins(tx, user_id)
    queries.drop_recovery(tx, user_id)
    return queries.delete_all(tx, user_id)


async def sweep(kernel: Kernel) -> None:
    await kernel.db.write("passkeys.sweep", _sweep, kernel.clock.now())


def _sweep(tx: Tx, now: int) -> None:
    queries.sweep_logins(tx, now)
    queries.sweep_ceremonies(tx, now)
