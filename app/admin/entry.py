"""Ways into the administration page, for the commands and the start of the server."""

from __future__ import annotations

from .access import FIRST_LINK_LIFETIME, open_link

__all__ = ["FIRST_LINK_LIFETIME", "open_link"]
