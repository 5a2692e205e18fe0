"""Libraries of alice on folders of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bridge.library.library import Library
from bridge.library.vault import Link
from tests.bridge.conftest import URL, Server, Someone

Open = Callable[..., Library]


@pytest.fixture
async def opened(server: Server, alice: Someone, tmp_path: Path) -> AsyncIterator[Open]:
    """`opened("laptop")`: alice's library in this folder; again after a crash with the same name."""
    made: list[Library] = []

    def open_library(name: str = "laptop", *, read_only: bool = False) -> Library:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        link = Link(URL, alice.email, alice.connection.token, read_only, alice.keys, b"o" * 32)
        made.append(Library(folder, link, transport=server.transport, waits=()))
        return made[-1]

    yield open_library
    for library in made:
        await library.close()
