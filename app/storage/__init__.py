"""Stores as people and operators see them: what is used, of whom, where, and how many copies there are.

What other features ask of it is in `service`; what operators do, in `entry`.
"""

from .jobs import JOBS
from .routes import ROUTES

__all__ = ["JOBS", "ROUTES"]
