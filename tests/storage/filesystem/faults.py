"""System calls that fail, and what a PUT leaves behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def leftovers(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in (root / "tmp").rglob("*") if path.name != "mp")


def failing(number: int, after: int = 0) -> Callable[..., Any]:
    """A system call that works `after` times and then fails with `number`."""
    left = after

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        if left <= 0:
            raise OSError(number, os.strerror(number))
        left -= 1
        return call.real(*args, **kwargs)  # type: ignore[attr-defined]

    return call


def break_call(monkeypatch: pytest.MonkeyPatch, name: str, number: int, after: int = 0) -> None:
    call = failing(number, after)
    call.real = getattr(os, name)  # type: ignore[attr-defined]
    monkeypatch.setattr(os, name, call)
