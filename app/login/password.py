"""Password log-in and password change by SRP (accounts.md §4, §5.4).

Modular powers take milliseconds: they run in threads before the transaction, which then looks at everything once more and judges.
An unknown srpUserID is treated like a known one up to the last step, so that nobody can be told from somebody.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ..accounts import service as accounts
from ..accounts.wire import UpdatedKeys
from ..db import Tx
from ..http.client import Client
from ..http.query import Query
from ..kernel import limits, people, sessions, sync
from ..kernel.access import Session
from ..kernel.clock import MINUTE
from ..kernel.crypto import b64, normal_email, same
from ..kernel.errors import BadRequest, CodedBadRequest, Conflict, Gone, NotFound, TooMany, Unauthorized
from ..kernel.parts import Kernel
from ..kernel.wire import NIL_UUID, b64_bytes, uuid_text
from ..second_factor import service as second_factor
from . import service, srp
from . import srp_queries as q
from .wire import (
    Authorised,
    SrpAttributes,
    SrpAttributesReply,
    SrpComplete,
    SrpCompleted,
    SrpProof,
    SrpSetup,
    SrpSetupStarted,
    SrpStart,
    SrpStarted,
    SrpUpdate,
)

OPEN_EXCHANGES = 10  # unverified ones of a network, per srpUserID; the oldest gives way
OPEN_NETWORKS = 10  # that begin log-ins of one srpUserID within RUSH and have not finished one
RUSH = MINUTE
ATTEMPTS = 5
_SLACK = 8  # leading zero bytes that a client may have dropped (accounts.md §4.5)


# --- what a client sends
def _uuid(text: str) -> str:
    """The canonical form; BadRequest for none and for the nil UUID, which counts as missing."""
    found = uuid_text(text)
    if found is None or found == NIL_UUID:
        raise BadRequest(log="no UUID")
    return found


def _base64(text: str) -> bytes:
    data = b64_bytes(text)
    if data is None:
        raise CodedBadRequest("invalid base64 encoding")
    return data


def _public(text: str) -> bytes:
    """A client's A, as long as it was sent."""
    a = _base64(text)
    if not srp.SIZE - _SLACK <= len(a) <= srp.SIZE:
        raise CodedBadRequest("Invalid length for srpA")
    if not srp.valid_public(a):
        raise CodedBadRequest("srpA is out of range")
    return a


def _m1(text: str) -> bytes:
    m1 = _base64(text)
    if not 32 - _SLACK <= len(m1) <= 32:
        raise CodedBadRequest(f"srpM1 size is {len(m1)}, expected 32")
    return m1.rjust(32, b"\0")


# --- attributes
class AttributesQuery(Query):
    email: str = ""


async def attributes(kernel: Kernel, query: AttributesQuery, client: Client) -> SrpAttributesReply:
    """What a log-in starts from. 404 `{}` for nobody, 404 NOT_FOUND where password log-in is not set up yet.

    Both 404s draw on the address's `probes` budget; beyond it made-up attributes are answered, the same ones every time.
    """
    email = normal_email(query.email)
    if not email:
        raise BadRequest(log="email is required")
    row = await kernel.db.read(q.login_parameters, kernel.crypto.hash(email))
    if row is not None and row.srp_user_id is not None and row.kek_salt is not None:
        found = SrpAttributes(
            srp_user_id=row.srp_user_id,
            srp_salt=row.salt,
            mem_limit=row.mem_limit,
            ops_limit=row.ops_limit,
            kek_salt=row.kek_salt,
            is_email_mfa_enabled=row.email_mfa,
        )
        return SrpAttributesReply(attributes=found)
    if not await kernel.limiter.left("probes", f"ip {client.ip}"):
        return SrpAttributesReply(attributes=made_up(kernel, email))
    raise NotFound(code=None if row is None else "NOT_FOUND", log="no password log-in for this address")


