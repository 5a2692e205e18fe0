"""Data derived from files: machine-learning results, video previews, their change feed (files.md §8).

Other features import `filedata.service` only.
"""

from .routes import ROUTES

__all__ = ["ROUTES"]
