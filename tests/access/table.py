"""The rows of all features in one table: every `matrix_*.py` of this folder."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.access.rows import Key, Row
from tests.access.stage import Prepare

TABLE: dict[Key, Row] = {}
PREPARE: dict[Key, Prepare | None] = {}
"""Of each row, what its feature adds to the scene."""

for _file in sorted(Path(__file__).parent.glob("matrix_*.py")):
    _module = importlib.import_module(f"tests.access.{_file.stem}")
    for _key, _row in _module.ROWS.items():
        assert _key not in TABLE, f"{_key} stands in two files"
        TABLE[_key] = _row
        PREPARE[_key] = getattr(_module, "prepare", None)


def title(key: Key) -> str:
    """Of a row, in a test's name."""
    return " ".join(key)
