"""The server under test: one process for the session, and one of its own for tests that stop or kill it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.api import close_all
from tests.wire.process import RunningServer, start_server

AS_RECORDED = """
[locker]
files = 1000
storage = "10GiB"
[apps]
custom_domain_cname = "albums.example.net"
[custom_domains.allowed]
"*.example.net" = "*"
"*.example.org" = "*"
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(tmp_path_factory.mktemp("server"), extra_toml=AS_RECORDED)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(tmp_path_factory.mktemp("own-server"))
    yield running
    if running.process.poll() is None:
        running.stop()
