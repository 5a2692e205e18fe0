"""Figures for Prometheus: who may ask, what is told, what is counted while nobody may."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.kernel.config import Config, Http, Metrics, Registration, Storage
from app.kernel.figures import NAMES, Figures, shape
from app.kernel.jobs import Job, run_leased
from app.ops import listener, metrics
from storage_backends.timing import Histogram
from tests.admin.browser import Browser
from tests.inprocess import World, open_world

TOKEN = "a-token-for-the-scraper"
BEARER = {"authorization": f"Bearer {TOKEN}"}
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+|# (HELP|TYPE) .*')


@pytest.fixture
async def measured(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    config = Config(
        data_dir=tmp_path,
        public_url="http://darkroom.test",
        storage=(Storage(kind="memory"),),
        registration=Registration(mode="open"),
        metrics=Metrics(token=SecretStr(TOKEN)),
    )
    async with open_world(engine, tmp_path, config=config) as w:
        yield w


async def test_it_works(measured: World) -> None:
    alice = await measured.person("alice")
    await alice.get("/users/details/v2")
    await alice.get("/users/details/v2", token=None, expect=401)

    async def work(_: object) -> None:
        """Nothing."""

    await run_leased(measured.kernel, Job("sweep", 60, work), "me")
    answer = await measured.anon().get("/metrics", headers=BEARER)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    said = answer.content.decode()
    assert [line for line in said.splitlines() if not LINE.fullmatch(line)] == []
    for line in (
        'darkroom_requests_total{family="accounts",status="2xx"} 1',
        'darkroom_requests_total{family="accounts",status="4xx"} 1',
        'darkroom_request_seconds_count{family="accounts"} 2',
        'darkroom_request_seconds_bucket{family="accounts",le="+Inf"} 2',
        "darkroom_accounts 1",
        'darkroom_store_up{store="main"} 1',
        'darkroom_store_objects{store="main"} 0',
        'darkroom_job_failed{job="sweep"} 0',
    ):
        assert line in said.splitlines(), line
    assert 'darkroom_transactions_total{feature="jobs"} 2' in said
    if measured.kernel.db.engine == "sqlite":
        assert "darkroom_commit_seconds_count 0" not in said
    assert alice.email not in said


async def test_nobody_else_may_ask(measured: World, world: World) -> None:
    for wrong in ({}, {"authorization": TOKEN}, {"authorization": "Bearer x"}, {"authorization": f"Bearer {TOKEN}x"}):
        await measured.anon().get("/metrics", headers=wrong, expect=401)
    await world.anon().get("/metrics", headers=BEARER, expect=404)
    assert not world.kernel.figures.requests, "nothing is counted where nobody may ask"


async def test_what_apps_ask_for_in_vain_is_named_without_what_is_theirs(measured: World) -> None:
    app, bot = measured.anon(), measured.anon("")
    for _ in range(2):
        await app.get("/memories/v3/12345/of-alice/c2VjcmV0?x=1", expect=404)
    await bot.get("/wp-login.php", expect=404)
    assert measured.kernel.figures.missing == {"GET /memories/v3/{}/of-alice/{}": 2}
    said = (await app.get("/metrics", headers=BEARER)).content.decode()
    assert 'darkroom_missing_route_requests_total{route="GET /memories/v3/{}/of-alice/{}"} 2' in said
    assert "darkroom_missing_other_requests_total 1" in said
    assert "12345" not in said
    browser = Browser(measured)
    await browser.log_in()
    assert "GET /memories/v3/{}/of-alice/{}" in await browser.get("/admin")


def test_names_are_bounded() -> None:
    figures = Figures()
    for n in range(NAMES + 50):
        name = "".join(chr(97 + int(digit)) for digit in str(n))
        figures.unknown("GET", f"/{name}", "io.ente.photos")
    assert (len(figures.missing), figures.others) == (NAMES, 50)
    assert len(shape("/" + "/".join(["a" * 32] * 50))) < 300


def test_a_histogram_counts_up_to_its_bounds() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 5.0):
        histogram.add(value)
    assert (histogram.counts, histogram.count, histogram.total) == ([2, 1, 1], 4, 8.0)


async def asked(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_a_listener_of_its_own(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_port = Config(data_dir=tmp_path, storage=(Storage(kind="memory"),), metrics=Metrics(port=1), http=Http(workers=1))
    start = asyncio.start_server

    async def anywhere(*args: object, **more: object) -> asyncio.Server:
        return await start(args[0], "127.0.0.1", 0, **more)  # type: ignore[arg-type,call-overload]  # the port is the system's to choose

    monkeypatch.setattr(asyncio, "start_server", anywhere)
    async with open_world(engine, tmp_path, config=with_port) as w, listener.listening(w.kernel) as port:
        said = await asked(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"darkroom_info{" in said
        assert (await asked(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")).endswith(b"\r\n\r\n")
        assert (await asked(port, b"GET /users HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 404")
        assert (await asked(port, b"\r\n\r\n")).startswith(b"HTTP/1.1 404")
        await w.anon().get("/metrics", expect=404)


async def test_a_port_that_is_taken_costs_figures_and_nothing_else(world: World, caplog: pytest.LogCaptureFixture) -> None:
    taken = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    async with taken:
        port = taken.sockets[0].getsockname()[1]
        config = world.kernel.config.model_copy(update={"metrics": Metrics(port=port)})
        object.__setattr__(world.kernel, "config", config)
        async with listener.listening(world.kernel) as found:
            assert found == 0
    assert "there are no figures" in caplog.text


async def test_dear_figures_are_found_once_a_minute(measured: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await metrics.text(measured.kernel)
    monkeypatch.setattr(metrics.storage, "status", None)
    await metrics.text(measured.kernel)
