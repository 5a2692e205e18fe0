"""What devices tell about themselves: tokens to wake them by, installs and log-ins (misc.md §11)."""

from ..kernel.jobs import Job
from . import service
from .routes import ROUTES

JOBS = [Job("push.sweep", 24 * 3600, service.sweep)]

__all__ = ["JOBS", "ROUTES"]
