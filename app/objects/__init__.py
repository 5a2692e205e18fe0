"""Objects: upload URLs, bytes in and out on our own origin, uncommitted bytes, downloads, deletions (files.md §1, §2, §5).

Other features import `objects.service` only.
"""

from . import bounds, deletion, multiparts, strays
from .routes import ROUTES

JOBS = (*bounds.JOBS, *deletion.JOBS, *multiparts.JOBS, *strays.JOBS)

__all__ = ["JOBS", "ROUTES"]
