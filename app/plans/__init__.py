"""Plans and storage bonus (misc.md §9, §10): what a hosted server would sell, answered for one where everything is unlocked."""

from .routes import ROUTES

__all__ = ["ROUTES"]
