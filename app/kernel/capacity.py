"""What "unlimited" is to people: the size of the disk that photos lie on. Never what limits an upload: that is `quota`'s."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from .config import Config

WITHOUT_A_DISK = 10 << 40
"""Bytes shown of a store that does not say how large it is: a number that apps can draw a bar of."""


def capacity(config: Config) -> int:
    """Bytes of the disk of the store that takes new objects; the same as long as the process lives, because apps compare answers."""
    first = config.storage[0]
    return _disk(first.path or config.data_dir) if first.kind in ("filesystem", "sqlite") else WITHOUT_A_DISK


@cache
def _disk(path: Path) -> int:
    there = next((p for p in (path.expanduser().absolute(), *path.expanduser().absolute().parents) if p.exists()), None)
    try:
        return shutil.disk_usage(there).total if there else WITHOUT_A_DISK
    except OSError:
        return WITHOUT_A_DISK
