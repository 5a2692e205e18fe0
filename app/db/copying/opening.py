"""From the URL of a database to one end of a copy."""

from __future__ import annotations

from pathlib import Path

from .raw import RawDatabase
from .raw_sqlite import RawSqlite
from .tables import Refused


def opened(url: str, *, writable: bool) -> RawDatabase:
    """The database of a URL: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://…`. A writable one is migrated."""
    if url.startswith("sqlite:///"):
        return RawSqlite(sqlite_path(url), writable=writable)
    if url.startswith(("postgresql://", "postgres://")):
        try:
            from .raw_postgres import RawPostgres
        except ImportError as e:
            raise Refused(f"PostgreSQL needs `pip install 'darkroom[postgres]'` ({e.name} is missing)") from None
        return RawPostgres(url, writable=writable)
    raise Refused("a database is named sqlite:///path/darkroom.db or postgresql://…")


def sqlite_path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).expanduser().absolute()
