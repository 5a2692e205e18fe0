"""Log-in with the password itself, for scripts and development: off unless the operator says otherwise, because the server then sees a
password that opens the account's keys (SECURITY.md). The apps never use it; they prove the password by SRP.

The check is SRP's own: the key is derived as a client does it, and its verifier compared with the stored one.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw

from ..accounts.service import Grant
from ..db import Tx
from ..http.client import Client
from ..kernel import limits, sessions, sync
from ..kernel.clock import SECOND
from ..kernel.crypto import normal_email, same
from ..kernel.errors import Conflict, Forbidden, TooMany, Unauthorized, Unavailable
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from ..second_factor import service as second_factor
from . import srp
from . import srp_queries as q
from .password import made_up
from .wire import Password, PlainSession

_ONE = ThreadPoolExecutor(1, "argon2")  # a derivation takes up to a gibibyte and seconds
HEADER = "X-Auth-Token"  # what carries a token
WAITING = 8  # requests at most that wait for their turn
_waiting = [0]


@dataclass(frozen=True, slots=True)
class Parameters:
    """How a client derives the verifier of this account, and the one it enrolled; made up where there is none."""

    known: q.Verifier | None
    srp_user_id: str
    salt: bytes
    kek_salt: bytes
    mem_limit: int  # bytes
    ops_limit: int


def derive(password: str, p: Parameters) -> bytes:
    """The SRP verifier of a password, 512 bytes (accounts.md §4.2, §4.3)."""
    kek = hash_secret_raw(password.encode(), p.kek_salt, p.ops_limit, p.mem_limit // 1024, 1, 32, Type.ID)
    sub_key = hashlib.blake2b(digest_size=32, key=kek, salt=(1).to_bytes(8, "little") + bytes(8), person=b"loginctx" + bytes(8)).digest()
    return srp.verifier(p.srp_user_id, sub_key[:16], p.salt)


async def log_in(kernel: Kernel, ask: Password, client: Client) -> PlainSession:
    """A session for the password. 403 while `accounts.password_login` is off, and where a second factor is owed; 401 wrong or unknown,
    409 EMAIL_MFA_ENABLED, 429 for a network that has guessed too often, 503 while too many wait."""
    if not kernel.config.accounts.password_login:
        raise Forbidden(
            "This server takes no passwords: log in by SRP (GET /users/srp/attributes, POST /users/srp/create-session, /users/srp/verify-session)",
            code="PASSWORD_LOGIN_OFF",
        )
    found = await kernel.db.read(_parameters, kernel, normal_email(ask.email))
    if _waiting[0] >= WAITING:
        raise Unavailable("Too many log-ins at once", log="too many password derivations wait")
    _waiting[0] += 1
    try:
        derived = await asyncio.get_running_loop().run_in_executor(_ONE, derive, ask.password, found)
    finally:
        _waiting[0] -= 1
    stored = None if found.known is None else b64_bytes(found.known.verifier)
    right = stored is not None and same(stored.rjust(srp.SIZE, b"\0"), derived)
    grant = await kernel.db.write("login.password", _log_in, kernel, found, right, client)
    if grant is None:
        raise Unauthorized(log="wrong password")
    return PlainSession(auth_token=grant.token, token_type=HEADER, expires_in=sessions.IDLE_LIMIT // SECOND)


def _parameters(tx: Tx, kernel: Kernel, email: str) -> Parameters:
    row = q.login_parameters(tx, kernel.crypto.hash(email))
    known = None if row is None or row.srp_user_id is None or row.kek_salt is None else q.verifier(tx, row.srp_user_id)
    if known is not None and row is not None:
        salt, kek_salt = b64_bytes(row.salt), b64_bytes(row.kek_salt or "", 16)
        if salt is not None and kek_salt is not None:
            return Parameters(known[0], known[0].srp_user_id, salt, kek_salt, row.mem_limit, row.ops_limit)
    fake = made_up(kernel, email)
    salt, kek_salt = b64_bytes(fake.srp_salt) or b"", b64_bytes(fake.kek_salt) or b""
    return Parameters(None, fake.srp_user_id, salt, kek_salt, fake.mem_limit, fake.ops_limit)


def _log_in(tx: Tx, kernel: Kernel, found: Parameters, right: bool, client: Client) -> Grant | None:
    """None for a wrong password, which is counted with the wrong proofs of SRP."""
    guess = limits.Guess("password", found.srp_user_id, client.ip)
    if not limits.guesses(tx, kernel.config.limits, guess, kernel.clock.now())[0]:
        raise TooMany(log="too many wrong passwords from one network")
    if not right or found.known is None:
        return None
    sync.lock_account(tx, found.known.user_id)  # a password change waits for us, or we see its verifier
    now_known = q.verifier(tx, found.srp_user_id)
    if now_known is None or now_known[0] != found.known:
        return None
    if now_known[1]:
        raise Conflict("Email MFA is enabled", code="EMAIL_MFA_ENABLED")
    limits.right_guess(tx, guess)
    outcome = second_factor.admit(tx, kernel, found.known.user_id, client)
    if not isinstance(outcome, Grant):
        raise Forbidden(
            "This account asks for a second factor: log in by SRP and bring it to /users/two-factor/verify", code="SECOND_FACTOR_REQUIRED"
        )
    return outcome
