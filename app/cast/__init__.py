"""Showing an album on a TV: pairing, watching, ending it (collections.md §10)."""

from .jobs import JOBS
from .routes import ROUTES

__all__ = ["JOBS", "ROUTES"]
