"""System calls that fail, and what a PUT leaves behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest


def leftovers(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in (root / "tmp").rglob("*") if path.name != "mp")


def break_call(monkeypatch: pytest.MonkeyPatch, name: str, number: int, after: int = 0) -> None:
    """Let the system call `os.name` work `after` times and then fail with `number`."""
    real, left = getattr(os, name), after

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        if left <= 0:
            raise OSError(number, os.strerror(number))
        left -= 1
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, call)
