"""A server in this process, an account with real keys on it, and connections to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from app.kernel.config import Config, Storage
from bridge.client import crypto as client_crypto
from bridge.client.connection import Connection
from bridge.client.keys import Keys
from bridge.config import Options
from bridge.library.api_keys import ALL, ApiKeys
from bridge.library.library import Library
from bridge.library.vault import Link
from bridge.serving.app import create_app
from bridge.serving.bridge import Bridge
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
    """Requests into the application, written down; `down`: nothing answers; `whole`: with the bodies that are streamed."""

    app: object
    sent: list[httpx.Request] = field(default_factory=list)
    down: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        self._inner = httpx.ASGITransport(self.app, raise_app_exceptions=False)  # type: ignore[arg-type]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down", request=request)
        if self.whole:
            await request.aread()
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


class Tool(httpx.AsyncClient):
    """A tool's HTTP client in front of a bridge in this process. `key` is its API key. Nothing runs by itself: `await tool.bridge.keeper.round()`."""

    def __init__(self, bridge: Bridge, app: object, key: str) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        super().__init__(transport=transport, base_url="http://bridge.test", headers={"x-api-key": key})
        self.bridge, self.library, self.key, self.app = bridge, bridge.library, key, app


Serve = Callable[..., Tool]


@pytest.fixture
async def serve(opened: Open, tmp_path: Path) -> AsyncIterator[Serve]:
    """`serve(library, permissions=["asset.read"])`: a tool with such a key; by default alice's library on the laptop, and a key for all."""
    made: list[Tool] = []

    def start(library: Library | None = None, permissions: tuple[str, ...] = (ALL,), options: Options | None = None) -> Tool:
        folder = tmp_path / "bridge"
        folder.mkdir(exist_ok=True)
        keys = ApiKeys(folder)
        secret, _ = keys.add(f"tool {len(made)}", permissions)
        app = create_app(folder, library or opened(), keys, options)
        made.append(Tool(app.state.bridge, app, secret))
        return made[-1]

    yield start
    for tool in made:
        await tool.aclose()
        tool.bridge.keys.close()


@pytest.fixture
def tool(serve: Serve) -> Tool:
    return serve()
