"""A folder store of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage_backends import FilesystemStore


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def store(root: Path) -> AsyncIterator[FilesystemStore]:
    made = FilesystemStore("fs", root)
    yield made
    await made.close()
