"""Rules of pastes: a day's life, one reading, and a guard that keeps programs which only look at links from being that reader.

Strangers make pastes, so all together they are bounded: `MOST` of at most some 33 KB each.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from ..db import Tx
from ..http.request import Request
from ..kernel.clock import DAY, SECOND
from ..kernel.errors import AppError, CodedBadRequest, Gone, Unavailable
from ..kernel.limits import breached
from ..kernel.parts import Kernel
from . import queries
from .wire import Created, NewPaste, Paste

LIFETIME = DAY
GUARD_SECONDS = 120
MOST = 2000
TOKEN_CHARS = 10
_TRIES = 5
_DATA, _HEADER, _KEY = 32_256, 128, 256  # characters (collections.md §12.1)
_KDF = {(67_108_864, 2), (268_435_456, 3)}
_TOKEN = re.compile(r"[A-Za-z0-9]{6,32}")
_BOT = re.compile(r"bot\b|bot/|crawl|spider|preview|facebookexternalhit|slurp|whatsapp|telegram|discord|slack", re.IGNORECASE)


class Unreadable(Gone):
    """410: read already, expired, never made, or asked for by something that is no person's browser."""

    code = "NOT_FOUND"

    def __init__(self, log: str = "") -> None:
        AppError.__init__(self, "Paste is unavailable", log=log)


@dataclass(frozen=True, slots=True)
class Browser:
    """What is looked at of whoever wants to read. `origin` is "" where none is sent."""

    agent_hash: str
    origin: str
    scheme: str
    only_looks: bool
    guard: str

    @classmethod
    def of(cls, request: Request) -> Browser:
        agent = request.header(b"user-agent").strip()
        purpose = request.header(b"purpose") + request.header(b"sec-purpose")
        return cls(
            hashlib.sha256(agent.encode("utf-8", "surrogateescape")).hexdigest(),
            request.header(b"origin"),
            request.base_url.partition("://")[0],
            bool(_BOT.search(agent)) or "prefetch" in purpose or "preview" in purpose or "prerender" in purpose,
            _cookie(request.header(b"cookie"), "paste_guard"),
        )


def _cookie(header: str, name: str) -> str:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def _hash(kernel: Kernel, token: str) -> str:
    return kernel.crypto.hash(f"paste:{token}")


async def create(kernel: Kernel, actor: None, ask: NewPaste) -> Created:
    """Keep a paste for a day. 400 BAD_REQUEST with what is wrong; 429 where too many are kept already."""
    _check(ask)
    now = kernel.clock.now()
    token = await kernel.db.write("paste.create", _create, kernel, ask, now)
    return Created(access_token=token, expires_at=now + LIFETIME)


def _check(ask: NewPaste) -> None:
    if len(ask.encrypted_data) > _DATA:
        raise CodedBadRequest("encrypted payload too large")
    if not ask.encrypted_data.strip():
        raise CodedBadRequest("invalid encrypted payload")
    if len(ask.decryption_header) > _HEADER:
        raise CodedBadRequest("encrypted payload too large")
    if len(ask.encrypted_paste_key) > _KEY or len(ask.encrypted_paste_key_nonce) > _HEADER:
        raise CodedBadRequest("key material too large")
    if (ask.kdf_mem_limit, ask.kdf_ops_limit) not in _KDF or not _sixteen_bytes(ask.kdf_nonce):
        raise CodedBadRequest("invalid key derivation parameters")


def _sixteen_bytes(text: str) -> bool:
    """Base64 of 16 bytes, padded or not."""
    try:
        return len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _create(tx: Tx, kernel: Kernel, ask: NewPaste, now: int) -> str:
    if queries.count(tx) >= MOST and not queries.delete_expired(tx, now):
        raise breached()
    for _ in range(_TRIES):
        token = kernel.ids.alnum(TOKEN_CHARS)
        if queries.insert(tx, _hash(kernel, token), ask, now + LIFETIME):
            return token
    raise Unavailable(log="no free paste token")


def _checked(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise CodedBadRequest("invalid access token")
    return token


async def guard(kernel: Kernel, token: str, browser: Browser) -> str:
    """The cookie by which the same browser may read within two minutes; Unreadable for what only looks at links."""
    hashed = _hash(kernel, _checked(token))
    now = kernel.clock.now()
    if browser.only_looks:
        raise Unreadable("not asked for by a person")
    if not await kernel.db.read(queries.is_there, hashed, now):
        raise Unreadable
    proof = kernel.crypto.jwt(
        {"accessToken": token, "userAgentHash": browser.agent_hash, "claimScope": "PASTE", "expiryTime": now + GUARD_SECONDS * SECOND}
    )
    secure = "; Secure" if "https" in (browser.scheme, browser.origin.partition("://")[0]) else ""
    return f"paste_guard={proof}; Path=/; Max-Age={GUARD_SECONDS}; HttpOnly{secure}; SameSite=Strict"


async def consume(kernel: Kernel, token: str, browser: Browser, confirmed: bool) -> Paste:
    """The paste, once. 400 BAD_REQUEST without the confirmation; Unreadable without the guard's cookie or from another page."""
    hashed = _hash(kernel, _checked(token))
    if not confirmed:
        raise CodedBadRequest("missing consume confirmation")
    if browser.origin not in ("", kernel.config.app_url("paste")) or browser.only_looks:
        raise Unreadable("asked for by another page")
    now = kernel.clock.now()
    claims = kernel.crypto.read_jwt(browser.guard, scope="PASTE", now=now)
    if claims is None or claims.get("accessToken") != token or claims.get("userAgentHash") != browser.agent_hash:
        raise Unreadable("no guard")
    found = await kernel.db.write("paste.consume", queries.take, hashed, now)
    if found is None:
        raise Unreadable
    return found
