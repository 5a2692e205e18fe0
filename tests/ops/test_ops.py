"""ping, health, version and the page for a person."""

from __future__ import annotations

import socket
from html.parser import HTMLParser

import pytest

from app import __version__
from app.kernel.errors import Unavailable
from app.ops import health
from app.ops.build import digest
from app.ops.pages import page
from storage_backends import Unavailable as StoreAway
from tests.inprocess import Api, World


async def test_ping_says_pong(world: World) -> None:
    answer = await world.anon().get("/ping")
    assert answer.json() == {"message": "pong", "id": __version__}
    assert answer.headers["content-type"].startswith("application/json")
    here = Api(world.app, ip="127.0.0.1")
    assert (await here.get("/ping?host=1")).json()["host"] == socket.gethostname()
    assert "host" not in (await here.get("/ping?host=")).json()
    assert "host" not in (await world.anon().get("/ping?host=1")).json(), "nobody else needs to know"
    head = await world.anon().call("HEAD", "/ping")
    assert (head.status, head.content) == (200, b"")


async def test_ping_needs_no_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.kernel.db, "read", None)
    monkeypatch.setattr(world.kernel.db, "write", None)
    assert (await world.anon().get("/ping")).json()["message"] == "pong"
    assert (await world.anon().get("/livez")).json() == {"status": "ok"}


async def test_health_names_each_part(world: World) -> None:
    found = (await Api(world.app, ip="::1").get("/healthz")).json()
    assert found.pop("freeBytes") > 0
    assert "freeBytes" not in (await world.anon().get("/healthz")).json()
    assert found == {"status": "ok", "database": "ok", "objects": "ok"}
    assert (await world.anon().get("/readyz")).json() == {"status": "ok"}
    assert (await world.anon().get("/fire/db-m-ping")).content == b""


async def test_a_database_that_is_away_turns_health_red(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise Unavailable(log="connection to 10.1.2.3 refused")

    monkeypatch.setattr(world.kernel.db, "check", away)
    found = await world.anon().get("/healthz", expect=503)
    assert found.json()["database"] == "failing"
    assert found.json()["status"] == "failing"
    assert found.json()["objects"] == "ok"
    assert b"10.1.2.3" not in found.content
    assert (await world.anon().get("/readyz", expect=503)).json() == {"status": "failing"}
    assert (await world.anon().get("/fire/db-m-ping", expect=503)).json()["code"] == "INTERNAL_ERROR"
    assert (await world.anon().get("/livez")).json() == {"status": "ok"}


async def test_a_store_that_is_away_turns_health_red_and_is_not_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise StoreAway("disk on fire")

    monkeypatch.setattr(world.kernel.store, "check", away)
    monkeypatch.setattr(world.kernel.store, "free_bytes", away)
    found = await world.anon().get("/healthz", expect=503)
    assert found.json() == {"status": "failing", "database": "ok", "objects": "failing"}
    assert (await Api(world.app, ip="127.0.0.1").get("/healthz", expect=503)).json()["freeBytes"] is None
    await world.anon().get("/readyz", expect=503)


async def test_many_questions_are_one_try(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    async def check() -> None:
        tries.append(1)

    monkeypatch.setattr(world.kernel.store, "check", check)
    for _ in range(5):
        await world.anon().get("/readyz")
    assert len(tries) == 1
    world.clock.advance(health.FRESH)
    await world.anon().get("/readyz")
    assert len(tries) == 2


async def test_questions_that_cost_something_have_a_budget(world: World) -> None:
    limit = world.kernel.config.limits.health.count
    asker = world.anon()
    for _ in range(limit):
        await asker.get("/readyz")
    assert "error" in (await asker.get("/readyz", expect=429)).json()
    await asker.get("/livez")
    await world.anon().get("/readyz")


async def test_version(world: World) -> None:
    assert (await world.anon().get("/version")).json() == {"name": "darkroom", "version": __version__, "build": digest()}
    assert len(digest()) == 12


class Page(HTMLParser):
    """What a page loads from elsewhere, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [f"{tag} {value}" for name, value in attrs if name in ("src", "href") and value]

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_a_person_is_told_which_address_to_type(world: World) -> None:
    answer = await world.anon().get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    seen = Page()
    seen.feed(answer.content.decode())
    assert "http://darkroom.test" in seen.text
    assert "seven times" in seen.text
    assert "not affiliated with Ente" in seen.text
    assert seen.loads == []
    assert "{" not in seen.text.split("}")[-1]


async def test_a_host_header_cannot_write_into_the_page(world: World) -> None:
    """Without a configured address the page shows the one that was asked; a host that is none may be refused."""
    object.__setattr__(world.kernel, "config", world.kernel.config.model_copy(update={"public_url": None}))
    assert b"http://nas.local:8080<" in (await world.anon().get("/", headers={"host": "nas.local:8080"})).content
    forged = 'x"><script>alert(1)</script>'
    assert b"<script>" not in (await world.anon().get("/", headers={"host": forged}, expect=(200, 400, 404))).content
    assert "<script>" not in page(forged)
    assert "&lt;script&gt;" in page(forged)
