"""Objects as rows of one SQLite file: for small ones, thumbnails above all, of which a folder of files makes too many.

Making, syncing and naming a file costs the same for 20 KiB as for a megabyte, on a hard disk some ten movements of its head; here uploads that
arrive together share one sync. Any size works, in blocks of a megabyte; from about 256 KiB on a folder is the better place.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from storage_backends import disk
from storage_backends import sqlite_blocks as blocks
from storage_backends import sqlite_rows as rows
from storage_backends.contract import ObjectInfo, Part, Presigner, Reader, Staged, Stored
from storage_backends.errors import BadDigest, BadKey, KeyTaken, NotFound, StoreError, Unavailable
from storage_backends.incoming import BLOCK, IncomingBody
from storage_backends.keys import check_key, check_number, check_parts, parts_etag
from storage_backends.sqlite_file import SqliteFile

_T = TypeVar("_T")
FILE = "objects.db"
LISTED = 1000  # objects of a list that are read at once
SLACK = 4096  # free pages that are left in the file, and a tenth of it
VACUUMED = 512  # pages that are given back in one transaction
MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class _Location:
    """Of staged bytes: their object, and the upload they came from, which ends when they are published."""

    object_id: int
    upload_id: str | None = None


@dataclass(slots=True)
class _Body:
    """What is known of bytes that have come so far; `object_id` once some of them are in the file."""

    md5: hashlib._Hash
    promised: bytes | None = None
    size: int = 0
    object_id: int = 0
    blocks: int = 0

    def verify(self, last: bytes) -> None:
        """Hash the last stretch. Raises `BadDigest` unless the whole is what was promised."""
        self.md5.update(last)
        if self.promised is not None and self.md5.digest() != self.promised:
            raise BadDigest(f"the MD5 is {self.md5.hexdigest()}, promised was {self.promised.hex()}")


class SqliteStore:
    """A store in the file `objects.db` of a folder; listing is alphabetical. `now_us` dates objects and uploads."""

    kind = "sqlite"
    presigner: Presigner | None = None

    def __init__(
        self,
        name: str,
        root: Path,
        *,
        token: Callable[[], str] = lambda: secrets.token_hex(16),
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.name = name
        self._root = root
        self._token = token
        self._now_us = now_us
        with disk.translated(f"open the store {name}"):
            root.mkdir(mode=disk.FOLDER_MODE, parents=True, exist_ok=True)
        self._file = SqliteFile(root / FILE, rows.SCHEMA, self._reached)
        self._before = self._file.read_now(rows.last_id)  # the last object of earlier processes

    def _reached(self, point: str) -> None:
        """A point at which a kill would leave something else; tests die here."""

    async def put(self, key: str, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None, max_length: int | None = None) -> Stored:
        """See `ObjectStore.put`. A body of ≤ 1 MiB is one job of the writer."""
        check_key(key)
        got, block = await self._receive(IncomingBody(body, length=length, max_length=max_length), md5)
        stored = await self._last(got, lambda db: self._put_last(db, key, got, block), len(block))
        if isinstance(stored, Staged):
            raise KeyTaken(key, stored)
        return stored

    async def publish(self, staged: Staged, key: str, *, replace: bool = False) -> Stored:
        check_key(key)
        location = _location(staged)
        done = await self._file.write(lambda db: self._publish(db, staged, location, key, replace))
        if done is None:
            raise KeyTaken(key, staged)
        return done

    async def discard(self, staged: Staged) -> None:
        object_id = _location(staged).object_id
        await self._file.write(lambda db: rows.drop(db, object_id) if rows.staged(db, object_id) else None)

    async def head(self, key: str) -> ObjectInfo | None:
        check_key(key)
        found = await self._file.read(lambda db: rows.find(db, key))
        if found is None:
            self._file.still_there()
            return None
        return ObjectInfo(key, found[1], found[3], found[4])

    def path(self, key: str) -> None:
        check_key(key)

    async def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        check_key(key)
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range does not start or extend below zero")

        def begin(db: sqlite3.Connection) -> tuple[int, int, bytes]:
            found = rows.find(db, key)
            if found is None:
                raise NotFound(f"{key}: no such object")
            end = found[1] if length is None else min(found[1], start + length)
            return found[0], end, blocks.stretch(db, key, found[0], start, min(end, start + BLOCK))

        object_id, end, first = await self._file.read(begin)
        return self._chunks(key, object_id, start, end, first)

    async def _chunks(self, key: str, object_id: int, start: int, end: int, first: bytes) -> AsyncGenerator[bytes, None]:
        chunk = first
        while chunk:
            start += len(chunk)
            yield chunk
            chunk = (
                await self._file.read(partial(blocks.stretch, key=key, object_id=object_id, start=start, end=min(end, start + BLOCK)))
                if start < end
                else b""
            )

    async def delete(self, key: str) -> None:
        check_key(key)

        def gone(db: sqlite3.Connection) -> None:
            found = rows.find(db, key)
            if found is not None:
                rows.drop(db, found[0])

        await self._file.write(gone)

    async def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        while True:
            found = await self._file.read(partial(rows.page, prefix=prefix, after=after, limit=LISTED))
            for row in found:
                yield ObjectInfo(*row)
            if len(found) < LISTED:
                return
            after = found[-1][0]

    async def create_multipart(self, key: str) -> str:
        check_key(key)
        upload_id, now = self._token(), self._now_us()
        await self._file.write(lambda db: db.execute("INSERT INTO uploads (id, key, touched_us) VALUES (?, ?, ?)", (upload_id, key, now)) and None)
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
        check_key(key)
        await self._file.read(lambda db: blocks.check_upload(db, key, upload_id))
        got, block = await self._receive(IncomingBody(body, length=length, max_length=max_length), md5)

        def last(db: sqlite3.Connection) -> Part:
            blocks.check_upload(db, key, upload_id)
            got.verify(block)
            object_id = self._keep(db, got, block)
            rows.add_part(db, upload_id, number, object_id, got.size, got.md5.hexdigest(), self._now_us())
            return Part(number, got.size, got.md5.hexdigest())

        return await self._last(got, last, len(block))

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, length: int | None) -> Stored:
        check_key(key)
        chosen = await self._file.read(lambda db: blocks.choose(db, key, upload_id, check_parts(parts), length))
        joined = _Body(hashlib.md5(usedforsecurity=False))  # stays empty: an object of parts has no MD5 of its own
        rest = b""
        try:
            for object_id, size, _ in chosen:
                for n in range(-(-size // BLOCK)):
                    data = rest + await self._file.read(partial(blocks.part_block, key=key, upload_id=upload_id, object_id=object_id, number=n))
                    full = len(data) // BLOCK * BLOCK
                    rest = data[full:]
                    if full:
                        await self._file.write(partial(self._append, got=joined, block=data[:full]), full)
        except BaseException:
            await self._undo(joined)
            raise
        joined.size = sum(size for _, size, _ in chosen)
        etag = parts_etag([etag for _, _, etag in chosen])

        def last(db: sqlite3.Connection) -> Stored | Staged:
            blocks.check_upload(db, key, upload_id)
            object_id = self._keep(db, joined, rest)
            rows.finish(db, object_id, joined.size, None, etag)
            staged = Staged(joined.size, None, etag, _Location(object_id, upload_id))
            return self._publish(db, staged, _Location(object_id, upload_id), key, False) or staged

        stored = await self._last(joined, last, len(rest))
        if isinstance(stored, Staged):
            raise KeyTaken(key, stored)
        return stored

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        check_key(key)
        await self._file.write(lambda db: rows.end_upload(db, upload_id) if rows.upload_key(db, upload_id) == key else None)

    async def sweep(self, older_than_us: int) -> int:
        """Also gives back to the file system what deletions have left free, in steps between which others write."""

        def work(db: sqlite3.Connection) -> int:
            count = self._drop_staged(db, MAX, older_than_us)
            uploads = rows.old_uploads(db, older_than_us)
            for upload_id in uploads:
                rows.end_upload(db, upload_id)
            return count + len(uploads)

        count = await self._file.write(work)
        more = True
        while more:
            more = await self._file.write(_vacuum)
        return count

    async def sweep_temporary(self) -> int:
        return await self._file.write(lambda db: self._drop_staged(db, self._before, MAX))

    async def marker(self) -> str | None:
        self._file.still_there()
        found = await self._file.read(lambda db: db.execute("SELECT text FROM mark").fetchone())
        return None if found is None else str(found[0])

    async def mark(self, text: str) -> None:
        await self._file.write(lambda db: db.execute("INSERT OR REPLACE INTO mark (id, text) VALUES (1, ?)", (text,)) and None)

    async def check(self) -> None:
        """A small object is written and removed again."""

        def try_it(db: sqlite3.Connection) -> None:
            rows.drop(db, self._keep(db, _Body(hashlib.md5(usedforsecurity=False), size=5), b"check"))

        try:
            await self._file.write(try_it)
        except StoreError as error:
            raise Unavailable(f"{self.name}: {error.log}") from error

    async def free_bytes(self) -> int | None:
        with disk.translated("look for room"):
            return await asyncio.to_thread(disk.free_bytes, self._root)

    async def close(self) -> None:
        await self._file.close()

    async def _receive(self, incoming: IncomingBody, md5: bytes | None) -> tuple[_Body, bytes]:
        """All but the last stretch of a body are written; that one is returned. The writer hashes: it is the thread they pass anyway."""
        got = _Body(hashlib.md5(usedforsecurity=False), md5)
        try:
            rest = await incoming.block()
            while not incoming.ended:
                full = len(rest) // BLOCK * BLOCK
                await self._file.write(partial(self._append, got=got, block=rest[:full]), full)
                rest = rest[full:] + await incoming.block()
        except BaseException:
            await self._undo(got)
            raise
        got.size = incoming.size
        return got, rest

    async def _last(self, got: _Body, act: Callable[[sqlite3.Connection], _T], weight: int) -> _T:
        """The job that makes of received bytes what they are to be; where it fails, they go."""
        written = got.object_id
        try:
            return await self._file.write(act, weight)
        except Exception:
            got.object_id = written  # what the job itself had made is undone already
            await self._undo(got)
            raise

    async def _undo(self, got: _Body) -> None:
        if got.object_id:
            object_id = got.object_id
            await self._file.write(lambda db: rows.drop(db, object_id) if rows.staged(db, object_id) else None)

    # --- on the writer's thread
    def _append(self, db: sqlite3.Connection, got: _Body, block: bytes) -> None:
        if not got.object_id:
            got.object_id = rows.insert(db, None, 0, None, "", self._now_us())
        got.md5.update(block)
        got.blocks = rows.append(db, got.object_id, got.blocks, block)

    def _keep(self, db: sqlite3.Connection, got: _Body, block: bytes) -> int:
        """The rest of a body; its object, staged."""
        object_id = got.object_id or rows.insert(db, None, got.size, got.md5.digest(), got.md5.hexdigest(), self._now_us())
        if got.object_id:
            rows.finish(db, object_id, got.size, got.md5.digest(), got.md5.hexdigest())
        rows.append(db, object_id, got.blocks, block)
        return object_id

    def _put_last(self, db: sqlite3.Connection, key: str, got: _Body, block: bytes) -> Stored | Staged:
        got.verify(block)
        digest, etag = got.md5.digest(), got.md5.hexdigest()
        if not got.object_id and rows.find(db, key) is None:  # the usual case: one object row, one block
            object_id = rows.insert(db, key, got.size, digest, etag, self._now_us())
            rows.append(db, object_id, 0, block)
            return Stored(got.size, digest, etag)
        location = _Location(self._keep(db, got, block))
        staged = Staged(got.size, digest, etag, location)
        return self._publish(db, staged, location, key, False) or staged

    def _publish(self, db: sqlite3.Connection, staged: Staged, location: _Location, key: str, replace: bool) -> Stored | None:
        """None when the key holds other content."""
        if not rows.staged(db, location.object_id):
            raise NotFound(f"{key}: the staged bytes are gone")
        found = rows.find(db, key)
        etag = staged.etag
        if found is not None and not replace:
            if not _same(db, found, staged, location):
                return None
            etag = found[3]
            rows.drop(db, location.object_id)
        else:
            if found is not None:
                rows.drop(db, found[0])
            rows.name(db, location.object_id, key)
        if location.upload_id is not None:
            rows.end_upload(db, location.upload_id)
        return Stored(staged.size, staged.md5, etag)

    def _drop_staged(self, db: sqlite3.Connection, up_to_id: int, older_than_us: int) -> int:
        count = 0
        for object_id in rows.leftovers(db, up_to_id, older_than_us):
            rows.drop(db, object_id)
            count += 1
        return count


def _same(db: sqlite3.Connection, found: rows.Facts, staged: Staged, location: _Location) -> bool:
    """Whether an object holds the staged bytes: by what is known of both, and by reading them when that does not decide."""
    object_id, size, md5, etag, _ = found
    if size != staged.size:
        return False
    if etag == staged.etag:
        return True
    if md5 is not None and staged.md5 is not None:
        return False
    return rows.same_bytes(db, object_id, location.object_id, size)


def _vacuum(db: sqlite3.Connection) -> bool:
    """Give some free pages back; whether there are more than are worth keeping."""
    free = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    pages = int(db.execute("PRAGMA page_count").fetchone()[0])
    if free <= max(SLACK, pages // 10):
        return False
    db.execute(f"PRAGMA incremental_vacuum({VACUUMED})").fetchall()
    return True


def _location(staged: Staged) -> _Location:
    if not isinstance(staged.location, _Location):
        raise BadKey("these bytes were staged by another store")
    return staged.location


def is_marked(root: Path) -> bool:
    """Whether the store in this folder, if there is one, carries a mark. Makes nothing."""
    if not (root / FILE).exists():
        return False
    try:
        db = sqlite3.connect(f"file:{quote(str((root / FILE).absolute()))}?mode=ro", uri=True)
        try:
            return db.execute("SELECT 1 FROM mark").fetchone() is not None
        finally:
            db.close()
    except sqlite3.Error:
        return False
