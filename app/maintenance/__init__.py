"""What an operator runs to trust the data: checking (fsck), cleaning (gc), backup and restore, coming over from museum. No routes.

Commands reach it through `cli`; it asks other features' services and never writes a table of theirs behind their back.
"""

from ..http.routing import Route
from .schedule import JOBS

ROUTES: list[Route] = []

__all__ = ["JOBS", "ROUTES"]
