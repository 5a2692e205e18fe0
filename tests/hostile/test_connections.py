"""Connections and bodies that hold a place for nothing, each on its own; `test_flood` has them by the thousand."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.http import connections, traffic
from app.http.connections import Connections
from app.http.traffic import Flight, Traffic
from app.kernel.config import Config, Http, Storage
from app.kernel.errors import AppError
from tests.inprocess import Api, World, open_world


class Front:
    """A listener of this process and the watch over it. `peers` are the ends of strangers."""

    def __init__(self, most: int = 1000, per_address: int = 100) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self.traffic = Traffic(per_address)
        self.watch = Connections(self.port, most, self.traffic, lambda address: address == "127.0.9.9")
        self.peers: list[socket.socket] = []
        self.ours: list[socket.socket] = []

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        peer = socket.create_connection(("127.0.0.1", self.port), source_address=(source, 0))
        peer.settimeout(5)
        ours, _ = self.listener.accept()
        self.peers.append(peer)
        self.ours.append(ours)
        return peer

    def open(self) -> list[bool]:
        """Which of the connections are not ended."""
        out = []
        for peer in self.peers:
            peer.setblocking(False)
            try:
                out.append(peer.recv(1) != b"")
            except BlockingIOError:
                out.append(True)
            except OSError:
                out.append(False)
        return out

    def close(self) -> None:
        for s in (self.listener, *self.peers, *self.ours):
            s.close()


@pytest.fixture
def front() -> Iterator[Front]:
    made = Front()
    yield made
    made.close()


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(connections, "monotonic", lambda: time.monotonic() + seconds)


def test_what_brings_no_request_is_ended(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    silent, talker = front.connect(), front.connect()
    assert front.watch.look() == 2
    silent.sendall(b"GET /")  # a head that never ends is no request
    front.traffic.served[talker.getsockname()] = 1
    assert front.watch.look() == 2
    later(monkeypatch, connections.HEAD_SECONDS + 1)
    assert front.watch.look() == 1
    assert front.open() == [False, True]
    later(monkeypatch, connections.HEAD_SECONDS + connections.IDLE_SECONDS + 2)
    assert front.watch.look() == 0


def test_who_works_stays(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = front.connect()
    front.traffic.connect(worker.getsockname())
    front.watch.look()
    later(monkeypatch, 3600)
    assert front.watch.look() == 1


def test_who_takes_nothing_of_what_it_asked_for_is_ended(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = front.connect()
    front.traffic.connect(reader.getsockname())
    front.ours[0].setblocking(False)
    try:
        while True:
            front.ours[0].send(bytes(1 << 20))
    except BlockingIOError:
        pass
    front.watch.look()
    later(monkeypatch, connections.STALLED_SECONDS - 1)
    reader.recv(1 << 20)
    time.sleep(0.1)
    front.watch.look()
    later(monkeypatch, connections.STALLED_SECONDS + 1)
    assert front.watch.look() == 1, "it takes some"
    later(monkeypatch, 2 * connections.STALLED_SECONDS + 2)
    assert front.watch.look() == 0


def test_an_address_has_its_share_and_the_idlest_give_way() -> None:
    front = Front(per_address=16)
    try:
        for _ in range(20):
            front.connect("127.0.0.7")
        for _ in range(20):
            front.connect("127.0.9.9")  # a trusted proxy
        front.connect("127.0.0.8")
        busy = front.peers[0]
        front.traffic.connect(busy.getsockname())
        assert front.watch.look() == 16 + 20 + 1
        still = front.open()
        assert still[0]
        assert sum(still[:20]) == 16
        assert all(still[20:])
    finally:
        front.close()


def test_when_all_places_are_nearly_taken_those_that_do_nothing_give_way() -> None:
    front = Front(most=40, per_address=100)
    try:
        for i in range(40):
            front.connect(f"127.0.2.{i + 1}")
        for peer in front.peers[:10]:
            front.traffic.connect(peer.getsockname())
        assert front.watch.look() == 24
        assert all(front.open()[:10])
    finally:
        front.close()


@pytest.mark.parametrize(
    ("address", "wide"), [("2001:db8:1:2::3", "2001:db8:1::/48"), ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1")]
)
def test_the_neighbourhoods_of_addresses(address: str, wide: str) -> None:
    assert connections._wide(address) == wide


def test_the_limit_of_open_files_is_raised_and_decides() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
        most = connections.allowed(0)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 2 * most
        assert 1024 < most <= connections.MOST
        assert connections.allowed(100) == 100
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- bodies
class Dripping:
    """A request whose body comes one byte at a time, or not at all. `answer` when it has one."""

    def __init__(self, app: object, path: str = "/users/ott", ip: str = "10.1.1.1", first: bytes = b"{", length: int = 1000) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
            "headers": [(b"content-length", b"%d" % length), (b"host", b"x")], "client": (ip, 4711), "extensions": {},
        }  # fmt: skip
        self.messages: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self.messages.put_nowait({"type": "http.request", "body": first, "more_body": True})
        self.task = asyncio.create_task(app(scope, self.messages.get, self._sent))  # type: ignore[operator]  # an ASGI app

    async def _sent(self, message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])  # type: ignore[assignment, call-overload]


async def test_a_body_that_does_not_come_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Dripping(world.app)
    await asyncio.sleep(0.05)
    registry = world.app.server.traffic
    assert registry.end_slow() == 0
    monkeypatch.setattr(traffic, "monotonic", lambda: time.monotonic() + traffic.WINDOW + 1)
    assert registry.end_slow() == 1
    await asyncio.wait_for(slow.task, 5)
    assert slow.status == 408
    assert slow.headers[b"connection"] == b"close"
    assert not registry._flights
    assert not registry._memory
    assert not registry._reading
    assert not registry.busy


async def test_the_rest_of_a_refused_body_has_a_deadline_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    unsigned = Dripping(world.app, path="/objects/1/x")
    await asyncio.sleep(0.05)
    monkeypatch.setattr(traffic, "monotonic", lambda: time.monotonic() + traffic.WINDOW + 1)
    world.app.server.traffic.end_slow()
    await asyncio.wait_for(unsigned.task, 15)
    assert unsigned.status in (404, 405)
    assert unsigned.headers[b"connection"] == b"close"


async def test_a_slow_request_of_the_same_address_gives_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(data_dir=tmp_path, http=Http(connections_per_address=16), storage=(Storage(kind="memory"),))
    async with open_world("sqlite", tmp_path, config=config) as world:
        slow = [Dripping(world.app, ip="10.3.0.1") for _ in range(16)]
        other = Dripping(world.app, ip="10.3.0.2")
        await asyncio.sleep(0.1)
        refused = await Api(world.app, ip="10.3.0.1").get("/ping", expect=None)
        assert refused.status == 429, "all of them are too young to be called slow"
        monkeypatch.setattr(traffic, "monotonic", lambda: time.monotonic() + 2)
        for _ in range(3):
            await Api(world.app, ip="10.3.0.1").get("/ping")
        await asyncio.sleep(0.05)
        assert sum(s.status == 408 for s in slow) == 1, "one place is enough for one after the other"
        assert not other.task.done()
        for s in (*slow, other):
            s.task.cancel()
        await asyncio.gather(*(s.task for s in (*slow, other)), return_exceptions=True)


def test_bodies_in_memory_have_a_bound_for_each_payer() -> None:
    registry = Traffic(100)
    flights = [registry.take_off("10.0.0.1") for _ in range(3)]
    for flight in flights:
        flight.payer = "user 7"
    registry.hold(flights[0], 2 * traffic.ACCOUNT_MEMORY)  # one always fits
    with pytest.raises(AppError) as refused:
        registry.hold(flights[1], 1)
    assert refused.value.status == 503
    registry.land(flights[0])
    registry.hold(flights[1], traffic.ACCOUNT_MEMORY - 5)
    registry.hold(flights[2], 5)
    with pytest.raises(AppError):
        registry.hold(flights[2], 1)
    stranger: Flight = registry.take_off("2001:db8::1")
    neighbour = registry.take_off("2001:db8::2")
    registry.hold(stranger, traffic.STRANGER_MEMORY)
    with pytest.raises(AppError):
        registry.hold(neighbour, 1)
    for flight in (*flights, stranger, neighbour):
        registry.land(flight)
    assert not registry._memory
    assert not any(registry._all.values())
