"""Time, ids and randomness as objects, so that tests can replace them.

Everything on the wire and in the database is integer microseconds (µs) since 1970 UTC. Nothing here touches the database.
"""

from __future__ import annotations

import base64
import os
import random
import string
import time
import uuid
from collections.abc import Callable
from typing import Protocol

ALNUM = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BYTES = bytes(range(256))
_TO_ALNUM = bytes(ord(ALNUM[b % 62]) for b in _BYTES)
_TO_DIGITS = bytes(ord("0") + b % 10 for b in _BYTES)
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """The current time in µs."""

    def now(self) -> int: ...


class SystemClock:
    """The machine's UTC clock. It may step back; `app.sync` makes sure that stamps do not."""

    def now(self) -> int:
        return time.time_ns() // 1000


class ManualClock:
    """A clock that stands still until it is told to move (tests)."""

    def __init__(self, now: int = 1_782_900_000_000_000) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance(self, us: int) -> None:
        self._now += us


class Ids:
    """Random values: secure by default; `Ids(random.Random(seed))` replays."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng

    def bytes(self, n: int) -> bytes:
        return os.urandom(n) if self._rng is None else self._rng.randbytes(n)

    def uuid(self) -> str:
        """A version 4 UUID in canonical lower case."""
        return str(uuid.UUID(bytes=self.bytes(16), version=4))

    def alnum(self, n: int) -> str:
        """n characters of [0-9A-Za-z], each equally likely."""
        return _characters(self.bytes, n, _TO_ALNUM, 248)

    def digits(self, n: int) -> str:
        """n decimal digits, zero-padded, uniformly distributed."""
        return _characters(self.bytes, n, _TO_DIGITS, 250)

    def token(self) -> str:
        """A session token or session id: 32 random bytes as padded URL-safe base64, 44 characters (accounts.md §2.3)."""
        return base64.urlsafe_b64encode(self.bytes(32)).decode()


def _characters(draw: Callable[[int], bytes], n: int, table: bytes, fair: int) -> str:
    """Random bytes from `fair` on are left out: the alphabet does not divide 256, and its first characters would come more often."""
    out = b""
    while len(out) < n:
        out += draw(n).translate(table, _BYTES[fair:])
    return out[:n].decode()
