"""What browsers are shown: built web apps, each on a host or port of its own, and, without them, a page that says how to open a link."""

from .pages import make_pages

ROUTES: list[object] = []

__all__ = ["ROUTES", "make_pages"]
