"""Visitors of a link to a single file (files.md §7.2)."""

from .routes import ROUTES

__all__ = ["ROUTES"]
