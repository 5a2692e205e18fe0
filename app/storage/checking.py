"""Reading an object in one store and comparing it with what is known of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from storage_backends import NotFound, ObjectStore

from ..kernel.pace import Pace
from .copy_queries import Facts

_IN_LOOP = 128 << 10  # bytes that are hashed without leaving the event loop


class Digests:
    """BLAKE2b-256 and MD5 of what passes by, and how much that was."""

    def __init__(self, *, md5: bool) -> None:
        self.size = 0
        self._blake = hashlib.blake2b(digest_size=32)
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    async def add(self, chunk: bytes) -> None:
        if len(chunk) > _IN_LOOP:
            await asyncio.to_thread(self._add, chunk)
        else:
            self._add(chunk)

    def _add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._blake.update(chunk)
        if self._md5 is not None:
            self._md5.update(chunk)

    @property
    def digest(self) -> str:
        return self._blake.hexdigest()

    @property
    def md5(self) -> str | None:
        return None if self._md5 is None else self._md5.hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a store has of an object. `problem`: "" when it is good, as far as anything is known of it; `compared`: more than its size was."""

    problem: str
    digest: str = ""
    compared: bool = False


async def look(store: ObjectStore, f: Facts, pace: Pace, *, digest: str | None = None) -> Verdict:
    """Read all of it. `digest`: what it must have beside what `f` knows. Raises what the store raises, but NotFound."""
    digest = digest or f.digest
    seen = Digests(md5=digest is None and f.md5 is not None)
    try:
        async for chunk in reading(store, f.key, pace):
            await seen.add(chunk)
    except NotFound:
        return Verdict("the store does not have it")
    return judge(f, seen, digest)


def judge(f: Facts, seen: Digests, digest: str | None) -> Verdict:
    """Of bytes that were read."""
    if seen.size != f.size:
        return Verdict(f"{seen.size} bytes instead of {f.size}")
    if digest is not None and seen.digest != digest:
        return Verdict("other bytes than were stored (digest)")
    if digest is None and f.md5 is not None and seen.md5 is not None and seen.md5 != f.md5:
        return Verdict("other bytes than were uploaded (MD5)")
    return Verdict("", seen.digest, digest is not None or f.md5 is not None)


async def reading(store: ObjectStore, key: str, pace: Pace) -> AsyncIterator[bytes]:
    """The bytes of an object, at a rate."""
    reader = await store.open(key)
    try:
        async for chunk in reader:
            await pace.take(len(chunk))
            yield chunk
    finally:
        await reader.aclose()
