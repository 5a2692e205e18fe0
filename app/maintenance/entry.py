"""What others may ask of backups: which there are."""

from __future__ import annotations

from pathlib import Path

from .vault import Facts, Vault


def backups(folder: Path, most: int) -> list[tuple[str, Facts]]:
    """(name, what it says of itself) of the complete ones, the newest first. OSError, Unfit where the folder cannot be read."""
    place = Vault(folder)
    return [(name, place.facts(place.snapshot(name))) for name in place.names()[: -most - 1 : -1]]


__all__ = ["Facts", "backups"]
