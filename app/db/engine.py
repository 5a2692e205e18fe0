"""What every engine offers. Features see only this: a transaction is a synchronous function `fn(tx, …)` that runs whole.

SQL is one common subset (see `dialect`), parameters are `:name`. Rows are plain tuples in the order of the SELECT list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

from ..kernel.figures import Writes

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
Row = tuple[Any, ...]


class Part(list[Row]):
    """The first rows of a SELECT. `cut`: there are more, which would have taken too much memory."""

    cut = False


class Tx(Protocol):
    """An open transaction (or a read snapshot). Valid only inside the function it was handed to.

    A statement's `:name` is the keyword argument of that name, else the attribute of that name of `of`.
    """

    def all(self, sql: str, /, *, of: object = None, **params: Any) -> list[Row]: ...

    def part(self, sql: str, heavy: tuple[int, ...], budget: int, /, *, of: object = None, **params: Any) -> Part:
        """As `all`, but it ends a few rows after those whose texts in the columns `heavy` are more than `budget` characters together: one at
        least, and never more in memory, however large the rows are. The SELECT has an ORDER BY."""

    def one(self, sql: str, /, *, of: object = None, **params: Any) -> Row | None: ...

    def value(self, sql: str, /, *, of: object = None, **params: Any) -> Any:
        """First column of the first row, or None."""

    def run(self, sql: str, /, *, of: object = None, **params: Any) -> int:
        """Execute; the number of rows affected."""

    @overload
    def together(self, a: Callable[[Tx], A], b: Callable[[Tx], B], /) -> tuple[A, B]: ...
    @overload
    def together(self, a: Callable[[Tx], A], b: Callable[[Tx], B], c: Callable[[Tx], C], d: Callable[[Tx], D], /) -> tuple[A, B, C, D]: ...
    def together(self, *steps: Callable[[Tx], Any]) -> Any:
        """What these functions return, called in this order; what one raises ends it.

        An engine behind a network sends the first statements of all of them in one exchange, and so may call each function twice: up to its
        first statement, which must be one with an answer (`all`, `one`, `value`), and again with that answer.
        """

    def send(self, sql: str, /, *, of: object = None, **params: Any) -> None:
        """Execute, in its turn, something nobody needs the answer of: an engine behind a network sends it along with the next statement.
        What it raises may come with that one, or with the commit."""

    def lock(self, sql: str, /, *, of: object = None, **params: Any) -> None:
        """A SELECT … FOR UPDATE whose rows nobody looks at: sent as `send` does; nothing to do where a single writer is the lock."""


class Database(Protocol):
    """An engine. `write` answers only when the change is durable."""

    engine: str
    url: str  # as `darkroom db copy` takes it; may have a password in it
    writes: Writes

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """Finish what is waiting, then close."""

    async def read(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """A short point read: each statement sees what is committed by then. May run on the event loop: index look-ups only."""

    async def scan(self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """A longer read on one snapshot, in a thread: listings, diffs, sums."""

    async def write(self, name: str, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """One named transaction: all of `fn` or nothing of it; whatever it raises reaches the caller after the rollback."""

    async def check(self) -> None:
        """Raise Unavailable when the database cannot be used."""
