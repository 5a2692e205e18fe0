"""The `ObjectStore` protocol and the values that cross it; the law every backend is tested against (tests/storage).

Holds no behaviour of a backend. Sizes are bytes, `_us` are microseconds since 1970 UTC, MD5s are 16 raw bytes, etags carry no quotes.
Keys match `keys.check_key`. Bytes are durable before any method that stores them returns.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that is durable under its key. `md5` is None where only the parts' digests are known."""

    size: int
    md5: bytes | None
    etag: str


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store knows of an object without reading it. `etag` is a validator: equal etags mean equal bytes."""

    key: str
    size: int
    etag: str
    modified_us: int


@dataclass(frozen=True, slots=True)
class Part:
    """A durable part of a multipart upload; `etag` is the MD5 in hexadecimal."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Staged:
    """Verified bytes not yet visible under any key. `location` means something to the store that made it only."""

    size: int
    md5: bytes | None
    etag: str
    location: object


class Reader(Protocol):
    """The bytes of `ObjectStore.open`. Whoever stops early calls `aclose`."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None: ...


class Presigner(Protocol):
    """Makes URLs of a store; no I/O. Raises `BadKey`, and `InvalidPart` for a part's number."""

    def put(self, key: str, *, now: datetime, expires: int, length: int | None, md5: bytes | None) -> str:
        """URL for one PUT within `expires` seconds of `now`; bound to `length` and `md5` when both are given, else to neither."""
        ...

    def part(self, key: str, upload_id: str, number: int, *, now: datetime, expires: int, length: int | None, md5: bytes | None) -> str:
        """URL for the PUT of one part, as `put`."""
        ...

    def complete(self, key: str, upload_id: str, *, now: datetime, expires: int) -> str:
        """URL for the POST that completes the upload."""
        ...

    def get(self, key: str, *, now: datetime, expires: int, attachment: bool = True, octet_stream: bool | None = None) -> str:
        """URL for GET; answers `Content-Disposition: attachment` / `Content-Type: application/octet-stream` as asked (files.md §2.1).

        `octet_stream` None: as `attachment`.
        """
        ...


class ObjectStore(Protocol):
    """Immutable objects under keys. `presigner`: makes the URLs by which clients reach the store themselves; None: bytes travel over our origin.

    Every method may raise `BadKey`, `NoSpace` and `Unavailable`. Cancelling a call leaves no partial object.
    """

    name: str
    kind: str
    presigner: Presigner | None

    async def put(self, key: str, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None, max_length: int | None = None) -> Stored:
        """Stage, verify and publish without replacing.

        The same content already at `key` is a success. Raises `LongBody` at the first byte beyond `length` or `max_length`,
        `ShortBody`, `BadDigest`, and `KeyTaken` (other content at `key`) carrying the staged bytes: publish or discard them.
        An error of `body` itself passes through, and nothing is kept.
        """
        ...

    async def publish(self, staged: Staged, key: str, *, replace: bool = False) -> Stored:
        """Make staged bytes the object at `key`. Raises `KeyTaken` unless `replace`; `NotFound` when they are already gone."""
        ...

    async def discard(self, staged: Staged) -> None:
        """Drop staged bytes. Idempotent. The parts of a multipart upload stay until it is aborted or swept."""
        ...

    async def head(self, key: str) -> ObjectInfo | None:
        """The object's facts, or None."""
        ...

    def path(self, key: str) -> Path | None:
        """The local file of `key` for zero-copy sending (it may not exist), or None where objects are not local files."""
        ...

    async def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """Bytes from `start`, at most `length`; chunks of 1 MiB except the last; nothing from a start beyond the end.

        Raises `NotFound` here, not at the first chunk.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove the object, durably. Idempotent."""
        ...

    def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, each once, in the store's own stable order.

        `after` is a key yielded before (still there or not): goes on behind it. Objects that come and go meanwhile may be missed.
        """
        ...

    async def create_multipart(self, key: str) -> str:
        """Begin a multipart upload for `key`; returns its id, which opens no other key."""
        ...

    async def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        body: AsyncIterator[bytes],
        *,
        length: int | None,
        md5: bytes | None,
        max_length: int | None = None,
    ) -> Part:
        """Store part `number` (1…10,000), replacing an earlier one. Raises as `put`, and `NoSuchUpload`, `InvalidPart` (number)."""
        ...

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, length: int | None) -> Stored:
        """Make the object of `parts` (number, etag with or without quotes): a subset will do; then the upload is gone.

        Raises `NoSuchUpload`, `InvalidPart`, `BadLength` (the sum is not `length`) and `KeyTaken`; each leaves the upload as it was.
        """
        ...

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """Drop the upload and its parts. Idempotent."""
        ...

    async def sweep(self, older_than_us: int) -> int:
        """Remove temporary files and unfinished uploads last touched before `older_than_us`; returns how many."""
        ...

    async def sweep_temporary(self) -> int:
        """Remove what an ended process left half written, and no unfinished upload; returns how many. Only for who is alone here."""
        ...

    async def marker(self) -> str | None:
        """The text of `mark`; None where there is none. A store that has shown it once raises `Unavailable` when it is gone."""
        ...

    async def mark(self, text: str) -> None:
        """Leave a text (at most 200 bytes) beside the objects, durably, in the place of an earlier one."""
        ...

    async def check(self) -> None:
        """Raises `Unavailable` when objects could not be written now. Goes the way of a real write."""
        ...

    async def free_bytes(self) -> int | None:
        """Room left, or None where nobody can say."""
        ...

    async def close(self) -> None:
        """Let go of threads and connections. Idempotent."""
        ...
