"""Backups in a bucket, under a prefix:

    backup.json                      whose backups these are
    lock                             who writes, and until when
    objects/<key>                    the bytes; one object for all snapshots that name them
    snapshots/20261129T004200Z/      darkroom.db, secrets.sealed (with a passphrase only), objects.jsonl, and last of all backup.json

A snapshot counts once its backup.json is there: it is written when everything else is. What lies there already is not sent again. A bucket is
another's machine: `secrets.toml` comes here under a passphrase (`sealing`) or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import secrets
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from storage_backends import (
    BadDigest,
    KeyTaken,
    LongBody,
    NotFound,
    ObjectStore,
    S3Store,
    ShortBody,
    StoreConfig,
    StoreError,
)

from ..kernel.clock import MINUTE, SECOND, Clock
from ..kernel.config import Backup
from ..kernel.pace import Pace
from ..kernel.together import together
from . import scratch, sealing, vault
from .place import Brought, Damaged
from .queries import Stock
from .stock import Listing
from .vault import Entry, Facts, Unfit

OBJECTS, SNAPSHOTS, LOCK = "objects/", "snapshots/", "lock"
FILES = (vault.DATABASE, vault.MANIFEST, sealing.SEALED, vault.SECRETS)
AT_ONCE = 16
HELD = 10 * MINUTE
"""A lock that nobody renews: its holder was killed, and is succeeded."""
_WHERE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([0-9A-Za-z._/-]{0,60}))?")


class BucketPlace:
    """See `Place`."""

    local = False
    untrusted = True

    def __init__(self, where: str, store: S3Store, folder: Path, pace: Pace) -> None:
        self.where = where
        self._own = secrets.token_hex(8)
        self._store = store
        self._folder = folder
        self._pace = pace
        self._listing: Listing | None = None
        self._once = asyncio.Lock()

    async def claim(self, instance: str) -> None:
        found = await self._read(vault.FACTS)
        if found is None:
            async for info in self._listed(""):
                if info.key != LOCK:
                    raise Unfit(log=f"{self.where} is not empty and has no backups: name a prefix of its own")
            await self._write(vault.FACTS, json.dumps({"format": vault.FORMAT, "instance": instance}).encode())
        elif _value(self.where, found, "instance") != instance:
            raise Unfit(log=f"{self.where} has the backups of another installation")

    async def tidy(self) -> None:
        """Also parts of large objects of a run that was killed."""
        complete = set(await self.names())
        keys = [info.key async for info in self._listed(SNAPSHOTS)]
        await self._delete([key for key in keys if key.split("/")[1] not in complete])
        with self._asking("sweep"):
            await self._store.sweep(1 << 62)

    async def names(self) -> list[str]:
        names = set()
        async for info in self._listed(SNAPSHOTS):
            _, name, *file = info.key.split("/")
            if file == [vault.FACTS]:
                names.add(name)
        return sorted(names)

    async def facts(self, name: str) -> Facts:
        where = f"{self.where}/{SNAPSHOTS}{name}"
        found = await self._read(f"{SNAPSHOTS}{name}/{vault.FACTS}")
        if found is None:
            raise Unfit(log=f"{where}/{vault.FACTS} is gone")
        return vault.parsed(found.decode("utf-8", "replace"), where)

    @contextlib.asynccontextmanager
    async def fetched(self, name: str, *files: str) -> AsyncIterator[Path]:
        async with self.scratch() as folder:
            for file in files or FILES:
                with contextlib.suppress(NotFound):
                    await self._fetch(f"{SNAPSHOTS}{name}/{file}", folder / file)
            yield folder

    @contextlib.asynccontextmanager
    async def begun(self, name: str) -> AsyncIterator[Path]:
        async with self.scratch() as folder:
            yield folder

    @contextlib.asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        folder = self._folder / secrets.token_hex(4)
        folder.mkdir(mode=0o700)
        yield folder  # gone with the folder around it

    async def have(self, row: Stock, digest: str | None) -> Entry | None:
        """What no snapshot has a digest of is looked at by `bring`, beside the bytes of the store: they are nearer."""
        if digest is None or not (await self._held()).has(row.key, row.size):
            return None
        return Entry(row.object_id, row.key, row.store, row.size, digest)

    async def bring(self, store: ObjectStore, row: Stock, *, as_it_is: bool = False) -> Brought | None:
        try:
            if (await self._held()).has(row.key, row.size) and (found := await self._compared(store, row, as_it_is=as_it_is)) is not None:
                return found
            body = _Body(store, row.key, self._pace)
            md5 = None if as_it_is or row.md5 is None else bytes.fromhex(row.md5)
            await self._put(row.key, body, length=None if as_it_is else row.size, md5=md5)
        except _Trouble as e:
            if isinstance(e.cause, NotFound):
                return None
            raise e.cause from e
        except (BadDigest, ShortBody, LongBody):
            return None
        return Brought(Entry(row.object_id, row.key, row.store, body.size, body.digest.hexdigest()))

    async def _compared(self, store: ObjectStore, row: Stock, *, as_it_is: bool) -> Brought | None:
        """What a killed run had sent, unless it is something else: by the MD5 that S3 names it with, so that it need not come back here."""
        with self._asking(row.key):
            there = await self._store.head(OBJECTS + row.key)
        if there is None:
            return None
        body = _Body(store, row.key, self._pace)
        async for _ in body:
            pass
        good = as_it_is or row.md5 in (None, body.md5.hexdigest())
        if not good or body.size != there.size or there.etag != body.md5.hexdigest():
            return None
        return Brought(Entry(row.object_id, row.key, row.store, body.size, body.digest.hexdigest()), sent=False)

    async def _put(self, key: str, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None) -> None:
        """In the place of what an earlier backup had of an upload that was written anew since."""
        try:
            try:
                await self._store.put(OBJECTS + key, body, length=length, md5=md5)
            except KeyTaken as e:
                await self._store.publish(e.staged, OBJECTS + key, replace=True)
        except (BadDigest, ShortBody, LongBody):
            raise
        except StoreError as e:
            raise self._unfit(e) from e

    async def discard(self, key: str) -> None:
        """Stays: another snapshot may name it, and `prune` finds it."""

    async def finish(self, partial: Path, name: str) -> None:
        for file in FILES:
            path = partial / file
            if path.exists():
                with self._asking(file):
                    await self._store.put(f"{SNAPSHOTS}{name}/{file}", _blocks(path), length=path.stat().st_size, md5=None)
        if not await self._is_ours():
            raise Unfit(log=f"{self.where}: another backup took this place over meanwhile; run it again")
        await self._write(f"{SNAPSHOTS}{name}/{vault.FACTS}", (partial / vault.FACTS).read_bytes())

    async def deliver(self, entry: Entry, store: ObjectStore | None) -> bool:
        """What is there already is the work of a run before, and does not travel again."""
        if store is None:
            async for _ in self._body(entry):
                pass
            return False
        try:
            if not await _has(store, entry):
                await store.put(entry.key, self._body(entry), length=entry.size, md5=None)
        except StoreError as e:
            raise Unfit(log=f"store {store.name} does not take {entry.key}: {e.log}") from e
        return False

    async def prune(self, keep: int) -> tuple[list[str], int, int]:
        names = await self.names()
        gone, kept = names[:-keep], names[-keep:]
        await self._delete([f"{SNAPSHOTS}{name}/{vault.FACTS}" for name in gone])
        await self.tidy()
        wanted = array("Q")
        for name in kept:
            async with self.fetched(name, vault.MANIFEST) as folder:
                wanted.extend(vault.hash_of(e.key) for e in vault.entries(folder))
        wanted = array("Q", sorted(wanted))
        doomed: list[str] = []
        size = 0
        async for info in self._listed(OBJECTS):
            mark = vault.hash_of(info.key.removeprefix(OBJECTS))
            at = bisect_left(wanted, mark)
            if at == len(wanted) or wanted[at] != mark:
                doomed.append(info.key)
                size += info.size
        await self._delete(doomed)
        return gone, len(doomed), size

    async def _held(self) -> Listing:
        """What lies in the pool, asked once."""
        async with self._once:
            if self._listing is None:
                listing = Listing()
                async for info in self._listed(OBJECTS):
                    listing.add(info.key.removeprefix(OBJECTS), info.size)
                listing.sort()
                self._listing = listing
            return self._listing

    async def _body(self, entry: Entry) -> AsyncIterator[bytes]:
        """An object's bytes; Damaged instead of the last block when they are not what they were."""
        digest, size, held = hashlib.blake2b(digest_size=32), 0, b""
        with self._asking(entry.key):
            try:
                reader = await self._store.open(OBJECTS + entry.key)
            except NotFound:
                raise Damaged(entry.key) from None
            async for block in reader:
                await asyncio.to_thread(digest.update, block)
                size += len(block)
                if held:
                    yield held
                held = block
        if (size, digest.hexdigest()) != (entry.size, entry.digest):
            raise Damaged(entry.key)
        yield held

    async def _fetch(self, key: str, file: Path) -> None:
        with self._asking(key):
            reader = await self._store.open(key)
            with file.open("wb") as out:
                async for block in reader:
                    await asyncio.to_thread(out.write, block)

    async def _read(self, key: str) -> bytes | None:
        """A small object."""
        with self._asking(key):
            try:
                return b"".join([block async for block in await self._store.open(key)])
            except NotFound:
                return None

    async def _write(self, key: str, data: bytes) -> None:
        """A small object, in the place of an earlier one."""

        async def body() -> AsyncIterator[bytes]:
            yield data

        with self._asking(key):
            try:
                await self._store.put(key, body(), length=len(data), md5=None)
            except KeyTaken as e:
                await self._store.publish(e.staged, key, replace=True)

    async def _listed(self, prefix: str) -> AsyncIterator[Any]:
        with self._asking("list"):
            async for info in self._store.list(prefix):
                yield info

    async def _delete(self, keys: list[str]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(key: str) -> None:
            async with gate:
                with self._asking(key):
                    await self._store.delete(key)

        for start in range(0, len(keys), 1000):
            await together(one(key) for key in keys[start : start + 1000])

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except NotFound:
            raise
        except StoreError as e:
            raise self._unfit(e) from e

    def _unfit(self, error: StoreError) -> Unfit:
        return Unfit(log=f"{self.where}: {error.log}")

    @contextlib.asynccontextmanager
    async def locked(self, clock: Clock) -> AsyncIterator[None]:
        """Nobody else backs up into, or prunes, this place. Unfit while another process does, or until ten minutes after it was killed."""
        found = await self._read(LOCK)
        if found is not None and int(_value(self.where, found, "until")) > clock.now():
            raise Unfit(log=f"{self.where} is in use by another backup, or one that was killed less than ten minutes ago")
        await self._write(LOCK, _lock(self._own, clock.now()))

        async def renew() -> None:
            while True:
                await asyncio.sleep(HELD / SECOND / 5)
                if await self._is_ours():
                    await self._write(LOCK, _lock(self._own, clock.now()))

        task = asyncio.create_task(renew(), name="backup-lock")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(Unfit):  # away with all the rest: it ends by itself
                if await self._is_ours():
                    await self._delete([LOCK])

    async def _is_ours(self) -> bool:
        held = await self._read(LOCK)
        return held is not None and _value(self.where, held, "holder") == self._own


class _Trouble(Exception):
    """The store that bytes come from failed, not the bucket that they go to."""

    def __init__(self, cause: StoreError) -> None:
        super().__init__(cause.log)
        self.cause = cause


class _Body:
    """An object out of a store, hashed as it passes."""

    def __init__(self, store: ObjectStore, key: str, pace: Pace) -> None:
        self._pace = pace
        self.digest, self.md5, self.size = hashlib.blake2b(digest_size=32), hashlib.md5(usedforsecurity=False), 0
        self._blocks = self._read(store, key)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._blocks)

    async def _read(self, store: ObjectStore, key: str) -> AsyncIterator[bytes]:
        try:
            async for block in await store.open(key):
                await asyncio.to_thread(self._hash, block)
                await self._pace.take(len(block))
                yield block
        except StoreError as e:
            raise _Trouble(e) from e

    def _hash(self, block: bytes) -> None:
        self.digest.update(block)
        self.md5.update(block)
        self.size += len(block)


