"""TOTP as RFC 6238 has it and every authenticator app does it: SHA-1, 30 s, six digits. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
from urllib.parse import quote

import segno

from ..kernel.clock import SECOND, Ids
from ..kernel.crypto import b64, same

STEP = 30 * SECOND
TOLERANCE = 1  # steps that a phone's clock may be off


def new_secret(ids: Ids) -> str:
    """20 random bytes as base32, 32 characters."""
    return base64.b32encode(ids.bytes(20)).decode()


def code(secret: str, step: int) -> str:
    """The six digits of a time step."""
    mac = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def matching(secret: str, guess: str, now: int) -> list[int]:
    """Time steps around `now` (µs) whose code this is: nearly always none or one. Every step is compared, in constant time."""
    here, guess = now // STEP, guess.strip()
    return [step for step in range(here - TOLERANCE, here + TOLERANCE + 1) if same(code(secret, step).encode(), guess.encode("utf-8", "replace"))]


def qr_code(secret: str, email: str) -> str:
    """A PNG, base64, that authenticator apps scan. Takes milliseconds: not for the event loop."""
    label = quote(f"ente:{email}", safe=":@")
    uri = f"otpauth://totp/{label}?algorithm=SHA1&digits=6&issuer=ente&period=30&secret={secret}"
    out = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(out, kind="png", scale=4)
    return b64(out.getvalue())
