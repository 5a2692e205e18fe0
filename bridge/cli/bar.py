"""How far a long command is: one line of a terminal that is rewritten, and nothing where nobody watches."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Self, TextIO

EVERY = 0.1  # seconds between two lines


class Bar:
    """`with Bar() as tell: tell("Holidays", 3, 10)`."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._wanted = self._out.isatty()
        self._next, self._drawn = 0.0, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if self._wanted and (now >= self._next or done >= total):
            self._next, self._drawn = now + EVERY, True
            self._out.write("\r\x1b[K" + line(stage, done, total, shutil.get_terminal_size().columns))
            self._out.flush()


def line(stage: str, done: int, total: int, width: int) -> str:
    """`[####    ]  120 of 400  stage`, shorter than the terminal is wide."""
    room = max(min(30, width - 40), 0)
    full = room * min(done, total) // max(total, 1)
    bar = f"[{'#' * full}{' ' * (room - full)}]  " if room else ""
    clean = "".join(c if c.isprintable() else "?" for c in stage)
    return f"{bar}{done:,} of {total:,}  {clean}"[: width - 1]
