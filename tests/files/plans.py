"""Watching statements: how many a call takes, and whether an index serves each (SQLite's own account of its plan)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from app.db import Tx
from app.db.dialect import with_attributes
from app.db.engine import Row
from app.db.sqlite import SqliteTx
from tests.inprocess import World

GROWING = ("files", "collection_files", "trash", "objects", "deletions", "collections", "collection_shares", "file_data", "feeds", "users", "usage")
BY_ID = re.compile(r"file_id (IN \(:|= r\.)")
WHOLE = re.compile(r"INDEX (files_owner|trash_feed|trash_live|collection_files_feed)")
"""An index that leads through all of a person's or an album's files: wrong where the statement names the files it wants."""


@dataclass
class Seen:
    """Statements executed, as written in the features, with the parameters of one execution."""

    statements: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def scans(self, world: World) -> list[str]:
        """Plan lines that read a whole table that grows, or a whole library for a few files, with their statement."""
        wrong: list[str] = []
        for text, params in dict(self.statements).items():
            if not text.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
                continue
            plan = await world.kernel.db.read(_plan, text, params)
            names = _aliases(text)
            for *_, line in plan:
                word = line.split()
                library = BY_ID.search(text) and WHOLE.search(line)
                if library or (word[0] == "SCAN" and names.get(word[1], word[1]) in GROWING):
                    wrong.append(f"{line}: {text}")
        return wrong


def _plan(tx: Tx, text: str, params: dict[str, Any]) -> list[Row]:
    return tx.all(f"EXPLAIN QUERY PLAN {text}", **params)


def _aliases(text: str) -> dict[str, str]:
    words = text.replace("(", " ").replace(",", " ").split()
    return {alias: table for table, alias in pairwise(words) if table in GROWING}


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """Record every statement of SQLite transactions in the block."""
    seen = Seen()
    execute = SqliteTx._execute

    def record(self: SqliteTx, sql: str, of: object, params: dict[str, Any]) -> Any:
        if not sql.startswith("EXPLAIN"):
            seen.statements.append((sql, with_attributes(sql, dict(params), of)))
        return execute(self, sql, of, params)

    with monkeypatch.context() as patch:
        patch.setattr(SqliteTx, "_execute", record)
        yield seen
