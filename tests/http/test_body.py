"""A body that nobody read is received before the answer goes out, so that the client sees the answer and may use the connection again."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Iterator
from typing import Any

import pytest

from app.http import server
from tests.cli.command import Serving, serving
from tests.inprocess import Person, World

Message = dict[str, Any]
REFUSED = ("PUT", "/users/attributes", 401)


class Client:
    """Sends a body piece by piece and notes how much was taken off it before the answer began."""

    def __init__(self, *pieces: Message) -> None:
        self.waiting = list(pieces)
        self.taken_before = -1
        self.status = 0

    async def receive(self) -> Message:
        if not self.waiting:
            await asyncio.Event().wait()
        return self.waiting.pop(0)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.taken_before = message["status"], len(self.waiting)

    async def ask(self, world: World, method: str, path: str, *headers: tuple[bytes, bytes]) -> Client:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": list(headers), "client": ("10.0.0.9", 1),
            "server": ("h", 80), "extensions": {}, "state": {},
        }  # fmt: skip
        await asyncio.wait_for(world.app(scope, self.receive, self.send), 30)
        return self


def piece(size: int, more: bool = True) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


@pytest.mark.parametrize("method, path, status", [REFUSED, ("POST", "/no/such/route", 404), ("DELETE", "/ping", 404), ("POST", "/events", 400)])
@pytest.mark.parametrize("announced", [(b"content-length", b"300"), (b"transfer-encoding", b"chunked")])
async def test_a_body_is_taken_before_the_answer(world: World, method: str, path: str, status: int, announced: tuple[bytes, bytes]) -> None:
    client = await Client(piece(100), piece(0), piece(100), piece(100, more=False)).ask(world, method, path, announced)
    assert (client.status, client.taken_before) == (status, 0)


async def test_also_when_the_handler_wants_none(world: World, alice: Person) -> None:
    token = (b"x-auth-token", (alice.token or "").encode())
    client = await Client(piece(1), piece(1, more=False)).ask(world, "POST", "/users/logout", (b"content-length", b"2"), token)
    assert (client.status, client.taken_before) == (200, 0)


@pytest.mark.parametrize(
    "headers",
    [
        (), ((b"content-length", b"0"),), ((b"content-length", b"4194305"),), ((b"content-length", b"99999999999"),), ((b"content-length", b"-1"),),
        ((b"content-length", b"2"), (b"expect", b"100-continue")), ((b"expect", b"100-continue"), (b"transfer-encoding", b"chunked")),
    ],
)  # fmt: skip
async def test_what_is_not_waited_for(world: World, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    client = await Client(piece(1, more=False)).ask(world, *REFUSED[:2], *headers)
    assert (client.status, client.taken_before) == (401, 1)


async def test_an_endless_body_is_given_up(world: World) -> None:
    client = await Client(*[piece(1 << 20)] * 9).ask(world, *REFUSED[:2], (b"transfer-encoding", b"chunked"))
    assert (client.status, client.taken_before) == (401, 4), "four of them are read, and the fifth tells that there is no end"


async def test_a_stalled_body_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0)
    client = await Client(piece(1)).ask(world, *REFUSED[:2], (b"content-length", b"2"))
    assert client.status == 401


async def test_a_client_that_went_away(world: World) -> None:
    client = await Client(piece(1), {"type": "http.disconnect"}).ask(world, *REFUSED[:2], (b"content-length", b"2"))
    assert client.status == 401


@pytest.fixture(scope="module")
def serving_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("unread")) as server:
        yield server


@pytest.mark.parametrize("size", [2, 1000, 300_000, 2_000_000])
def test_the_connection_lives_on(serving_one: Serving, size: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serving_one.port, timeout=30)
    connection.connect()
    own = connection.sock.getsockname()
    for path, status in (("/users/attributes", 401), ("/no/such/route", 404)):
        for chunked in (False, True):
            body: Any = iter([b"x" * (size // 2)] * 2) if chunked else b"x" * size
            connection.request("PUT", path, body, encode_chunked=chunked, headers={"transfer-encoding": "chunked"} if chunked else {})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert connection.sock is not None, "the server closed it"
            assert connection.sock.getsockname() == own
    connection.close()
