"""Log-in: codes by e-mail, passwords by SRP, sessions and the tokens for other pages (accounts.md §2, §4, §5.2–§5.6)."""

from .routes import ROUTES
from .sweep import JOBS

__all__ = ["JOBS", "ROUTES"]
