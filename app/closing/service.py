"""Closing an account and bringing it back, for administrators: what its owner's own way does, without its owner's proof."""

from __future__ import annotations

from .deletion import close
from .restoring import bring_back, link

__all__ = ["bring_back", "close", "link"]
