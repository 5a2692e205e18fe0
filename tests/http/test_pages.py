"""Pages for people pass the same door as routes, and carry headers of their own kind."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from app import main, ops
from app.http import pages as house
from app.http.pages import POLICY, Handler, Incoming, html, policy
from app.kernel.config import Config, Limit, Limits, Storage
from app.kernel.errors import Forbidden
from app.kernel.parts import Kernel
from tests.http.raw import call_raw, piece, scope_of
from tests.inprocess import World, open_world


class Probe(Controller):
    """Pages that do what this file asks about."""

    path = "/probe"

    @get("/", sync_to_thread=False)
    def show(self, incoming: Incoming) -> Response[str]:
        return html(f"<style>p {{ color: red }}</style><p>{incoming.client_ip} {incoming.kernel.config.public_url} {incoming.request_id}")

    @get("/raise/{kind:str}", sync_to_thread=False)
    def fail(self, kind: FromPath[str]) -> None:
        raise Forbidden("a secret") if kind == "forbidden" else ValueError("a secret")

    @post("/form")
    async def form(self, data: JSONBody[dict[str, Any]]) -> dict[str, Any]:
        return data

    @post("/unread", sync_to_thread=False)
    def unread(self) -> None:
        """Takes no body."""


class Feature:
    @staticmethod
    def make_pages(_: Kernel) -> list[Handler]:
        return [Probe]


@pytest.fixture(autouse=True)
def _probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "FEATURES", (ops, Feature))


def assert_guarded(headers: dict[str, str]) -> None:
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"].startswith(POLICY)
    assert re.fullmatch(r"ser_[0-9a-f]{22}", headers["x-request-id"])
    assert [h for h in headers if h.startswith("access-control-")] == [], "pages are for their own origin alone"


async def test_it_works(world: World) -> None:
    got = await world.anon().get("/probe")
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert re.search(rb"<p>10\.9\.0\.1 http://darkroom\.test ser_[0-9a-f]{22}$", got.content)
    assert_guarded(got.headers)


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/probe/", 200), ("GET", "/probe/no/such", 404), ("DELETE", "/", 405), ("POST", "/probe", 405),
        ("GET", "/probe/raise/forbidden", 403), ("GET", "/probe/raise/bug", 500), ("POST", "/probe/form", 400), ("PATCH", "/probe/no", 404),
        ("GET", "/probe/../x", 404), ("GET", "/probe/%00", 404), ("GET", "/probe/a\0", 404),
    ],
)  # fmt: skip
async def test_every_answer_is_guarded(world: World, method: str, path: str, status: int) -> None:
    got = await world.anon().call(method, path, expect=status, content=b"{" if method == "POST" else None)
    assert_guarded(got.headers)
    assert b"secret" not in got.content
    if status >= 400:
        assert got.headers["content-type"].startswith("text/plain")
    if status == 405:
        assert "GET" in got.headers["allow"]


async def test_paths_beside_a_page_are_the_protocols(world: World) -> None:
    for path in ("/probes", "/prob", "//", "/no/such"):
        got = await world.anon().get(path, expect=404)
        assert got.content == b"404 page not found"
        assert "access-control-allow-origin" in got.headers


async def test_head_is_a_get_without_the_body(world: World) -> None:
    got, head = await world.anon().get("/"), await world.anon().call("HEAD", "/")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(got.content)))


async def test_no_other_site_may_ask(world: World) -> None:
    got = await world.anon().call("OPTIONS", "/probe/form", expect=(204, 405), headers={"origin": "https://evil.example.org"})
    assert_guarded(got.headers)


async def test_a_bug_is_logged_with_its_id_and_without_its_query(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.anon().get("/probe/raise/bug?token=query-secret", expect=500, headers={"x-request-id": "web_77"})
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert "GET /probe/raise/bug failed [web_77]" in record.getMessage()
    assert record.exc_info
    assert "query-secret" not in caplog.text


async def test_a_finished_page_has_its_line_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="darkroom.access"):
        await world.anon().get("/probe", headers={"x-request-id": "web_78"})
    assert re.search(r"GET /probe 200 \d+\.\d ms \[web_78\]", caplog.text)


async def test_pages_draw_on_the_budget_of_their_address(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, limits=Limits(address=Limit(count=3, seconds=1)), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        anon = world.anon()
        for _ in range(3):
            await anon.get("/probe")
        assert_guarded((await anon.get("/probe", expect=429)).headers)
        await world.anon().get("/probe")


async def test_a_page_reads_its_form_and_nothing_beyond_its_limit(world: World) -> None:
    assert (await world.anon().post("/probe/form", {"a": "b"}, expect=201)).json() == {"a": "b"}
    assert_guarded((await world.anon().post("/probe/form", {"a": "b" * house.LARGEST}, expect=413)).headers)


async def test_what_nobody_read_is_taken_before_the_answer(world: World) -> None:
    pieces = [piece(b"a", True), piece(b"b")]
    scope = scope_of("/probe/unread", [(b"content-length", b"2")])
    taken: list[int] = []

    async def receive() -> dict[str, Any]:
        return pieces.pop(0)

    async def send(message: Any) -> None:
        taken.append(len(pieces))

    await world.app(scope, receive, send)
    assert taken[0] == 0
    assert (await call_raw(world, scope_of("/probe/unread", [(b"content-length", b"9999999")])))["headers"][b"connection"] == b"close"


def test_a_policy_names_the_styles_of_its_page_and_no_others() -> None:
    assert policy("<p>") == POLICY
    assert policy("<style></style>") == f"{POLICY}; style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    assert "unsafe" not in policy(ops.pages._PAGE)
