"""Passkeys as a second factor: registering them on the accounts page, logging in with one, and the way past a lost one (accounts.md §5.8, §5.9)."""

from ..kernel.jobs import Job
from . import service
from .routes import ROUTES

JOBS = [Job("passkeys.sweep", 60, service.sweep)]

__all__ = ["JOBS", "ROUTES"]
