"""The log as a file that the server rotates by itself: `darkroom.log`, `darkroom.log.1` the one before it, and so on.

Several processes may write it, and another program may move it away: whoever finds that the name means another file opens that one, and
rotation is done under a lock, once. What cannot be written goes to the standard error output instead.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sys
from pathlib import Path


class LogFile(logging.Handler):
    """`size`: bytes from which a new file is begun; `keep`: older files that stay."""

    def __init__(self, path: Path, size: int, keep: int) -> None:
        super().__init__()
        self._path, self._size, self._keep = path, size, keep
        self._fd = self._opened()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
        except Exception:
            self.handleError(record)
            return
        try:
            self._follow()
            if self._size and os.fstat(self._fd).st_size + len(line) > self._size:
                self._rotate(len(line))
            os.write(self._fd, line)  # one call: lines of several processes do not mix
        except OSError:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                sys.stderr.buffer.write(line)
                sys.stderr.flush()

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
        super().close()

    def _opened(self) -> int:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _follow(self) -> None:
        """Open what has the name now, if it is another file than ours."""
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            there = None
        mine = os.fstat(self._fd) if self._fd >= 0 else None
        if there is None or mine is None or (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            fd = self._opened()
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = fd

    def _rotate(self, more: int) -> None:
        lock = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._follow()
            if os.fstat(self._fd).st_size + more <= self._size:  # another process did it meanwhile
                return
            for number in range(self._keep, 0, -1):
                older = self._numbered(number - 1)
                if older.exists():
                    os.replace(older, self._numbered(number))
            if not self._keep:
                os.unlink(self._path)
            self._follow()
        finally:
            os.close(lock)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
