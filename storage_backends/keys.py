"""The form of object keys, part lists and etags, and where a key lives in a folder tree. Pure functions, no I/O.

Every path and URL this package makes of outside text passes through here first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from storage_backends.errors import BadKey, InvalidPart

_KEY = re.compile(r"[0-9A-Za-z._-]+(?:/[0-9A-Za-z._-]+)*")
_MD5 = re.compile(r"[0-9a-f]{32}")
_ETAG = re.compile(r"[0-9A-Za-z-]{1,128}")

MAX_KEY = 200
"""Longest key in characters; with every '/' written as %2F it still fits the 255 bytes of a file name."""
MAX_SEGMENTS = 16
MAX_PARTS = 10_000
"""Parts of one upload, as S3 (files.md §1)."""


def check_key(key: str) -> str:
    """`key` itself, or `BadKey`: segments of `[0-9A-Za-z._-]` with single slashes between, none of them '.' or '..'."""
    if len(key) > MAX_KEY or _KEY.fullmatch(key) is None:
        raise BadKey(f"not an object key: {key[:MAX_KEY]!r}")
    segments = key.split("/")
    if len(segments) > MAX_SEGMENTS or "." in segments or ".." in segments:
        raise BadKey(f"not an object key: {key!r}")
    return key


def file_name(key: str) -> str:
    """The name of the key's file: the key with '/' as %2F (the only character that needs it)."""
    return key.replace("/", "%2F")


def key_of(name: str) -> str | None:
    """The key a file name stands for, or None for a file that is not ours."""
    key = name.replace("%2F", "/")
    try:
        return check_key(key) if file_name(key) == name else None
    except BadKey:
        return None


def fan(key: str) -> str:
    """The folder of a key, by its SHA-256: 256 folders, so that none of a million objects shares its folder with more than some thousands.

    One level only: a second one made nearly every PUT into a young store create and sync two folders more (measured: 4 syncs a PUT
    instead of 2), and file systems of this century index their folders.
    """
    return hashlib.sha256(key.encode()).hexdigest()[:2]


def check_number(number: int) -> int:
    """`number` itself, or `InvalidPart` outside 1…10,000."""
    if not 1 <= number <= MAX_PARTS:
        raise InvalidPart(f"part number {number} is outside 1…{MAX_PARTS}")
    return number


def check_parts(parts: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """The parts with bare etags; raises `InvalidPart` for an empty list, numbers not ascending, or what no store's etag looks like."""
    if not parts:
        raise InvalidPart("a completion without parts")
    bare: list[tuple[int, str]] = []
    last = 0
    for number, etag in parts:
        digest = etag.strip().strip('"')
        if check_number(number) <= last:
            raise InvalidPart(f"part {number} does not follow part {last}")
        if _ETAG.fullmatch(digest) is None:
            raise InvalidPart(f"part {number}: not the etag of a part")
        bare.append((number, digest))
        last = number
    return tuple(bare)


def parts_etag(etags: Sequence[str]) -> str:
    """The etag of a multipart object, as S3 makes it: MD5 of the parts' MD5s, a dash, how many; "" when a part's etag is no MD5."""
    digests = [md5_of(etag) for etag in etags]
    joined = b"".join(digest for digest in digests if digest)
    if len(joined) < 16 * len(etags):
        return ""
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(etags)}"


def md5_of(etag: str) -> bytes | None:
    """The MD5 an etag is, or None when it is something else (multipart, encrypted bucket, weak validator)."""
    return bytes.fromhex(etag) if _MD5.fullmatch(etag) else None
