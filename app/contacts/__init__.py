"""A person's address book: encrypted contacts with pictures, synced by `updatedAt` (misc.md §5)."""

from .purge import JOBS
from .routes import ROUTES

__all__ = ["JOBS", "ROUTES"]
