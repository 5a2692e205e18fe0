"""Codes by e-mail: sending, checking, and what an operator without mail reads them from (accounts.md §5.2, §5.3).

Budgets are per client address and per account, never one for all. A code is stored as a keyed hash and as a sealed copy.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum

from ..accounts import service as accounts
from ..db import Tx
from ..http.client import Client
from ..kernel import limits, people
from ..kernel.access import App
from ..kernel.clock import MINUTE
from ..kernel.config import Config
from ..kernel.crypto import Crypto, normal_email
from ..kernel.errors import AppError, Conflict, Forbidden, Gone, NotFound, TooMany, Unauthorized
from ..kernel.logs import NOTICE, quoted
from ..kernel.parts import Kernel
from ..mail import service as mail
from . import queries
from .wire import CodeRequest

LIFETIME = 60 * MINUTE
LIVE_CODES = 10  # per address and app; the oldest gives way
MOST_SHOWN = 200  # codes in the administrator's list
LIVE_CODES_OF_A_NETWORK = 3  # of these; a stranger's requests push out the stranger's own codes

logging.addLevelName(NOTICE, "NOTICE")  # for programs that do not request `logs.setup`
log = logging.getLogger("darkroom.ott")


async def send(kernel: Kernel, ask: CodeRequest, client: Client) -> None:
    """Make a code for the address and mail it, or show it to the operator where no mail is sent. 503 MAIL_FAILED when it could not be.

    What tells whether an account exists draws on the address's `probes` budget; beyond it nothing is sent and nothing is told.
    """
    email, app, client_ip = people.usable_address(ask.email), client.app, client.ip
    refusal = await kernel.db.read(_refusal, kernel, ask.purpose, email)
    if refusal is not None:
        if await kernel.limiter.left("probes", f"ip {client_ip}"):
            if isinstance(refusal, RegistrationClosed):
                refusal.note()
            raise refusal
        return
    if not await kernel.limiter.left("codes_per_address", f"ip {client_ip}"):
        raise TooMany(log="too many codes asked for from one address")
    fixed = None if ask.purpose == "change" else _fixed(kernel.config, email)
    code = fixed or kernel.ids.digits(6)
    await kernel.db.write("login.store_code", _store, kernel, email, client, code)
    if fixed is None and mail.is_on(kernel.config):
        await mail.send(kernel, email, _mail(code, ask.purpose))
    elif fixed is None:
        log.log(NOTICE, "code for %s (%s): %s", quoted(email), app, code)


def _mail(code: str, purpose: str) -> mail.Mail:
    what = "This code makes this address the one of your account:" if purpose == "change" else "This code lets you in:"
    return mail.Mail(
        f"Verification code: {code}", (what, "It is good for an hour. Nobody needs to know it but the app you typed this address into."), code
    )


class RegistrationClosed(Forbidden):
    """403: who is not invited may not sign up. The phones' apps show a text of their own for it, others the message."""

    code = "REGISTRATION_CLOSED"

    def __init__(self, email: str) -> None:
        super().__init__("This server takes no new accounts unasked: its operator can invite you", log="registration is not open for this address")
        self.email = email

    def note(self) -> None:
        """Tell the operator, who will be asked."""
        log.log(NOTICE, "%s may not sign up here; `darkroom user add %s` opens an account", quoted(self.email), quoted(self.email))


def _refusal(tx: Tx, kernel: Kernel, purpose: str, email: str) -> AppError | None:
    """Why this purpose does not fit the account of the address."""
    email_hash = kernel.crypto.hash(email)
    standing = accounts.standing(tx, email_hash)
    complete = standing is not None and standing[1]
    if purpose == "signup":
        if complete:
            return Conflict("User has already completed sign up process", code="USER_ALREADY_REGISTERED")
        if standing is None and not accounts.may_register(tx, kernel, email):
            return RegistrationClosed(email)
    elif purpose == "login":
        if standing is None:
            return NotFound("User is not registered", code="USER_NOT_REGISTERED")
        if not complete:
            return NotFound("User has not completed sign up process", code="USER_SIGNUP_INCOMPLETE")
    elif purpose == "change" and standing is not None:
        return Forbidden(log="the address has an account")
    return None


def _fixed(config: Config, email: str) -> str | None:
    """The test code of the longest configured suffix that fits."""
    suffixes = sorted((s for s in config.otp.fixed if email.endswith(s.lower())), key=len)
    return config.otp.fixed[suffixes[-1]] if suffixes else None


def _code_hash(crypto: Crypto, email: str, app: str, code: str) -> str:
    return crypto.hash(f"code\0{email}\0{app}\0{code}")


