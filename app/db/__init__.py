"""The database: an engine (SQLite or PostgreSQL), transactions as functions `fn(tx, …)`, migrations."""

from .engine import Database, Tx

__all__ = ["Database", "Tx"]