def made_up(kernel: Kernel, email: str) -> SrpAttributes:
    first = base64.b64decode(kernel.crypto.hash(f"made-up srp attributes\0{email}"))
    second = base64.b64decode(kernel.crypto.hash(f"made-up kek salt\0{email}"))
    mem_limit, ops_limit = (1 << 28, 16) if second[16] % 4 else (1 << 30, 4)
    return SrpAttributes(
        srp_user_id=str(uuid.UUID(bytes=first[:16], version=4)),
        srp_salt=b64(first[16:]),
        mem_limit=mem_limit,
        ops_limit=ops_limit,
        kek_salt=b64(second[:16]),
        is_email_mfa_enabled=False,
    )


# --- exchanges
def _seal(kernel: Kernel, secret: bytes) -> bytes:
    cipher, nonce = kernel.crypto.encrypt(secret.hex())
    return nonce + cipher


def _unseal(kernel: Kernel, sealed: bytes) -> bytes:
    return bytes.fromhex(kernel.crypto.decrypt(bytes(sealed[24:]), bytes(sealed[:24])))


async def _open(kernel: Kernel, verifier: bytes, x: q.Exchange) -> tuple[str, str]:
    """Store an exchange; (its id, base64 of B)."""
    secret, public = await asyncio.to_thread(srp.challenge, verifier, kernel.ids)
    x = dataclasses.replace(x, session_id=kernel.ids.uuid(), server_secret=_seal(kernel, secret))
    await kernel.db.write("login.open_srp", _insert, x, kernel.clock.now())
    return x.session_id, b64(public)


def _insert(tx: Tx, x: q.Exchange, now: int) -> None:
    if x.new_verifier is None and q.networks_at_it(tx, x, now - RUSH) >= OPEN_NETWORKS and not _at_home(tx, x):
        raise TooMany("too many log-ins at once", code="TOO_MANY_UNVERIFIED_SESSIONS", log=f"{OPEN_NETWORKS} networks begin log-ins of one account")
    q.drop_oldest_exchanges(tx, x, OPEN_EXCHANGES - 1)
    q.insert_exchange(tx, x, now)


def _at_home(tx: Tx, x: q.Exchange) -> bool:
    """Whether the account is logged in from this network already: strangers who come from many at once do not keep its owner out."""
    return x.user_id is not None and x.network in {limits.network(ip) for ip in sessions.addresses(tx, x.user_id)}


def _refuse_state(x: q.Exchange) -> None:
    if x.verified_at is not None:
        raise Gone(code="SESSION_ALREADY_VERIFIED")
    if x.attempts >= ATTEMPTS:
        raise Gone(code="TOO_MANY_WRONG_ATTEMPTS")


async def _m2(kernel: Kernel, verifier: bytes, x: q.Exchange, m1: bytes) -> str | None:
    """base64 of M2 when M1 proves the password, else None."""
    _refuse_state(x)
    pairs = await asyncio.to_thread(srp.proofs, verifier, _unseal(kernel, x.server_secret), bytes(x.client_public))
    return next((b64(m2) for expected, m2 in pairs if same(expected, m1)), None)


class Verdict(Enum):
    """How a proof was judged; wrong ones are counted, so the refusal is raised after the transaction."""

    RIGHT = "right"
    WRONG = "wrong"


def _judge(tx: Tx, x: q.Exchange | None, m2: str | None, now: int) -> Verdict:
    """The second look, on a locked row: of many right proofs at once one passes, and every wrong one counts."""
    if x is None:
        raise Unauthorized(log="no such exchange any more")
    _refuse_state(x)
    if m2 is None:
        q.count_wrong_proof(tx, x.session_id)
        return Verdict.WRONG
    q.mark_verified(tx, x.session_id, now)
    return Verdict.RIGHT


