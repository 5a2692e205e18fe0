"""Closing an account and bringing it back (accounts.md §5.14). Knows every feature that keeps something of a person; none knows it."""

from .pages import make_pages
from .purge import JOBS
from .routes import ROUTES

__all__ = ["JOBS", "ROUTES", "make_pages"]
