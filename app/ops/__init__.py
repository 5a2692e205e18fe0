"""Routes for machines and operators: ping, health, version, and a page for a person who opens the address in a browser."""

from .routes import ROUTES

__all__ = ["ROUTES"]
