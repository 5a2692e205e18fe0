"""Memories shared by link, as their owner handles them (collections.md §11). Visitors are in `memory_visits`."""

from .jobs import JOBS
from .routes import ROUTES

__all__ = ["JOBS", "ROUTES"]
