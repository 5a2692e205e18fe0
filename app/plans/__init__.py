"""Plans, storage bonus and offers (misc.md §9–§11): what a hosted server would sell, answered for one where everything is unlocked."""

from .routes import ROUTES

__all__ = ["ROUTES"]
