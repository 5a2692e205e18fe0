"""Small settings of a person: feature switches and the custom album domain (misc.md §4)."""

from .routes import ROUTES

__all__ = ["ROUTES"]
