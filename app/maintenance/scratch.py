"""A folder for what is on its way, gone at the end, also at the end of the next one when its process was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = ".backup-"


@contextlib.contextmanager
def inside(folder: Path | None) -> Iterator[Path]:
    """A folder of this process's own, gone at the end; what killed ones left there goes too."""
    parent = folder if folder is not None and folder.is_dir() else Path(tempfile.gettempdir())
    for left in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), _held(left):
            shutil.rmtree(left)
    own = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        with _held(own):
            yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """OSError when another process holds it: process numbers say nothing between containers."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)