def _store(tx: Tx, kernel: Kernel, email: str, client: Client, code: str) -> None:
    """Keep a code; whoever asks for the next one never waits for others'."""
    now, email_hash, app, network = kernel.clock.now(), kernel.crypto.hash(email), client.app, limits.network(client.ip)
    queries.lock_codes(tx, email_hash)
    hashed = _code_hash(kernel.crypto, email, app, code)
    live = [c for c in queries.live_codes(tx, email_hash, now) if c.app == app and c.code_hash != hashed]
    near = [c for c in live if c.network == network]
    for old in near[: max(0, len(near) - LIVE_CODES_OF_A_NETWORK + 1)] or live[: max(0, len(live) - LIVE_CODES + 1)]:
        queries.delete_code(tx, email_hash, app, old.code_hash)
    _keep(tx, kernel, email, client, code, now + LIFETIME)


def _keep(tx: Tx, kernel: Kernel, email: str, client: Client, code: str, expires_at: int) -> None:
    cipher, nonce = kernel.crypto.encrypt(code)
    stored = queries.StoredCode(client.app, _code_hash(kernel.crypto, email, client.app, code), cipher, nonce, expires_at, limits.network(client.ip))
    queries.store_code(tx, kernel.crypto.hash(email), kernel.crypto.encrypt(email), stored, kernel.clock.now())


def add(tx: Tx, kernel: Kernel, email: str, app: App, code: str, expires_at: int) -> None:
    """A code that an administrator chose for a normalised address, good until then (µs)."""
    queries.lock_codes(tx, kernel.crypto.hash(email))
    _keep(tx, kernel, email, Client(app, "", ""), code, expires_at)


class Check(Enum):
    """How a code was found. Wrong guesses are counted, so the refusal must be raised after the transaction: `refuse`."""

    OK = "ok"
    WRONG = "wrong"
    GONE = "gone"
    LOCKED = "locked"

    def refuse(self) -> None:
        """Raise what the protocol answers, or nothing for OK."""
        if self is Check.WRONG:
            raise Unauthorized(log="wrong code")
        if self is Check.GONE:
            raise Gone(log="no live code")
        if self is Check.LOCKED:
            raise TooMany(log="too many wrong codes")


def redeem(tx: Tx, kernel: Kernel, email: str, client: Client, code: str) -> Check:
    """Use up a code; afterwards the codes of this address stand still until COMMIT.

    Wrong guesses count for the network they come from. Once all networks together have made too many, each network may only use codes it
    has asked for itself: the owner's newest still opens, and a thousand strangers guess at their own.
    """
    now, email_hash = kernel.clock.now(), kernel.crypto.hash(email)
    queries.lock_codes(tx, email_hash)
    live = [c for c in queries.live_codes(tx, email_hash, now) if c.app == client.app]
    if not live:
        return Check.GONE
    guess = limits.Guess("code", f"{client.app} {email_hash}", client.ip)
    near, together = limits.guesses(tx, kernel.config.limits, guess, now)
    if not near:
        return Check.LOCKED
    hashed = _code_hash(kernel.crypto, email, client.app, code)  # keyed: equality by plain comparison tells a guesser nothing
    meant = next((c for c in live if c.code_hash == hashed), None)
    if meant is None or not (together or meant.network == limits.network(client.ip)):
        return Check.WRONG if together else Check.LOCKED
    limits.right_guess(tx, guess)
    queries.delete_code(tx, email_hash, client.app, hashed)
    return Check.OK


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A code that can still be used."""

    app: str
    code: str
    expires_at: int  # µs


def pending_codes(tx: Tx, crypto: Crypto, email: str, now: int) -> list[PendingCode]:
    """For `darkroom ott EMAIL`: the live codes of an address, oldest first."""
    codes = queries.live_codes(tx, crypto.hash(normal_email(email)), now)
    return [PendingCode(c.app, crypto.decrypt(c.code_cipher, c.code_nonce), c.expires_at) for c in codes]


@dataclass(frozen=True, slots=True)
class WaitingCode(PendingCode):
    """The same with the address that asked for it; "" where that was not kept."""

    email: str
    created_at: int  # µs


def waiting_codes(tx: Tx, crypto: Crypto, now: int) -> list[WaitingCode]:
    """The live codes of everybody, the newest first: what the administrator of a server without mail hands on."""
    return [
        WaitingCode(c.app, crypto.decrypt(*c.code), c.expires_at, crypto.decrypt(*c.email) if c.email else "", c.created_at)
        for c in queries.waiting(tx, now, MOST_SHOWN)
    ]