# --- log-in
async def start(kernel: Kernel, ask: SrpStart, client: Client) -> SrpStarted:
    """Begin a log-in; for an unknown srpUserID one that nobody can finish. 409 EMAIL_MFA_ENABLED."""
    srp_user_id, a = _uuid(ask.srp_user_id), _public(ask.srp_a)
    known = await kernel.db.read(q.verifier, srp_user_id)
    if known is not None and known[1]:
        raise Conflict("Email MFA is enabled", code="EMAIL_MFA_ENABLED")
    verifier, user_id = _verifier_or_fake(kernel, known)
    session_id, public = await _open(kernel, verifier, q.Exchange("", srp_user_id, user_id, b"", a, None, None, None, 0, limits.network(client.ip)))
    return SrpStarted(session_id=session_id, srp_b=public)


def _verifier_or_fake(kernel: Kernel, known: tuple[q.Verifier, bool] | None) -> tuple[bytes, int | None]:
    """A random verifier for nobody makes the same B at the same price."""
    return (srp.fake_b(kernel.ids), None) if known is None else (_base64(known[0].verifier), known[0].user_id)


async def finish(kernel: Kernel, ask: SrpProof, client: Client) -> Authorised:
    """Log in with the proof. 401 wrong or unknown, 410 for an exchange that is used up, 429 for a network that has guessed too often."""
    m1, session_id, srp_user_id = _m1(ask.srp_m1), _uuid(ask.session_id), _uuid(ask.srp_user_id)
    x = await kernel.db.read(q.login_exchange, session_id, srp_user_id)
    if x is None:
        raise Unauthorized(log="unknown exchange")
    known = await kernel.db.read(q.verifier, srp_user_id)
    m2 = await _m2(kernel, _verifier_or_fake(kernel, known)[0], x, m1)
    verifier = None if known is None or known[0].user_id != x.user_id else known[0]
    grant = await kernel.db.write("login.srp_login", _log_in, kernel, Proof(x, verifier, m2), client)
    if grant is None or m2 is None:
        raise Unauthorized(log="wrong proof")
    if isinstance(grant, accounts.Grant):
        await accounts.tell_of_login(kernel, grant.user_id, client)
    return service.answer(kernel.config, grant, m2)


@dataclass(frozen=True, slots=True)
class Proof:
    """A judged proof: the exchange, the verifier it was judged by (None: nobody's), M2 if it was right."""

    exchange: q.Exchange
    verifier: q.Verifier | None
    m2: str | None


def _log_in(tx: Tx, kernel: Kernel, proof: Proof, client: Client) -> second_factor.Admission | None:
    x, known, now = proof.exchange, proof.verifier, kernel.clock.now()
    guess = limits.Guess("password", x.srp_user_id, client.ip)
    if not limits.guesses(tx, kernel.config.limits, guess, now)[0]:  # the right password opens however often others guess elsewhere
        raise TooMany(log="too many wrong passwords from one network")
    if known is not None:
        sync.lock_account(tx, known.user_id)  # a password change waits for us, or we see its verifier
        now_known = q.verifier(tx, x.srp_user_id)
        known = known if now_known is not None and now_known[0] == known else None
    q.lock_exchange(tx, x.session_id)
    verdict = _judge(tx, q.login_exchange(tx, x.session_id, x.srp_user_id), proof.m2 if known else None, now)
    if known is None or verdict is Verdict.WRONG:
        return None
    limits.right_guess(tx, guess)
    return second_factor.admit(tx, kernel, known.user_id, client)


# --- enrolment and password change
async def setup(kernel: Kernel, actor: Session, ask: SrpSetup) -> SrpSetupStarted:
    """Begin to set a password verifier for the caller's own account."""
    return await begin(kernel, actor.user_id, ask)


