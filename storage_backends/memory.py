"""Objects in a dictionary, for tests and trials. Same rules as the other stores; nothing survives the process."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from storage_backends.contract import ObjectInfo, Part, Presigner, Reader, Staged, Stored
from storage_backends.errors import BadDigest, BadKey, BadLength, InvalidPart, KeyTaken, NoSuchUpload, NotFound
from storage_backends.incoming import BLOCK, IncomingBody
from storage_backends.keys import check_key, check_number, check_parts, parts_etag


@dataclass(frozen=True, slots=True)
class _Object:
    data: bytes
    etag: str
    modified_us: int


@dataclass(slots=True)
class _Upload:
    key: str
    touched_us: int
    parts: dict[int, tuple[str, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class _Location:
    data: bytes | None
    upload_id: str | None = None


class MemoryStore:
    """A store in memory; listing is alphabetical. `now_us` dates objects and uploads."""

    kind = "memory"
    presigner: Presigner | None = None

    def __init__(
        self,
        name: str = "memory",
        *,
        token: Callable[[], str] = lambda: secrets.token_hex(16),
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.name = name
        self._token = token
        self._now_us = now_us
        self._objects: dict[str, _Object] = {}
        self._uploads: dict[str, _Upload] = {}
        self._mark: str | None = None

    async def put(self, key: str, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None, max_length: int | None = None) -> Stored:
        check_key(key)
        data, digest = await _receive(IncomingBody(body, length=length, max_length=max_length), md5)
        return await self.publish(Staged(len(data), digest, digest.hex(), _Location(data)), key)

    async def publish(self, staged: Staged, key: str, *, replace: bool = False) -> Stored:
        location = _location(staged)
        if location.data is None:
            raise NotFound(f"{key}: the staged bytes are gone")
        existing = self._objects.get(check_key(key))
        etag = staged.etag
        if existing is not None and not replace:
            if existing.data != location.data:
                raise KeyTaken(key, staged)
            etag = existing.etag
        else:
            self._objects[key] = _Object(location.data, etag, self._now_us())
        location.data = None
        if location.upload_id is not None:
            self._uploads.pop(location.upload_id, None)
        return Stored(staged.size, staged.md5, etag)

    async def discard(self, staged: Staged) -> None:
        _location(staged).data = None

    async def head(self, key: str) -> ObjectInfo | None:
        found = self._objects.get(check_key(key))
        return None if found is None else ObjectInfo(key, len(found.data), found.etag, found.modified_us)

    def path(self, key: str) -> None:
        check_key(key)

    async def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range does not start or extend below zero")
        found = self._objects.get(check_key(key))
        if found is None:
            raise NotFound(f"{key}: no such object")
        return _chunks(found.data[start : None if length is None else start + length])

    async def delete(self, key: str) -> None:
        self._objects.pop(check_key(key), None)

    async def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        for key in sorted(self._objects):
            found = self._objects.get(key)
            if found is not None and key > after and key.startswith(prefix):
                yield ObjectInfo(key, len(found.data), found.etag, found.modified_us)

    async def create_multipart(self, key: str) -> str:
        upload_id = self._token()
        self._uploads[upload_id] = _Upload(check_key(key), self._now_us())
        return upload_id

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
        check_number(number)
        self._upload(key, upload_id)
        data, digest = await _receive(IncomingBody(body, length=length, max_length=max_length), md5)
        upload = self._upload(key, upload_id)
        upload.parts[number] = (digest.hex(), data)
        upload.touched_us = self._now_us()
        return Part(number, len(data), digest.hex())

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, length: int | None) -> Stored:
        upload = self._upload(key, upload_id)
        wanted = check_parts(parts)
        for number, etag in wanted:
            if upload.parts.get(number, ("",))[0] != etag:
                raise InvalidPart(f"part {number} with etag {etag} was not uploaded")
        data = b"".join(upload.parts[number][1] for number, _ in wanted)
        if length is not None and len(data) != length:
            raise BadLength(f"the parts hold {len(data)} bytes, promised were {length}")
        etag = parts_etag([etag for _, etag in wanted])
        return await self.publish(Staged(len(data), None, etag, _Location(data, upload_id)), key)

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        upload = self._uploads.get(upload_id)
        if upload is not None and upload.key == check_key(key):
            del self._uploads[upload_id]

    async def sweep(self, older_than_us: int) -> int:
        old = [upload_id for upload_id, upload in self._uploads.items() if upload.touched_us < older_than_us]
        for upload_id in old:
            del self._uploads[upload_id]
        return len(old)

    async def sweep_temporary(self) -> int:
        return 0

    async def marker(self) -> str | None:
        return self._mark

    async def mark(self, text: str) -> None:
        self._mark = text

    async def check(self) -> None:
        """Memory is always there."""

    async def free_bytes(self) -> int | None:
        return None

    async def close(self) -> None:
        self._objects.clear()
        self._uploads.clear()

    def _upload(self, key: str, upload_id: str) -> _Upload:
        upload = self._uploads.get(upload_id)
        if upload is None or upload.key != check_key(key):
            raise NoSuchUpload(f"{key}: no such upload")
        return upload


async def _receive(incoming: IncomingBody, md5: bytes | None) -> tuple[bytes, bytes]:
    blocks: list[bytes] = []
    while not incoming.ended:
        blocks.append(await incoming.block())
    data = b"".join(blocks)
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    if md5 is not None and digest != md5:
        raise BadDigest(f"the MD5 is {digest.hex()}, promised was {md5.hex()}")
    return data, digest


async def _chunks(data: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(data), BLOCK):
        yield data[start : start + BLOCK]


def _location(staged: Staged) -> _Location:
    if not isinstance(staged.location, _Location):
        raise BadKey("these bytes were staged by another store")
    return staged.location
