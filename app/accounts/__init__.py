"""Accounts: sign-up, log-in, keys, sessions, and what a person can see and change of the own account (accounts.md)."""

from .routes import ROUTES
from .sweep import JOBS

__all__ = ["JOBS", "ROUTES"]
