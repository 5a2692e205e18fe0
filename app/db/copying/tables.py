"""Tables as a database's own catalogue knows them, and their values in one form whatever the engine: int, str, bool, bytes or None."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]
Key = list[Any]


class Refused(RuntimeError):
    """The copy cannot be made or went wrong; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the catalogue knows it. `kinds`: column → int, text, bool or bytes; `identity`: the column that numbers its rows."""

    name: str
    kinds: dict[str, str]
    key: tuple[str, ...]
    refers_to: frozenset[str]
    identity: str | None
    places: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.key:
            raise Refused(f"{self.name} has no primary key")
        object.__setattr__(self, "places", tuple(list(self.kinds).index(k) for k in self.key))

    @property
    def columns(self) -> str:
        return ", ".join(self.kinds)

    def key_of(self, row: Row) -> Key:
        return [row[i] for i in self.places]

    def plain(self, row: Row) -> Row:
        """The row with every value in its one form; Refused for a value that its column cannot hold on every engine."""
        try:
            return tuple(None if v is None else _PLAIN[kind](v) for v, kind in zip(row, self.kinds.values(), strict=True))
        except (TypeError, ValueError) as e:
            raise Refused(f"{self.name}: a row that does not fit its columns: {e}") from None


def _whole(v: Any) -> int:
    if type(v) is not int:
        raise TypeError(f"{type(v).__name__} instead of a number")
    return v


def _text(v: Any) -> str:
    if type(v) is not str or "\0" in v:
        raise TypeError("no text, or one with a NUL, which PostgreSQL cannot store")
    return v


def _truth(v: Any) -> bool:
    if v not in (0, 1):
        raise TypeError(f"{v!r} instead of true or false")
    return bool(v)


def _bytes(v: Any) -> bytes:
    if not isinstance(v, bytes | memoryview):
        raise TypeError(f"{type(v).__name__} instead of bytes")
    return bytes(v)


_PLAIN = {"int": _whole, "text": _text, "bool": _truth, "bytes": _bytes}


def ordered(tables: list[Table]) -> list[Table]:
    """Every table after those it refers to; alphabetically otherwise."""
    left = {t.name: t for t in sorted(tables, key=lambda t: t.name)}
    out: list[Table] = []
    while left:
        ready = [t for t in left.values() if not (t.refers_to - {t.name}) & left.keys()]
        if not ready:
            raise Refused(f"tables refer to each other in a circle: {', '.join(left)}")
        for t in ready:
            out.append(left.pop(t.name))
    return out
