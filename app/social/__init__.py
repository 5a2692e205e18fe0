"""Comments and reactions of an album's people and of its link's visitors (collections.md §8)."""

from .routes import ROUTES

__all__ = ["ROUTES"]
