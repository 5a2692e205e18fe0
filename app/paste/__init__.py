"""Notes that are read once: /paste/* (collections.md §12.1)."""

from .jobs import JOBS
from .routes import ROUTES

__all__ = ["JOBS", "ROUTES"]
