"""Web apps at hosts of their own: files, their headers, the app's own addresses, and the server beside them."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.kernel.config import Config, Storage
from app.web import adding
from tests.inprocess import Api, Response, World, open_world
from tests.web.builds import PAGE, SCRIPT, build

MAIN = "/_next/static/main-0a1b2c3d.js"


class Browser(Api):
    def __init__(self, world: World, host: str) -> None:
        super().__init__(world.app)
        self.host = host

    async def call(self, method: str, path: str, *args: object, **kw: object) -> Response:  # type: ignore[override]
        kw["headers"] = {"host": self.host, **(kw.get("headers") or {})}  # type: ignore[dict-item]
        return await super().call(method, path, *args, **kw)  # type: ignore[arg-type]


@pytest.fixture
async def world(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    hosts = {"albums": "albums.example.org", "embed": "embed.example.org", "cast": "cast.example.org"}
    config = Config(
        data_dir=tmp_path,
        public_url="https://photos.example.org",
        web={"hosts": hosts},  # type: ignore[arg-type]  # as TOML gives it
        storage=(Storage(kind="memory"),),
    )
    for app in ("albums", "embed"):
        adding.add(build(tmp_path / "source"), tmp_path / "web" / app, {})
    async with open_world(engine, tmp_path, config=config) as w:
        yield w


@pytest.fixture
def albums(world: World) -> Browser:
    return Browser(world, "Albums.example.org:443")


async def test_it_works(albums: Browser) -> None:
    r = await albums.get("/")
    assert r.content.decode() == PAGE
    assert r.headers["content-type"] == "text/html; charset=utf-8"
    assert r.headers["cache-control"] == "no-cache"
    policy = r.headers["content-security-policy"]
    assert "script-src 'self' 'wasm-unsafe-eval' blob: 'sha256-" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert "connect-src 'self' blob: data: https://photos.example.org" in policy
    assert "frame-ancestors 'none'" in policy
    assert r.headers["x-frame-options"] == "DENY"
    assert r.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in r.headers
    script = await albums.get(MAIN)
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.content.decode() == SCRIPT
    assert (await albums.get("/core.wasm")).headers["content-type"] == "application/wasm"
    assert (await albums.get("/images/logo.svg")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/AbCdEfGh12345678", "/?t=AbCdEfGh12345678", "/some/place/of/the/app"])
async def test_the_apps_own_addresses_get_its_page(albums: Browser, path: str) -> None:
    assert (await albums.get(path)).content.decode() == PAGE


async def test_a_page_of_its_own(albums: Browser) -> None:
    assert b"shared" in (await albums.get("/shared")).content
    assert b"shared" in (await albums.get("/shared.html")).content


@pytest.mark.parametrize("path", ["/_next/static/gone-0a1b2c3d.js", "/favicon.ico", "/../secrets.json", "/..%2fsecrets.json", "/%2e%2e/secrets.json"])
async def test_a_missing_file_is_no_page(albums: Browser, path: str) -> None:
    assert (await albums.get(path, expect=404)).content == b"Not Found"


async def test_compressed_once(albums: Browser) -> None:
    r = await albums.get(MAIN, headers={"accept-encoding": "br, gzip;q=0.5"})
    assert r.headers["content-encoding"] == "gzip"
    assert r.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(r.content).decode() == SCRIPT
    assert int(r.headers["content-length"]) == len(r.content) < len(SCRIPT)
    assert "content-encoding" not in (await albums.get(MAIN, headers={"accept-encoding": "gzip;q=0"})).headers
    head = await albums.call("HEAD", MAIN)
    assert (head.content, int(head.headers["content-length"])) == (b"", len(SCRIPT))
    again = await albums.get(MAIN, headers={"accept-encoding": "gzip", "if-none-match": r.headers["etag"]}, expect=304)
    assert again.content == b""
    await albums.get(MAIN, headers={"if-none-match": r.headers["etag"]})  # another coding is another thing


async def test_brotli_that_a_build_brings(albums: Browser, tmp_path: Path) -> None:
    adding.add(build(tmp_path / "source", **{"shared.html.br": "packed"}), tmp_path / "web/albums", {})
    r = await albums.get("/shared", headers={"accept-encoding": "gzip, br"})
    assert (r.headers["content-encoding"], r.content) == ("br", b"packed")
    await albums.get("/shared.html.br", expect=404)


async def test_a_new_build_is_shown_at_once(albums: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.service.FRESH_S", -1.0)
    before = await albums.get("/")
    adding.add(build(tmp_path / "source", **{"index.html": "new"}), tmp_path / "web/albums", {})
    after = await albums.get("/", headers={"if-none-match": before.headers["etag"]})
    assert after.content == b"new"


async def test_nothing_is_written_to_an_app(albums: Browser) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await albums.call(method, "/", expect=405)).headers["allow"] == "GET, HEAD"


async def test_an_app_that_is_not_installed(world: World) -> None:
    assert b"not installed" in (await Browser(world, "cast.example.org").get("/", expect=404)).content


async def test_only_the_embed_app_is_framed(world: World) -> None:
    r = await Browser(world, "embed.example.org").get("/")
    assert "frame-ancestors *" in r.headers["content-security-policy"]
    assert "x-frame-options" not in r.headers


async def test_the_server_beside_them(world: World, albums: Browser) -> None:
    assert (await world.anon().get("/ping")).json()["message"] == "pong"
    assert (await albums.get("/ping")).content.decode() == PAGE
    assert b"Darkroom is running" in (await Browser(world, "photos.example.org").get("/")).content


async def test_hidden_files_stay_hidden(albums: Browser, tmp_path: Path) -> None:
    adding.add(build(tmp_path / "source", **{".env": "secret"}), tmp_path / "web/albums", {})
    await albums.get("/.env", expect=404)


async def test_strangers_have_a_budget_here_too(world: World, albums: Browser) -> None:
    for _ in range(world.kernel.config.limits.address.count + 1):
        r = await albums.get("/shared", expect=None)
        if r.status == 429:
            return
    raise AssertionError
