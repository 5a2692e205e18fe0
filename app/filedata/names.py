"""The names clients know preview blobs by: `pv_` and 22 letters and digits (files.md §8).

A name is the object's key in disguise, bound to the file and the type it was issued for: no row has to remember it until it is registered.
"""

from __future__ import annotations

import base64
import uuid

from ..kernel.clock import ALNUM
from ..kernel.crypto import Crypto

PREFIXES = {"vid_preview": "pv_", "img_preview": "pi_"}
_DIGITS = 22  # of base 62 hold 128 bits
_VALUES = {c: i for i, c in enumerate(ALNUM)}


def _mask(crypto: Crypto, file_id: int, kind: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(crypto.sign("preview", kind, file_id))[:16], "big")


def name_of(crypto: Crypto, file_id: int, kind: str, key: str) -> str:
    """The name of a minted key for a preview of this file."""
    value = uuid.UUID(key.partition("/")[2]).int ^ _mask(crypto, file_id, kind)
    digits = []
    for _ in range(_DIGITS):
        value, digit = divmod(value, len(ALNUM))
        digits.append(ALNUM[digit])
    return PREFIXES[kind] + "".join(reversed(digits))


def key_of(crypto: Crypto, owner_id: int, file_id: int, kind: str, name: str) -> str | None:
    """The key behind a name that was issued to this owner for this file; None for any other text."""
    digits = name.removeprefix(PREFIXES[kind])
    if len(digits) != _DIGITS or len(name) != _DIGITS + 3 or not all(c in _VALUES for c in digits):
        return None
    value = 0
    for c in digits:
        value = value * len(ALNUM) + _VALUES[c]
    if value >> 128:
        return None
    key = f"{owner_id}/{uuid.UUID(int=value ^ _mask(crypto, file_id, kind))}"
    return key if crypto.minted(owner_id, key) else None
