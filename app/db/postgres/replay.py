"""Functions that are run anew for each answer: how several synchronous ones share an exchange, and how one runs without a thread.

A function `fn(tx)` is called with the answers that are known; at the first statement beyond these, `Wanted` carries that statement out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine import Part, Row, Tx
from .values import Statement, statement_of


class Wanted(BaseException):
    """Carries a statement out of a function; no `except Exception` on the way may stop it."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement


class Replay:
    """The transaction that such a function sees: the answers so far, in order, then those of `then`, or `Wanted` where there is none."""

    __slots__ = ("_answers", "_at", "_then")

    def __init__(self, answers: list[list[Row]], then: Tx | None = None) -> None:
        self._answers = answers
        self._at = 0
        self._then = then

    def all(self, sql: str, /, *, of: object = None, **params: Any) -> list[Row]:
        if self._at < len(self._answers):
            self._at += 1
            return self._answers[self._at - 1]
        if self._then is None:
            raise Wanted(statement_of(sql, of, params))
        return self._then.all(sql, of=of, **params)

    def part(self, sql: str, heavy: tuple[int, ...], budget: int, /, *, of: object = None, **params: Any) -> Part:
        return self._open().part(sql, heavy, budget, of=of, **params)

    def one(self, sql: str, /, *, of: object = None, **params: Any) -> Row | None:
        rows = self.all(sql, of=of, **params)
        return rows[0] if rows else None

    def value(self, sql: str, /, *, of: object = None, **params: Any) -> Any:
        row = self.one(sql, of=of, **params)
        return None if row is None else row[0]

    def together(self, *steps: Callable[[Tx], Any]) -> Any:
        return tuple(step(self) for step in steps)

    def run(self, sql: str, /, *, of: object = None, **params: Any) -> int:
        return self._open().run(sql, of=of, **params)

    def send(self, sql: str, /, *, of: object = None, **params: Any) -> None:
        self._open().send(sql, of=of, **params)

    lock = send

    def _open(self) -> Tx:
        if self._then is None:
            raise TypeError("a read changes nothing, and what travels together begins with a statement that has an answer")
        return self._then
