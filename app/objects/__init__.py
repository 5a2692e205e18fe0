"""Objects: upload URLs, the byte plane on our own origin, uncommitted bytes, downloads, deletions (files.md §1, §2, §5).

Other features import `objects.service` only.
"""

from .deletion import JOBS
from .routes import routes

ROUTES = routes.all

__all__ = ["JOBS", "ROUTES"]
