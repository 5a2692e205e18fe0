"""Visitors of a shared memory (collections.md §11)."""

from .routes import ROUTES

__all__ = ["ROUTES"]
