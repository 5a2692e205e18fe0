"""Administration: what the operator and the administrators do to accounts, by command, by page and by the routes of Ente's own tools."""

from .pages import make_pages
from .routes import ROUTES

__all__ = ["ROUTES", "make_pages"]
