"""What a face declares (see the package's docstring)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .problems import Problem

ANYONE = "anyone"
"""No key is asked for."""
ANY_KEY = "any key"


@dataclass(frozen=True)
class Face:
    """`prefix`: the paths that are its own; the longest that fits decides. `problem`: the body of an error. `headers` go with every answer of it."""

    prefix: str
    problem: Callable[[Problem], Any]
    headers: Mapping[str, str] = field(default_factory=dict)
