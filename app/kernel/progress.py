"""How a long command says how far it is: a stage, how many of how many. Whoever runs it decides what becomes of that."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str, int, int | None], None]
"""(what is being done, how many are done, of how many or None where nobody knows)."""


def silent(stage: str, done: int, total: int | None) -> None:
    """For whom nobody watches."""
