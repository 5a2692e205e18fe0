"""Invitations: who may sign up where not everybody may. By address, or by a code for whoever has it."""

from .pages import make_pages

ROUTES: list[object] = []

__all__ = ["ROUTES", "make_pages"]
