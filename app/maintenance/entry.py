"""What others may ask of backups: which there are."""

from __future__ import annotations

from ..kernel.config import Config
from . import places
from .vault import Facts


async def backups(config: Config, where: str, most: int) -> list[tuple[str, Facts]]:
    """(name, what it says of itself) of the complete ones, the newest first. OSError, Unfit where the folder or bucket cannot be read."""
    async with places.looked_at(places.named(where), config.backup) as place:
        return [(name, await place.facts(name)) for name in (await place.names())[: -most - 1 : -1]]


__all__ = ["Facts", "backups"]
