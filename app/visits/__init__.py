"""Everybody who comes by a token instead of an account: visitors of album links, and joining an album through one (collections.md §5.4, §7).

Other features import `visits.service` only. What owners do with their links is in `collections`, which knows nothing of this package.
"""

from .routes import ROUTES

__all__ = ["ROUTES"]
