"""Objects as files in a folder on this machine: `objects/ab/<key>`, `tmp/` beside it on the same file system.

Owns the flow of a PUT (restic rest-server's saveBlob: temporary file, hash while writing, fsync, link, fsync of the folder); the steps
themselves are `disk`'s. An object never changes once it has its name. No clock in here.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

from storage_backends import disk
from storage_backends.contract import ObjectInfo, Part, Presigner, Reader, Staged, Stored
from storage_backends.disk import TempFile, translated
from storage_backends.errors import BadKey, InvalidPart, KeyTaken, NoSuchUpload, NotFound, StoreError, Unavailable
from storage_backends.file_reader import FileReader
from storage_backends.incoming import IncomingBody
from storage_backends.keys import check_key, check_number, fan, file_name, key_of, parts_etag
from storage_backends.multipart_folder import MultipartFolder
from storage_backends.threads import Threads

T = TypeVar("T")
MARK = ".instance"
"""Name of the mark, in `objects`: it comes and goes with the disk that the objects are on."""


CHECK = ".check-"


@dataclass(frozen=True, slots=True)
class _Location:
    """Where staged bytes lie, and the upload they came from, which ends when they are published."""

    path: Path
    upload: tuple[str, str] | None = None


class FilesystemStore:
    """The default store. `root` must be one file system; listing follows the hash of the keys, not the alphabet."""

    kind = "filesystem"
    presigner: Presigner | None = None

    def __init__(self, name: str, root: Path, *, token: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
        """Makes the folders. `token` gives upload ids (16-64 letters and digits) and one for the names of temporary files."""
        self.name = name
        self._objects = root / "objects"
        self._temp = root / "tmp"
        self._lock = root / "objects.lock"
        self._uploads = MultipartFolder(self._temp / "mp")
        self._token = token
        self._prefix = token()
        self._count = itertools.count()
        self._threads = Threads(name)
        self._synced: set[Path] = set()
        self._mark = self._objects / MARK
        self._marked = False
        self._completing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        with translated(f"open the store {name}"):
            root.mkdir(mode=disk.FOLDER_MODE, parents=True, exist_ok=True)
            disk.make_folders(root, "objects")
            disk.make_folders(root, "tmp", "mp")
            self._make_fan()
            disk.sync_folder(self._temp)
            disk.sync_folder(root)

    def _make_fan(self) -> None:
        """All folders at once and synced, so that no PUT pays for one."""
        there = set(os.listdir(self._objects))
        names = [f"{n:02x}" for n in range(256)]
        for name in names:
            if name not in there:
                disk.make_folders(self._objects, name)
        disk.sync_folder(self._objects)
        self._synced.update(self._objects / name for name in names)

    async def put(self, key: str, body: AsyncIterator[bytes], *, length: int | None, md5: bytes | None, max_length: int | None = None) -> Stored:
        """See `ObjectStore.put`. A body of ≤ 1 MiB costs one thread hop."""
        check_key(key)
        incoming = IncomingBody(body, length=length, max_length=max_length)
        return await self._receive(incoming, length, lambda temp, block: self._put_last(temp, block, md5, key))

    async def publish(self, staged: Staged, key: str, *, replace: bool = False) -> Stored:
        return await self._threads.run(self._publish, staged, check_key(key), replace)

    async def discard(self, staged: Staged) -> None:
        await self._threads.run(disk.remove_quietly, _location(staged).path)

    async def head(self, key: str) -> ObjectInfo | None:
        return await self._threads.run(self._head, key, self._file(key))

    def path(self, key: str) -> Path:
        return self._file(key)

    async def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """See `ObjectStore.open`. What fits in 1 MiB is opened, read and closed in one thread hop."""
        reader = FileReader(self._file(key), start, length, self._threads)
        await reader.begin()
        return reader

    async def delete(self, key: str) -> None:
        await self._threads.run(self._delete, self._file(key))

    async def list(self, prefix: str = "", after: str = "") -> AsyncIterator[ObjectInfo]:
        """In the order of (first byte of the SHA-256 of the key, file name); one thread hop for each of the 256 folders."""
        behind = (fan(after), file_name(after)) if after else ("", "")
        for top in await self._threads.run(disk.names, self._objects):
            if top >= behind[0]:
                for info in await self._threads.run(self._list_folder, top, prefix, behind):
                    yield info

    async def create_multipart(self, key: str) -> str:
        upload_id = self._token()
        await self._threads.run(self._uploads.create, check_key(key), upload_id)
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
        folder = self._uploads.find(check_key(key), upload_id)
        incoming = IncomingBody(body, length=length, max_length=max_length)

        def last(temp: TempFile, block: bytes) -> Part:
            self._seal(temp, block, md5, keep_etag=False)
            self._uploads.add(folder, key, number, temp)
            return Part(number, temp.size, temp.md5.hex())

        return await self._receive(incoming, length, last)

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, length: int | None) -> Stored:
        """See `ObjectStore.complete_multipart`. Needs room for the whole object once more, unless blocks can be shared."""
        check_key(key)
        lock = self._completing.setdefault(upload_id, asyncio.Lock())  # spares a repeated request the copying; nothing depends on it
        async with lock:
            return await self._threads.run(self._complete, key, upload_id, parts, length)

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        try:
            await self._threads.run(self._uploads.remove, check_key(key), upload_id)
        except NoSuchUpload:
            return

    async def sweep(self, older_than_us: int) -> int:
        return await self._threads.run(self._sweep, older_than_us)

    async def sweep_temporary(self) -> int:
        return await self._threads.run(self._sweep_temporary)

    async def marker(self) -> str | None:
        return await self._threads.run(self._read_mark)

    async def mark(self, text: str) -> None:
        await self._threads.run(self._write_mark, text)

    async def check(self) -> None:
        await self._threads.run(self._check)

    async def free_bytes(self) -> int | None:
        with translated("look for room"):
            return await self._threads.run(disk.free_bytes, self._objects)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.close)

    async def _receive(self, incoming: IncomingBody, length: int | None, last: Callable[[TempFile, bytes], T]) -> T:
        """Write all blocks but the last, each while the next one comes in, then `last` with that one, in one hop. Whatever fails, the
        temporary file goes, and no thread writes it any more."""
        temp = self._new_temp()
        writing: asyncio.Task[None] | None = None
        try:
            block = await incoming.block()
            if not incoming.ended and length is not None:
                await self._threads.run(temp.reserve, length)
            while not incoming.ended:
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._threads.run(temp.write, block))
                block = await incoming.block()
            if writing is not None:
                await writing
        except BaseException:
            if writing is not None:
                await asyncio.gather(writing, return_exceptions=True)
            if temp.opened:
                await self._threads.run(temp.drop)
            raise
        return await self._threads.run(_or_drop, temp, last, block)

    def _put_last(self, temp: TempFile, block: bytes, md5: bytes | None, key: str) -> Stored:
        self._seal(temp, block, md5, keep_etag=True)
        return self._publish(Staged(temp.size, temp.md5, temp.md5.hex(), _Location(temp.path)), key, False)

    def _seal(self, temp: TempFile, block: bytes, md5: bytes | None, *, keep_etag: bool) -> None:
        temp.hash(block)
        temp.verify(md5)  # before the last write: a small body with a wrong digest never touches the disk
        temp.append(block)
        temp.seal(temp.md5.hex() if keep_etag else None)

    def _publish(self, staged: Staged, key: str, replace: bool) -> Stored:
        location = _location(staged)
        target = self._file(key)
        self._still_there()
        with translated(f"publish {key}"):
            etag = self._name(location.path, target, key, staged, replace)
            self._sync_name(target.parent)
        disk.remove_quietly(location.path)
        if location.upload is not None:
            self._uploads.remove(*location.upload)
        return Stored(staged.size, staged.md5, etag)

    def _name(self, source: Path, target: Path, key: str, staged: Staged, replace: bool) -> str:
        """Give the staged file its name; the etag of what has it now. Raises `KeyTaken`."""
        if target.parent not in self._synced or not target.parent.is_dir():
            self._synced.discard(target.parent)
            disk.make_folders(self._objects, target.parent.name)
        if replace:
            os.rename(source, target)
        elif not disk.link_new(source, target, self._lock):
            if not _same(source, target, staged):
                raise KeyTaken(key, staged)
            return disk.known_etag(target) or staged.etag
        return staged.etag

    def _sync_name(self, folder: Path) -> None:
        """Make a name in `folder` durable, also one that was there: whoever gave it may not have come to that yet.

        Then the folder's own name, once a process.
        """
        disk.sync_folder(folder)
        if folder not in self._synced:
            disk.sync_folder(self._objects)
            self._synced.add(folder)

    def _complete(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], length: int | None) -> Stored:
        folder = self._uploads.find(key, upload_id)
        files = self._uploads.choose(folder, parts, length)
        etag = parts_etag([file.suffix[1:] for file in files])
        temp = self._new_temp()

        def join(temp: TempFile, _: bytes) -> Stored:
            temp.copy(files)
            temp.seal(etag)
            return self._publish(Staged(temp.size, None, etag, _Location(temp.path, (key, upload_id))), key, False)

        try:
            return _or_drop(temp, join, b"")
        except NotFound as error:  # a part went away under the copy
            if folder.is_dir():
                raise InvalidPart(f"{key}: a part was replaced during the completion") from error
            raise NoSuchUpload(f"{key}: the upload ended meanwhile") from error

    def _head(self, key: str, file: Path) -> ObjectInfo | None:
        """Opens it: whoever promises these bytes must have seen that they can be read."""
        try:
            with translated(f"look at {key}"):
                fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    stat = os.fstat(fd)
                    return ObjectInfo(key, stat.st_size, disk.etag_of(fd, stat), stat.st_mtime_ns // 1000)
                finally:
                    os.close(fd)
        except NotFound:
            self._still_there()
            return None

    def _delete(self, file: Path) -> None:
        """Sync also when the file was gone: an earlier delete may have been killed before it came to that."""
        self._still_there()
        with translated(f"delete {file.name}"):
            file.unlink(missing_ok=True)
            if file.parent.is_dir():
                disk.sync_folder(file.parent)

    def _list_folder(self, top: str, prefix: str, behind: tuple[str, str]) -> Sequence[ObjectInfo]:
        found = []
        for name in disk.names(self._objects / top):
            key = key_of(name)
            if key is not None and key.startswith(prefix) and (top, name) > behind and fan(key) == top:
                info = self._head(key, self._objects / top / name)
                if info is not None:
                    found.append(info)
        return found

    def _sweep(self, older_than_us: int) -> int:
        count = 0
        with translated("sweep"):
            for folder in (self._temp, self._uploads.folder):
                for entry in list(os.scandir(folder)):
                    try:
                        old = entry.stat(follow_symlinks=False).st_mtime_ns // 1000 < older_than_us
                    except FileNotFoundError:
                        continue
                    if not old or entry.path == str(self._uploads.folder):
                        continue
                    path = Path(entry.path)
                    disk.remove_tree(path) if entry.is_dir(follow_symlinks=False) else path.unlink(missing_ok=True)
                    count += 1
        return count

    def _still_there(self) -> None:
        """Raises `Unavailable` when the disk that had the mark has been taken away: an empty mount point has no objects, but does not say
        that there are none, and what is written to it is lost when the disk is back."""
        if self._marked and not self._mark.exists():
            raise Unavailable(f"{self.name}: {self._mark} is gone: is its disk mounted?")

    def _read_mark(self) -> str | None:
        try:
            with translated("read the mark"):
                text = self._mark.read_text(encoding="ascii", errors="replace").strip()
        except NotFound:
            self._still_there()
            return None
        self._marked = True
        return text

    def _write_mark(self, text: str) -> None:
        temp = self._new_temp()
        temp.append(f"{text}\n".encode())
        temp.seal(None)
        with translated("write the mark"):
            os.rename(temp.path, self._mark)
            disk.sync_folder(self._objects)
        self._marked = True

    def _sweep_temporary(self) -> int:
        count = 0
        with translated("sweep"):
            for entry in list(os.scandir(self._temp)):
                if entry.is_file(follow_symlinks=False) and not entry.name.startswith(self._prefix):
                    Path(entry.path).unlink(missing_ok=True)
                    count += 1
            for left in self._objects.glob(f"{CHECK}*"):
                disk.remove_quietly(left)
        return count

    def _check(self) -> None:
        """A small object is written and gets a name, as every upload does: `objects` on another file system than `tmp`, or one that
        belongs to somebody else, shows at that step only."""
        self._still_there()
        temp = self._new_temp()
        name = self._objects / f"{CHECK}{temp.path.name}"
        try:
            temp.append(b"check")
            temp.seal(None, durable=False)
            with translated("give an object its name"):
                disk.link_new(temp.path, name, self._lock)
        except StoreError as error:
            raise Unavailable(f"{self.name}: {error.log}") from error
        finally:
            disk.remove_quietly(name)
            temp.drop()

    def _new_temp(self) -> TempFile:
        return TempFile(self._temp / f"{self._prefix}-{next(self._count)}")

    def _file(self, key: str) -> Path:
        return self._objects / fan(check_key(key)) / file_name(key)


def _or_drop(temp: TempFile, last: Callable[[TempFile, bytes], T], block: bytes) -> T:
    """Run the last step; the temporary file survives only as the staged bytes of `KeyTaken`."""
    try:
        return last(temp, block)
    except KeyTaken:
        raise
    except BaseException:
        temp.drop()
        raise


def _same(source: Path, target: Path, staged: Staged) -> bool:
    """Whether `target` holds the staged bytes: by what is known of both, and by reading them when that does not decide."""
    if target.stat().st_size != staged.size:
        return False
    known = disk.known_etag(target)
    if known == staged.etag:
        return True
    if known is not None and staged.md5 is not None and "-" not in known:
        return False
    return disk.same_bytes(source, target)


def _location(staged: Staged) -> _Location:
    if not isinstance(staged.location, _Location):
        raise BadKey("these bytes were staged by another store")
    return staged.location
