"""The trash: /trash/* and POST /files/trash (files.md §9)."""

from .jobs import JOBS
from .routes import ROUTES

__all__ = ["JOBS", "ROUTES"]
