"""Where museum's bytes are, and how they come: from a folder of files by key, from the data folder of a MinIO, or adopted where they lie."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from storage_backends import ObjectStore, check_key

from . import minio

_BLOCK = 1 << 20


class Objects:
    """A folder of `<key>` files, that of a bucket in MinIO's data, or MinIO's data itself; None for a bucket that is one of our stores and adopted
    as it is. `damaged`: key → why its bytes at the source are none."""

    def __init__(self, store: ObjectStore, folder: Path | None) -> None:
        self.store, self.folder = store, folder
        self.damaged: dict[str, str] = {}
        self._roots = [] if folder is None else _roots(folder)

    async def bring(self, key: str) -> tuple[str, int] | None:
        """(how it came, bytes); None when the source does not have it."""
        there = await self.store.head(key)
        if there is not None:
            return ("adopted" if self.folder is None else "here", there.size)
        check_key(key)
        for root in self._roots:
            source = root / key
            if await asyncio.to_thread(source.is_file):
                return await self._file(key, source)
            if await asyncio.to_thread((source / minio.META).is_file) and (came := await self._minio(key, source)) is not None:
                return came
        return None

    async def _file(self, key: str, source: Path) -> tuple[str, int]:
        size = (await asyncio.to_thread(source.stat)).st_size
        path = self.store.path(key)
        if path is not None and await asyncio.to_thread(_link, source, path):
            return ("linked", size)
        await self.store.put(key, _in_thread(_blocks(source)), length=size, md5=None)
        return ("copied", size)

    async def _minio(self, key: str, place: Path) -> tuple[str, int] | None:
        try:
            found = await asyncio.to_thread(minio.look, place)
            if found is None:
                return None
            await self.store.put(key, _in_thread(minio.blocks(place, found)), length=found.size, md5=None)
        except (minio.Unreadable, OSError) as e:
            self.damaged[key] = str(e)
            return None
        return ("copied out of MinIO", found.size)


def _roots(folder: Path) -> list[Path]:
    """The folder itself, or the buckets in it when it is all of a MinIO's data."""
    if not (folder / ".minio.sys").is_dir():
        return [folder]
    return sorted(bucket for bucket in folder.iterdir() if bucket.is_dir() and not bucket.name.startswith("."))


def _link(source: Path, path: Path) -> bool:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        os.link(source, path)
    except OSError:
        return False
    return True


def _blocks(source: Path) -> Iterator[bytes]:
    with source.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            yield block


async def _in_thread(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """What reads a disk, without holding up the event loop."""
    with contextlib.closing(blocks):  # type: ignore[type-var]  # a generator
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            yield block
