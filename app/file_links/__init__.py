"""Links to a single file, as its owner handles them (files.md §7.1). Visitors are in `file_visits`."""

from .routes import ROUTES

__all__ = ["ROUTES"]
