"""Bodies and small stories that the storage tests share."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest

from storage_backends import KeyTaken, ObjectStore, Presigner, Reader, Staged, Stored

MIB = 1 << 20
ALICE = "1580559962386438/0b9c3f0a-7c2e-4a55-9d3e-5a3f2a1b0c01"
BOB = "1580559962386439/0b9c3f0a-7c2e-4a55-9d3e-5a3f2a1b0c02"


async def body(data: bytes, chunk: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(data), chunk):
        yield data[start : start + chunk]


def filler(size: int, seed: int = 0) -> bytes:
    """Bytes that differ from block to block and seed to seed."""
    unit = hashlib.sha256(str(seed).encode()).digest() * 31 + bytes([seed % 256])
    return (unit * (size // len(unit) + 1))[:size]


PHOTO = filler(100 * 1024, 1)
OTHER = filler(100 * 1024, 2)
VIDEO = filler(3 * MIB + 17, 3)
FILM = filler(17 * MIB, 4)
LATER = 1 << 62


def urls_of(store: ObjectStore) -> Presigner:
    assert store.presigner is not None
    return store.presigner


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


async def put(store: ObjectStore, key: str, data: bytes) -> Stored:
    return await store.put(key, body(data), length=len(data), md5=md5(data))


async def drain(reader: Reader) -> bytes:
    return b"".join([chunk async for chunk in reader])


async def read(store: ObjectStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    return await drain(await store.open(key, start, length))


async def keys(store: ObjectStore, prefix: str = "", after: str = "") -> list[str]:
    return [info.key async for info in store.list(prefix, after)]


async def upload(store: ObjectStore, key: str, *parts: bytes) -> tuple[str, list[tuple[int, str]]]:
    """An upload with these parts; its id and the list that completes it."""
    upload_id = await store.create_multipart(key)
    listed = []
    for number, data in enumerate(parts, 1):
        part = await store.put_part(key, upload_id, number, body(data), length=len(data), md5=md5(data))
        listed.append((part.number, part.etag))
    return upload_id, listed


async def taken(store: ObjectStore, key: str, data: bytes) -> Staged:
    """What a PUT of other content under a key in use leaves staged."""
    with pytest.raises(KeyTaken) as refusal:
        await put(store, key, data)
    assert refusal.value.key == key
    return refusal.value.staged
