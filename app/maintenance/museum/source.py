"""A live museum database, read on one snapshot, and the keys with which it sealed what it sealed (accounts.md §3). Never writes to it."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_secretbox_open_easy
from nacl.exceptions import CryptoError

from ..vault import Unfit

BATCH = 1000


@dataclass(slots=True)
class Keys:
    """museum's `key.encryption`; its hashes are made anew, so `key.hash` is not needed. `proven`: something was opened with it."""

    encryption: bytes = field(repr=False)
    proven: bool = False

    def open(self, cipher: Any, nonce: Any) -> str | None:
        """A text that museum sealed; None for nothing. Unfit with the wrong key; ValueError for a damaged text, once the key has proven right."""
        if cipher is None or nonce is None:
            return None
        try:
            opened = crypto_secretbox_open_easy(bytes(cipher), bytes(nonce), self.encryption).decode()
        except (CryptoError, ValueError, TypeError):
            if self.proven:
                raise ValueError("a sealed text cannot be opened") from None
            raise Unfit(log="key.encryption is not the one that this museum wrote with") from None
        self.proven = True
        return opened


def read_keys(file: Path | None, environ: Mapping[str, str]) -> Keys:
    """From museum.yaml, or ENTE_KEY_ENCRYPTION as museum reads it."""
    return Keys(read_key("encryption", 32, file, environ))


def read_key(name: str, size: int, file: Path | None, environ: Mapping[str, str]) -> bytes:
    """museum's `key.<name>` of so many bytes, from museum.yaml or the environment. Unfit without it."""
    variable = f"ENTE_KEY_{name.upper()}"
    text = environ.get(variable, "")
    if not text and file is not None:
        try:
            text = _yaml_value(file.read_text(encoding="utf-8"), "key", name)
        except OSError as e:
            raise Unfit(log=f"{file}: {e.strerror}") from None
    if not text:
        raise Unfit(log=f"museum's key.{name} is needed: --museum-config museum.yaml, or {variable}")
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        key = b""
    if len(key) != size:
        raise Unfit(log=f"key.{name} should be {size} bytes in base64")
    return key


def _yaml_value(text: str, section: str, name: str) -> str:
    """`section:` at the margin, then an indented `name: value`: all of YAML that these files use."""
    inside = False
    for line in text.splitlines():
        if re.match(r"\S", line) and not line.startswith("#"):
            inside = line.split("#")[0].strip() == f"{section}:"
        elif inside and (found := re.match(rf"\s+{name}:\s*(\S+)", line)):
            return found[1].strip("\"'")
    return ""


class Museum:
    """The open database. `tables`: its tables with their columns; not all versions have all of them."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.tables: dict[str, set[str]] = {}
        sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        for table, column in db.execute(sql).fetchall():
            self.tables.setdefault(table, set()).add(column)
        if not {"users", "key_attributes", "collections", "files", "object_keys"} <= self.tables.keys():
            raise Unfit(log="this is no museum database: it lacks museum's tables")

    def lacks(self, table: str, *columns: str) -> list[str]:
        """What of a table is not there."""
        if table not in self.tables:
            return [table]
        return [f"{table}.{c}" for c in columns if c not in self.tables[table]]

    def has(self, table: str, column: str) -> bool:
        return column in self.tables.get(table, ())

    def batches(self, sql: str) -> Iterator[list[dict[str, Any]]]:
        """The rows of a query as dicts, some at a time."""
        with self._db.cursor(name="museum_rows") as cursor:
            cursor.execute(sql.encode())
            while rows := cursor.fetchmany(BATCH):
                names = [c.name for c in cursor.description]
                yield [dict(zip(names, row, strict=True)) for row in rows]


@contextlib.contextmanager
def opened(url: str) -> Iterator[Museum]:
    """Unfit when it cannot be read. A museum that still runs is read as of this moment."""
    try:
        import psycopg
    except ImportError:
        raise Unfit(log="reading museum's database needs `pip install 'darkroom[postgres]'`") from None
    try:
        with psycopg.connect(url) as db:
            db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            db.read_only = True
            yield Museum(db)
    except psycopg.Error as e:
        raise Unfit(log=f"museum's database: {str(e).strip().splitlines()[0]}") from e
