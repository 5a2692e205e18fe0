"""Durable steps on a POSIX file system: write and sync a temporary file, give it a name without replacing, sync folders.

Synchronous: runs in threads. Knows paths and bytes, no keys. The order write → fsync → link → fsync of the folder is what makes a
kill or power loss at any step leave either the whole object or none.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from storage_backends.errors import BadDigest, NoSpace, NotFound, Unavailable
from storage_backends.incoming import BLOCK
from storage_backends.timing import SYNCS

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}
_NO_COPY_RANGE = {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM}

_ETAG_ATTRIBUTE = "user.darkroom.etag"
_ETAG = re.compile(rb"[0-9a-f]{32}(-[0-9]{1,5})?")


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turns the system's errors into the store's: full disk or quota, missing file, anything else."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"{doing}: no such file") from error
    except OSError as error:
        text = f"{doing}: {error.strerror}"
        raise (NoSpace(text) if error.errno in _FULL else Unavailable(text)) from error


class TempFile:
    """A file being written, hashed on the way. Ends by `seal` (durable, still nameless to readers) or `drop` (gone)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._fd = -1
        self._hash = hashlib.md5(usedforsecurity=False)

    @property
    def opened(self) -> bool:
        return self._fd >= 0

    @property
    def md5(self) -> bytes:
        return self._hash.digest()

    def reserve(self, size: int) -> None:
        """Raises `NoSpace` now rather than after gigabytes when `size` more bytes cannot fit."""
        with translated("look for room"):
            room = free_bytes(self.path.parent)
        if size > room:
            raise NoSpace(f"{size} bytes to come, {room} free")

    def hash(self, block: bytes) -> None:
        self._hash.update(block)

    def verify(self, md5: bytes | None) -> None:
        """Raises `BadDigest` unless what was hashed is what was promised."""
        if md5 is not None and self.md5 != md5:
            raise BadDigest(f"the MD5 is {self.md5.hex()}, promised was {md5.hex()}")

    def append(self, block: bytes) -> None:
        """Write without hashing."""
        with translated("write"):
            self._open()
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        self.size += len(block)

    def write(self, block: bytes) -> None:
        """Write and hash. The disk begins meanwhile, so that less is left for the sync at the end."""
        begin = self.size
        self.append(block)
        begin_writing(self._fd, begin, len(block))
        self.hash(block)

    def copy(self, sources: Sequence[Path]) -> None:
        """Append whole files inside the kernel; shares their blocks where the file system can."""
        with translated("join parts"):
            self._open()
            for source in sources:
                with open(source, "rb", buffering=0) as part:
                    left = os.fstat(part.fileno()).st_size
                    self.size += left
                    while left:
                        left -= _copy_some(part.fileno(), self._fd, left)

    def seal(self, etag: str | None, *, durable: bool = True) -> None:
        """Keep the etag with the file, sync, close."""
        with translated("sync"):
            self._open()
            if etag is not None:
                remember_etag(self._fd, etag)
            if durable:
                began = time.perf_counter()
                os.fsync(self._fd)
                SYNCS.add(time.perf_counter() - began)
            self._close()

    def drop(self) -> None:
        """Close and remove. Never raises: it runs while another error is on its way."""
        with contextlib.suppress(OSError):
            self._close()
        remove_quietly(self.path)

    def _open(self) -> None:
        if self._fd < 0:
            try:
                self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
            except FileNotFoundError as error:  # the folder is gone, as when its disk was taken away
                raise Unavailable(f"write: {self.path.parent} is not there") from error

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def begin_writing(fd: int, start: int, count: int) -> None:
    """Tell the system to bring these new bytes to the disk now and not at the sync. A hint: where it is not known, nothing happens.

    Linux begins to write dirty pages that are said to be not needed; they stay in memory, because a page is only let go when it is clean.
    """
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(fd, start, count, os.POSIX_FADV_DONTNEED)


def _copy_some(source: int, target: int, count: int) -> int:
    """Copy up to `count` bytes at the files' own positions; how many. Python offers the fast call on Linux only."""
    if hasattr(os, "copy_file_range"):
        try:
            copied = os.copy_file_range(source, target, count)
        except OSError as error:
            if error.errno not in _NO_COPY_RANGE:
                raise
        else:
            if copied:
                return copied
    block = os.read(source, min(count, BLOCK))
    if not block:
        raise OSError(errno.EIO, "a part became shorter while it was read")
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(target, rest) :]
    return len(block)


def link_new(source: Path, target: Path, lock: Path) -> bool:
    """Give `source` the name `target` too; False when that name is taken. Never replaces.

    Where the file system has no hard links, a rename under the exclusive lock of file `lock` does it (and `source` is gone): a rename
    is as atomic, and the lock, which dies with its process, keeps others from the moment between look and rename.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with open(lock, "ab") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if target.exists():
                return False
            os.rename(source, target)
    return True


def make_folders(root: Path, *names: str) -> None:
    """Make `root/names[0]/names[1]…` where missing. The caller syncs."""
    folder = root
    for name in names:
        folder = folder / name
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, FOLDER_MODE)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Some network file systems refuse; they order names themselves."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(fd)


def remember_etag(file: int | Path, etag: str) -> None:
    """Keep the etag on the file itself: it appears and goes with the bytes. Where attributes do not exist, `etag_of` makes do."""
    if hasattr(os, "setxattr"):
        with contextlib.suppress(OSError):
            os.setxattr(file, _ETAG_ATTRIBUTE, etag.encode())


def known_etag(path: Path | int) -> str | None:
    """The etag kept by `remember_etag`, or None when it was never kept or a backup lost it."""
    if hasattr(os, "getxattr"):
        with contextlib.suppress(OSError):
            value = os.getxattr(path, _ETAG_ATTRIBUTE)
            if _ETAG.fullmatch(value):
                return value.decode()
    return None


def etag_of(path: Path | int, stat: os.stat_result) -> str:
    """The kept etag, or size and time of change: objects never change in place, so that too names the bytes."""
    return known_etag(path) or f"{stat.st_size:x}-{stat.st_mtime_ns:x}-w"


def same_bytes(one: Path, other: Path) -> bool:
    """Compare two files of equal size to the end."""
    with open(one, "rb", buffering=0) as left, open(other, "rb", buffering=0) as right:
        while True:
            block = left.read(BLOCK)
            if block != right.read(BLOCK):
                return False
            if not block:
                return True


def free_bytes(folder: Path) -> int:
    """Bytes an ordinary user may still write there."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def remove_quietly(path: Path) -> None:
    """Remove a leftover; what cannot be removed now is `sweep`'s."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def remove_tree(folder: Path) -> None:
    """Remove a folder at once for others (it gets a new name first), then its content."""
    gone = folder.with_name(f"gone.{folder.name}")
    with contextlib.suppress(OSError):
        os.rename(folder, gone)
    shutil.rmtree(gone, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)  # for the rare case that the new name was in use by a leftover


def names(folder: Path) -> Sequence[str]:
    """Sorted names in a folder; none when it is missing or a file that is not ours."""
    try:
        with translated(f"list {folder.name}"):
            return sorted(os.listdir(folder)) if folder.is_dir() else []
    except NotFound:
        return []
