"""What handlers work with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..config import Options
from ..library.api_keys import ApiKeys
from ..library.library import Library
from .keeper import Keeper


@dataclass(frozen=True)
class Bridge:
    """`folder` is the bridge's own, for what can be made again too."""

    folder: Path
    library: Library
    keys: ApiKeys
    keeper: Keeper
    options: Options
