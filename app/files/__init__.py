"""Files: committing uploads, replacing content, metadata, copies, figures (files.md §3, §4, §6). Bytes belong to objects."""

from .routes import ROUTES

__all__ = ["ROUTES"]
