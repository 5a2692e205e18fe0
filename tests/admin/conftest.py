"""A server whose configuration names an administrator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.kernel.config import Admin, Config, Storage
from tests.inprocess import Person, World, open_world


@pytest.fixture
async def governed(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    config = Config(
        data_dir=tmp_path, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), admin=Admin(users=("ADMIN-1@example.org",))
    )
    async with open_world(engine, tmp_path, config=config) as w:
        yield w


@pytest.fixture
async def admin(governed: World) -> Person:
    person = await governed.person("admin")
    assert person.email == "admin-1@example.org"
    return person


@pytest.fixture
async def bob(admin: Person, governed: World) -> Person:
    return await governed.person("bob")
