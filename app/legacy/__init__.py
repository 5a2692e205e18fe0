"""Who may recover an account when its owner cannot: trusted people ("Legacy") and recovery kits on paper (misc.md §6, §7)."""

from .jobs import JOBS
from .routes import ROUTES

__all__ = ["JOBS", "ROUTES"]
