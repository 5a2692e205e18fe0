"""Everything that comes, in an order in which each row finds those that it names."""

from __future__ import annotations

from . import albums, people

PARTS = (*people.PARTS, *albums.PARTS)
