"""What an import is made of: the parts, and museum's ways of keeping texts, bytes and JSON. Pure: no database here."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...kernel.crypto import b64
from ...kernel.parts import Kernel
from .source import Keys, Museum

Row = dict[str, Any]
Made = list[tuple[str, Row]]


@dataclass(frozen=True, slots=True)
class Context:
    kernel: Kernel
    keys: Keys
    now: int


@dataclass(frozen=True, slots=True)
class Part:
    """`needs`: columns of `table` without which it stays behind; `make`: our rows of one of theirs, none to leave it behind. `sql` may depend on
    what this museum has."""

    table: str
    needs: tuple[str, ...]
    sql: str | Callable[[Museum], str]
    make: Callable[[Context, Row], Made]

    def query(self, museum: Museum) -> str:
        return self.sql if isinstance(self.sql, str) else self.sql(museum)


@dataclass(frozen=True, slots=True)
class Key:
    """An object named by its key: whoever writes the row looks its number up. `size`: what museum noted of it."""

    key: str | None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An album's link named by the hash of its token: its number is looked up, too."""

    token_hash: str


def text(v: Any) -> str | None:
    """A text, or bytes as base64."""
    return None if v is None else b64(bytes(v)) if isinstance(v, bytes | memoryview) else str(v)


def plain_json(v: Any) -> str | None:
    """jsonb as clients get it."""
    if v is None:
        return None
    return json.dumps(json.loads(v) if isinstance(v, str) else v, separators=(",", ":"))


def raw(v: Any) -> bytes:
    """Bytes, whatever base64 or hex they were kept in."""
    if isinstance(v, bytes | memoryview):
        return bytes(v)
    given = str(v)
    if len(given) == 64:
        try:
            return bytes.fromhex(given)
        except ValueError:
            pass
    return base64.urlsafe_b64decode(given.replace("+", "-").replace("/", "_").rstrip("=") + "=" * (-len(given.rstrip("=")) % 4))


def same(r: Row, *names: str) -> Row:
    """Columns that are called and mean the same here. A flag that is null is down."""
    return {name: bool(r[name]) if name.startswith("is_") else r[name] for name in names}
