"""What every engine offers. Features see only this: a transaction is a synchronous function `fn(tx, …)` that runs whole.

SQL is one common subset (see `dialect`), parameters are `:name`. Rows are plain tuples in the order of the SELECT list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Row = tuple[Any, ...]


class Tx(Protocol):
    """An open transaction (or a read snapshot). Valid only inside the function it was handed to."""

    def all(self, sql: str, /, **params: Any) -> list[Row]: ...

    def one(self, sql: str, /, **params: Any) -> Row | None: ...

    def value(self, sql: str, /, **params: Any) -> Any:
        """First column of the first row, or None."""

    def run(self, sql: str, /, **params: Any) -> int:
        """Execute; the number of rows affected."""

    def ask(self, sql: str, /, **params: Any) -> Callable[[], list[Row]]:
        """Like `all`, for rows that are wanted a little later: they are there when the result is called, and are what the statement found
        in its turn. Several questions asked before the first answer is taken travel together."""

    def send(self, sql: str, /, **params: Any) -> None:
        """Execute, in its turn, something nobody needs the answer of: an engine behind a network sends it along with the next statement.
        What it raises may come with that one, or with the commit."""

    def lock(self, sql: str, /, **params: Any) -> None:
        """A SELECT … FOR UPDATE whose rows nobody looks at: sent as `send` does; nothing to do where a single writer is the lock."""


class Database(Protocol):
    """An engine. `write` answers only when the change is durable."""

    engine: str

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
