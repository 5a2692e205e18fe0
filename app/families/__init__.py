"""Families (misc.md §8): up to six people who store on one plan."""

from .routes import ROUTES

__all__ = ["ROUTES"]