@contextlib.asynccontextmanager
async def opened(where: str, settings: Backup, near: Path | None, clock: Clock | None) -> AsyncIterator[BucketPlace]:
    """The backups under `s3://bucket/prefix`, locked by this clock, or to be read only. Unfit when it does not answer, or is in use."""
    fitting = _WHERE.fullmatch(where.rstrip("/"))
    if fitting is None or "//" in (fitting[2] or ""):
        raise Unfit(log=f"{where} is no place: s3://BUCKET/PREFIX, the prefix of at most 60 letters, digits and . _ - /")
    with scratch.inside(near) as folder:
        store = _store(settings, fitting[1], fitting[2] or "", folder)
        try:
            try:
                await store.check()
            except StoreError as e:
                hint = "is the bucket there, and are backup.endpoint, backup.access_key and backup.secret_key right?"
                raise Unfit(log=f"{where}: {e.log}: {hint}") from e
            place = BucketPlace(where.rstrip("/"), store, folder, Pace(settings.rate))
            if clock is not None:
                async with place.locked(clock):
                    yield place
            else:
                yield place
        finally:
            await store.close()


def _store(settings: Backup, bucket: str, prefix: str, folder: Path) -> S3Store:
    config = StoreConfig(
        name="backup",
        kind="s3",
        endpoint=settings.endpoint or "",
        bucket=bucket,
        region=settings.region,
        access_key=settings.access_key.get_secret_value() if settings.access_key else "",
        secret_key=settings.secret_key.get_secret_value() if settings.secret_key else "",
        path_style=settings.path_style,
        proxy=True,
        tmp=folder / "sending",
        prefix=f"{prefix}/" if prefix else "",
    )
    try:
        return S3Store(config)
    except ValueError:
        raise Unfit(log="backup: a bucket needs backup.endpoint, backup.access_key and backup.secret_key in the configuration") from None


async def _has(store: ObjectStore, entry: Entry) -> bool:
    """Whether a store has these bytes."""
    there = await store.head(entry.key)
    if there is None or there.size != entry.size:
        return False
    digest = hashlib.blake2b(digest_size=32)
    async for block in await store.open(entry.key):
        await asyncio.to_thread(digest.update, block)
    return digest.hexdigest() == entry.digest


async def _blocks(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb", buffering=0) as source:
        while block := await asyncio.to_thread(source.read, vault.BLOCK):
            yield block


def _lock(holder: str, now: int) -> bytes:
    return json.dumps({"holder": holder, "until": now + HELD}).encode()


def _value(where: str, text: bytes, name: str) -> Any:
    try:
        return json.loads(text)[name]
    except (ValueError, KeyError, TypeError) as e:
        raise Unfit(log=f"{where} has something else in the place of {name}: {e}") from None
