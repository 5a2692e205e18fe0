"""Mail to people (misc.md §14): short messages in text and HTML, sent by SMTP; without a mail server the log has what must be known."""

from ..kernel.jobs import Job
from .service import send_waiting

ROUTES: list[object] = []
JOBS = [Job("mail", 60, send_waiting)]

__all__ = ["JOBS", "ROUTES"]
