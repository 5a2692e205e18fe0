"""Families (misc.md §8): up to six people who store on one plan."""

from .pages import make_pages
from .routes import ROUTES

__all__ = ["ROUTES", "make_pages"]
