"""Albums: their rows, people, files and the requests between people (collections.md §1–§5)."""

from .routes import ROUTES

__all__ = ["ROUTES"]
