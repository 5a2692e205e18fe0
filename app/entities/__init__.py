"""End-to-end-encrypted records by type: places, people, smart albums, memories (misc.md §2)."""

from .routes import ROUTES

__all__ = ["ROUTES"]
