"""From the URL of a database to a side of a copy."""

from __future__ import annotations

from pathlib import Path

from .ends import Refused, Side, SqliteSide


def opened(url: str, *, writable: bool) -> Side:
    """The side of a URL: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://…`. A writable one is migrated."""
    if url.startswith("sqlite:///"):
        return SqliteSide(sqlite_path(url), writable=writable)
    if url.startswith(("postgresql://", "postgres://")):
        try:
            from .postgres_end import PostgresSide
        except ImportError as e:
            raise Refused(f"PostgreSQL needs `pip install 'darkroom[postgres]'` ({e.name} is missing)") from None
        return PostgresSide(url, writable=writable)
    raise Refused("a database is named sqlite:///path/darkroom.db or postgresql://…")


def sqlite_path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).expanduser().absolute()