async def begin(kernel: Kernel, user_id: int, ask: SrpSetup) -> SrpSetupStarted:
    """The same for an account that the caller has been found to be allowed to set one for."""
    srp_user_id, a, verifier = _uuid(ask.srp_user_id), _public(ask.srp_a), _base64(ask.srp_verifier)
    accounts.check_sizes(ask.srp_salt)
    if len(verifier) > srp.SIZE or not srp.valid_public(verifier):
        raise CodedBadRequest("srpVerifier is out of range")
    x = q.Exchange("", srp_user_id, user_id, b"", a, ask.srp_salt, ask.srp_verifier, None, 0)
    setup_id, public = await _open(kernel, verifier, x)
    return SrpSetupStarted(setup_id=setup_id, srp_b=public)


async def complete(kernel: Kernel, actor: Session, ask: SrpComplete) -> SrpCompleted:
    """Enrol: 404 for an unknown (or another person's) setup, 400 BAD_REQUEST when the account has a password already."""
    return await _enrol(kernel, actor.user_id, ask.setup_id, ask.srp_m1, None)


async def update(kernel: Kernel, actor: Session, ask: SrpUpdate) -> SrpCompleted:
    """A new password: verifier and wrapped keys in one transaction, other sessions ended with it unless told otherwise."""
    return await replace(kernel, actor.user_id, ask, keep=actor.token_hash)


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """`keep`: hash of the token whose session goes on when the others end. `also`: what has to happen, or to be true, with it."""

    keys: UpdatedKeys
    log_out_others: bool
    keep: bytes
    also: Callable[[Tx], None] | None


async def replace(kernel: Kernel, user_id: int, ask: SrpUpdate, *, keep: bytes = b"", also: Callable[[Tx], None] | None = None) -> SrpCompleted:
    """A new password for an account, after whatever `also` does in that transaction, under the account's lock; what it raises undoes all."""
    changed = ask.updated_key_attr
    accounts.check_strength(changed.mem_limit, changed.ops_limit)
    accounts.check_sizes(changed.kek_salt, changed.encrypted_key, changed.key_decryption_nonce)
    change = PasswordChange(changed, ask.log_out_other_devices is not False, keep, also)
    return await _enrol(kernel, user_id, ask.setup_id, ask.srp_m1, change)


async def _enrol(kernel: Kernel, user_id: int, setup_id: str, proof: str, change: PasswordChange | None) -> SrpCompleted:
    setup_id, m1 = _uuid(setup_id), _m1(proof)
    x = await kernel.db.read(q.enrolment, setup_id, user_id)
    if x is None:
        raise NotFound(log="no such setup of this user")
    m2 = await _m2(kernel, _base64(x.new_verifier or ""), x, m1)
    verdict = await kernel.db.write("login.srp_enrol", _set_password, user_id, Proof(x, None, m2), change, kernel.clock.now())
    if m2 is None or verdict is Verdict.WRONG:
        raise Unauthorized(log="wrong proof")
    return SrpCompleted(setup_id=setup_id, srp_m2=m2)


def _set_password(tx: Tx, user_id: int, proof: Proof, change: PasswordChange | None, now: int) -> Verdict:
    x = proof.exchange
    sync.lock_account(tx, user_id)
    q.lock_exchange(tx, x.session_id)
    if _judge(tx, q.enrolment(tx, x.session_id, user_id), proof.m2, now) is Verdict.WRONG:
        return Verdict.WRONG
    new = q.Verifier(user_id, x.srp_user_id, x.new_salt or "", x.new_verifier or "")
    if change is None and q.verifier_of(tx, user_id) not in (None, new) and people.has_keys(tx, user_id):
        raise CodedBadRequest("SRP setup already complete")  # the same again is no error: a sign-up whose answer got lost goes on
    if change is not None and change.also is not None:
        change.also(tx)
    if q.owner_of(tx, x.srp_user_id) not in (None, user_id):
        raise CodedBadRequest("srpUserID is taken", log=f"user {user_id} asked for a srpUserID of somebody else")
    q.put_verifier(tx, new, now)
    if change is not None:
        accounts.rewrap_keys(tx, user_id, change.keys)
        if change.log_out_others:
            sessions.end_all(tx, user_id, but=change.keep)
    return Verdict.RIGHT
