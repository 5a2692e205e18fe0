"""The data folder: making it, and the lock that says who may open its SQLite database.

Two processes must never write or checkpoint one SQLite file (design.md §3), so whoever opens it holds `darkroom.lock` first.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ..kernel.config_sources import ConfigError

DATABASE = "darkroom.db"
LOCK = "darkroom.lock"


class FolderInUse(ConfigError):
    """Another process holds this data folder."""


def prepare(folder: Path) -> Path:
    """The data folder as an absolute path, made (0700) when missing; ConfigError when nothing can be written there."""
    folder = folder.expanduser().absolute()
    probe = folder / f".write-test-{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as e:
        raise ConfigError(f"data_dir: cannot write to {folder}: {e.strerror}") from None
    return folder


def writable(folder: Path) -> Path:
    """The data folder as an absolute path; ConfigError when it could not be made or written. Makes nothing."""
    folder = folder.expanduser().absolute()
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(f"data_dir: cannot write to {there}")
    return folder


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; FolderInUse when somebody else does. The kernel lets go of it however the process ends."""
    try:
        fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as e:
        raise ConfigError(f"data_dir: cannot open {folder / LOCK}: {e.strerror}; is it another user's?") from None
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            raise FolderInUse(f"data_dir: {folder} is in use by another darkroom (process {holder})") from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)
