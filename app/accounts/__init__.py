"""Accounts: sign-up, log-in, keys, sessions, and what a person can see and change of the own account (accounts.md)."""

from .routes import routes
from .sweep import JOBS

__all__ = ["JOBS", "ROUTES"]
ROUTES = routes.all
