"""How far a long command is, on one line of a terminal that is rewritten; nothing where nobody watches, or for what is done at once."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Self, TextIO

PATIENCE = 2.0  # seconds until the first word
EVERY = 0.1  # seconds between two


class Bar:
    """`with Bar() as tell:` is a `kernel.progress.Tell`."""

    def __init__(self, out: TextIO | None = None, *, wanted: bool = True) -> None:
        self._out = out or sys.stderr
        self._wanted = wanted and self._out is not None and self._out.isatty()
        self._next = time.monotonic() + PATIENCE
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if not self._wanted or now < self._next:
            return
        self._next, self._drawn = now + EVERY, True
        self._out.write("\r\x1b[K" + line(stage, done, total, shutil.get_terminal_size().columns))
        self._out.flush()


def line(stage: str, done: int, total: int | None, width: int) -> str:
    """`stage  [#####     ]  12,000 of 24,000`, at most `width - 1` characters."""
    if not total:
        return f"{stage}  {done:,}"[: width - 1] if done else stage[: width - 1]
    figures = f"{min(done, total):,} of {total:,}"
    room = width - len(stage) - len(figures) - 8
    if room < 5:
        return f"{stage}  {figures}"[: width - 1]
    room = min(room, 40)
    full = room * min(done, total) // total
    return f"{stage}  [{'#' * full}{' ' * (room - full)}]  {figures}"
