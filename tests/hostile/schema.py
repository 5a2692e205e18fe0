"""The tables of schema.sql and their columns, for tests that ask whether each of them was thought of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SCHEMA = Path(__file__).parents[2] / "schema.sql"
_TABLE = re.compile(r"^CREATE TABLE (\w+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r"^  (\w+) (?:(\{identity \d+\})|([A-Z]+))([^\n]*)")
_NO_COLUMN = {"PRIMARY", "UNIQUE", "FOREIGN", "CHECK"}


@dataclass(frozen=True, slots=True)
class Column:
    """`kind`: TEXT, BLOB, INTEGER, BOOLEAN; `refers`: the table it refers to; `optional`: may be left out."""

    name: str
    kind: str
    refers: str
    optional: bool
    is_identity: bool


@cache
def tables() -> dict[str, list[Column]]:
    return {name: [c for line in body.splitlines() if (c := _column(line))] for name, body in _TABLE.findall(SCHEMA.read_text(encoding="utf-8"))}


def _column(line: str) -> Column | None:
    found = _COLUMN.match(line)
    if found is None or found[1] in _NO_COLUMN:
        return None
    name, identity, kind, more = found.groups()
    refers = re.search(r"REFERENCES (\w+)", more)
    needed = "NOT NULL" in more or "PRIMARY KEY" in more
    return Column(name, kind or "INTEGER", refers[1] if refers else "", "DEFAULT" in more or not needed, bool(identity))
