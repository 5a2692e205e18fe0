"""Ente Auth's key and codes (misc.md §3). The example feature: whoever reads it knows the shape of all others."""

from .routes import ROUTES

__all__ = ["ROUTES"]
