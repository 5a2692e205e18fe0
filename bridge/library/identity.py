"""Ids for tools that want UUIDs: made of the account, a kind and the server's number, and read back out of it. Nothing is stored.

The 122 free bits of a version-4 UUID are 6 of kind, 64 of number and a tag of 52 that only this account's keys make: an id of another account, or one
that somebody made up, has no meaning here. The same account linked again, on another machine too, has the same ids.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from enum import IntEnum

from ..client import crypto
from ..client.keys import Keys

_LOW = (1 << 62) - 1
_MIDDLE = (1 << 12) - 1


class Kind(IntEnum):
    """What an id is of. Numbers are for ever: ids are kept by tools."""

    USER = 1
    PHOTO = 2
    ALBUM = 3
    TAG = 4
    PERSON = 5
    FACE = 6
    STACK = 7
    MEMORY = 8
    API_KEY = 9
    SESSION = 10
    AUTHOR = 11
    IMPORT = 12
    LIVE_VIDEO = 13


class Identity:
    """Ids of one account."""

    def __init__(self, keys: Keys) -> None:
        self._key = crypto.derive_subkey(keys.master_key, 32, 1, b"brgident")

    def of(self, kind: Kind, number: int) -> str:
        """The UUID of a thing with a number, 0 … 2⁶⁴ − 1."""
        return _shaped(kind << 116 | number << 52 | self._tag(kind, number))

    def number(self, kind: Kind, text: str) -> int | None:
        """The number in such a UUID; None for anything else."""
        try:
            value = _free(uuid.UUID(text))
        except (ValueError, AttributeError):
            return None
        number = value >> 52 & (1 << 64) - 1
        same = hmac.compare_digest((value & (1 << 52) - 1).to_bytes(7), self._tag(kind, number).to_bytes(7))
        return number if value >> 116 == kind and same else None

    def named(self, kind: Kind, name: str) -> str:
        """The UUID of a thing that has only a name: whoever knows all the names finds it again."""
        digest = hashlib.blake2b(bytes([kind]) + name.encode(), key=self._key, digest_size=16).digest()
        return _shaped(kind << 116 | int.from_bytes(digest) & (1 << 116) - 1)

    def _tag(self, kind: Kind, number: int) -> int:
        digest = hashlib.blake2b(bytes([kind]) + number.to_bytes(8), key=self._key, person=b"number", digest_size=7).digest()
        return int.from_bytes(digest) >> 4


def canonical(text: str) -> str | None:
    """A UUID as it is written here, in lower case; None for what is none."""
    try:
        return str(uuid.UUID(text))
    except (ValueError, AttributeError):
        return None


def _shaped(value: int) -> str:
    """122 bits as a version-4 UUID."""
    high, middle, low = value >> 74, value >> 62 & _MIDDLE, value & _LOW
    return str(uuid.UUID(int=high << 80 | 4 << 76 | middle << 64 | 2 << 62 | low))


def _free(found: uuid.UUID) -> int:
    value = found.int
    return (value >> 80) << 74 | (value >> 64 & _MIDDLE) << 62 | value & _LOW
