"""Routes for machines and operators: ping, health, version, and a page for a person who opens the address in a browser."""

from .pages import make_pages
from .routes import ROUTES

__all__ = ["ROUTES", "make_pages"]
