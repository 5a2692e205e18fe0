"""A server in this process, an account with real keys on it, and connections to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from app.kernel.config import Config, Storage
from bridge.client import crypto as client_crypto
from bridge.client.connection import Connection
from bridge.client.keys import Keys
from tests.bridge.people import join
from tests.clients import crypto
from tests.clients.account import Account
from tests.inprocess import World, open_world

URL = "http://darkroom.test"


@pytest.fixture(autouse=True)
def _derive_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivation of an account's key costs seconds."""
    monkeypatch.setattr(client_crypto, "derive_key", crypto.derive_key)


@dataclass
class Recorder(httpx.AsyncBaseTransport):
    """Requests into the application, written down; `down`: nothing answers."""

    app: object
    sent: list[httpx.Request] = field(default_factory=list)
    down: bool = False

    def __post_init__(self) -> None:
        self._inner = httpx.ASGITransport(self.app, raise_app_exceptions=False)  # type: ignore[arg-type]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down", request=request)
        self.sent.append(request)
        return await self._inner.handle_async_request(request)

    def asked(self, method: str, path: str) -> int:
        return sum(r.method == method and r.url.path.startswith(path) for r in self.sent)


@dataclass
class Server:
    """The application and whoever connects to it."""

    world: World
    transport: Recorder
    opened: list[Connection] = field(default_factory=list)

    def connect(self, token: str = "", *, read_only: bool = False) -> Connection:
        made = Connection(URL, token=token, read_only=read_only, transport=self.transport, waits=())
        self.opened.append(made)
        return made


@dataclass
class Someone:
    """A signed-up account with a connection."""

    email: str
    account: Account
    keys: Keys
    connection: Connection


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    config = Config(
        data_dir=folder, public_url=URL, storage=(Storage(kind="memory"),),
        registration={"mode": "open"}, otp={"fixed": {"@example.org": "123456"}},  # sections as in TOML
    )  # fmt: skip
    async with open_world("sqlite", folder, config=config) as world:
        made = Server(world, Recorder(world.app))
        yield made
        for connection in made.opened:
            await connection.close()


@pytest.fixture
async def alice(server: Server) -> Someone:
    connection = server.connect()
    return Someone("alice@example.org", *await join(connection, "alice@example.org"), connection)


@pytest.fixture
async def bob(server: Server) -> Someone:
    connection = server.connect()
    return Someone("bob@example.org", *await join(connection, "bob@example.org"), connection)
