"""Backups in a folder (`vault` has its layout): objects as hard links where they lie on the same file system, as copies otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from storage_backends import NotFound, ObjectStore, StoreError

from ..kernel.pace import Pace
from . import vault
from .place import Brought, Damaged
from .queries import Stock
from .vault import Entry, Facts, Unfit, Vault


class FolderPlace:
    """See `Place`."""

    local = True
    untrusted = False

    def __init__(self, held: Vault, pace: Pace) -> None:
        self.where = str(held.folder)
        self._vault = held
        self._pace = pace

    async def claim(self, instance: str) -> None:
        await asyncio.to_thread(self._vault.claim, instance)

    async def tidy(self) -> None:
        await asyncio.to_thread(self._vault.tidy)

    async def names(self) -> list[str]:
        return await asyncio.to_thread(self._vault.names)

    async def facts(self, name: str) -> Facts:
        return await asyncio.to_thread(self._vault.facts, self._vault.snapshots / name)

    @contextlib.asynccontextmanager
    async def fetched(self, name: str, *files: str) -> AsyncIterator[Path]:
        yield self._vault.snapshots / name

    @contextlib.asynccontextmanager
    async def begun(self, name: str) -> AsyncIterator[Path]:
        """What it leaves when it fails has no snapshot's name, and `tidy` takes it."""
        partial = self._vault.snapshots / f".partial-{name}"
        partial.mkdir(mode=0o700)
        yield partial

    @contextlib.asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        folder = self._vault.folder / f".drill-{os.getpid()}"
        await asyncio.to_thread(self._vault.tidy)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder)

    async def have(self, row: Stock, digest: str | None) -> Entry | None:
        file = self._vault.file(row.key)
        if _size(file) != row.size:
            return None
        if digest is not None:
            return Entry(row.object_id, row.key, row.store, row.size, digest)
        return await asyncio.to_thread(_judge, file, row)

    async def bring(self, store: ObjectStore, row: Stock, *, as_it_is: bool = False) -> Brought | None:
        file = self._vault.file(row.key)
        file.unlink(missing_ok=True)  # an upload that was written anew since an earlier backup, or bytes that are not its row's
        source = store.path(row.key)
        linked = source is not None and await asyncio.to_thread(_link, source, file)
        if not linked:
            temp = file.with_name(f".tmp-{file.name}"[:250])
            try:
                await _copy(store, row.key, temp, self._pace)
            except NotFound:
                return None
            await asyncio.to_thread(_publish, temp, file)
        entry = await asyncio.to_thread(_entry if as_it_is else _judge, file, row)
        return None if entry is None else Brought(entry, linked)

    async def discard(self, key: str) -> None:
        await asyncio.to_thread(self._vault.file(key).unlink, missing_ok=True)

    async def finish(self, partial: Path, name: str) -> None:
        await asyncio.to_thread(self._finish, partial, name)

    def _finish(self, partial: Path, name: str) -> None:
        pool = self._vault.pool
        for folder in (pool, *(p for p in pool.iterdir() if p.is_dir())):
            vault.sync_folder(folder)
        for file in partial.iterdir():
            vault.sync(file)
        vault.sync_folder(partial)
        os.rename(partial, self._vault.snapshots / name)
        vault.sync_folder(self._vault.snapshots)

    async def deliver(self, entry: Entry, store: ObjectStore | None) -> bool:
        """What is there already is the work of a run before."""
        file = self._vault.file(entry.key)
        if not await asyncio.to_thread(_is_whole, file, entry):
            raise Damaged(entry.key)
        if store is None:
            return False
        path = store.path(entry.key)
        if path is not None and await asyncio.to_thread(_link_back, file, path):
            return True
        try:
            await store.put(entry.key, _blocks(file, entry), length=entry.size, md5=None)
        except StoreError as e:
            raise Unfit(log=f"store {store.name} does not take {entry.key}: {e.log}") from e
        return False

    async def prune(self, keep: int) -> tuple[list[str], int, int]:
        return await asyncio.to_thread(self._vault.prune, keep)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return -1


def _judge(file: Path, row: Stock) -> Entry | None:
    """None when the file does not have the bytes of its row."""
    digest, md5 = vault.digest_of(file, md5=row.md5 is not None)
    if file.stat().st_size != row.size or (row.md5 is not None and md5 != row.md5):
        return None
    return Entry(row.object_id, row.key, row.store, row.size, digest)


def _entry(file: Path, row: Stock) -> Entry:
    """Of a file as it is."""
    return Entry(row.object_id, row.key, row.store, file.stat().st_size, vault.digest_of(file)[0])


def _link(source: Path, file: Path) -> bool:
    """Whether the pool could have the same file: on one file system that has links."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        os.link(source, file)
    except FileExistsError:
        return True
    except OSError:
        return False
    vault.sync_folder(file.parent)
    return True


async def _copy(store: ObjectStore, key: str, temp: Path, pace: Pace) -> None:
    reader = await store.open(key)
    temp.parent.mkdir(mode=0o700, exist_ok=True)
    with temp.open("wb") as out:
        async for block in reader:
            await asyncio.to_thread(out.write, block)
            await pace.take(len(block))


def _publish(temp: Path, file: Path) -> None:
    vault.sync(temp)
    os.rename(temp, file)
    vault.sync_folder(file.parent)


def _is_whole(file: Path, entry: Entry) -> bool:
    try:
        return file.stat().st_size == entry.size and vault.digest_of(file)[0] == entry.digest
    except OSError:
        return False


def _link_back(file: Path, path: Path) -> bool:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(file, path)
    except FileExistsError:
        return path.samefile(file)
    except OSError:
        return False
    vault.sync_folder(path.parent)
    vault.sync_folder(path.parent.parent)
    return True


async def _blocks(file: Path, entry: Entry) -> AsyncIterator[bytes]:
    """The file once more; an error instead of its last block when it changed since it was hashed."""
    digest = hashlib.blake2b(digest_size=32)
    with file.open("rb", buffering=0) as source:
        while block := await asyncio.to_thread(source.read, vault.BLOCK):
            digest.update(block)
            yield block
    if digest.hexdigest() != entry.digest:
        raise Unfit(log=f"{file} changed while it was read")
