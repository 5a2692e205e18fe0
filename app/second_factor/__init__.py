"""The second factor: codes of an authenticator app, their recovery, and what a log-in still owes after its first proof (accounts.md §5.7)."""

from ..kernel.jobs import Job
from . import service
from .routes import ROUTES

JOBS = [Job("second_factor.sweep", 60, service.sweep)]

__all__ = ["JOBS", "ROUTES"]
