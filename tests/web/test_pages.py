"""The page for links that no web app opens: the same for all, and nothing of what the link leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.kernel.config import Apps, Config, Storage
from tests.collections.scenes import album
from tests.inprocess import LOCKER, Person, World, open_world
from tests.visits.scenes import end, link, token

UNKNOWN = "A" * 16


def ways(token: str) -> list[str]:
    return [f"/?t={token}", f"/{token}", f"/c/{token}", f"/file/?t={token}", f"/file?t={token}"]


async def test_it_works(world: World, alice: Person) -> None:
    made = await link(alice, await album(alice))
    assert made["url"] == f"http://darkroom.test/?t={token(made)}"
    for way in ways(token(made)):
        r = await world.anon().get(way)
        assert r.headers["content-type"] == "text/html; charset=utf-8"
        assert b"http://darkroom.test" in r.content
        assert b"Developer settings" in r.content
        assert r.headers["content-security-policy"].startswith(
            "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src 'sha256-"
        )
        assert r.headers["referrer-policy"] == "no-referrer"
        assert r.headers["cache-control"] == "no-store"
        assert r.headers["x-robots-tag"] == "noindex, nofollow"
        assert "access-control-allow-origin" not in r.headers


async def test_nobody_learns_whether_there_is_such_a_link(world: World, alice: Person) -> None:
    cid = await album(alice)
    made = await link(alice, cid)
    gone = token(made)
    await end(alice, cid)
    live = token(await link(alice, cid))
    seen = {(await world.anon().get(way)).content for key in (live, gone, UNKNOWN) for way in ways(key)}
    assert len(seen) == 1
    (page,) = seen
    for secret in (alice.email, str(cid), live, gone):
        assert secret.encode() not in page


@pytest.mark.parametrize("path", ["/nothing", "/AAAAAAAAAAAAAAA", f"/{UNKNOWN}/x", f"/{UNKNOWN}-", "/collectionsaaaaaa!"])
async def test_what_is_no_token_is_nothing(world: World, path: str) -> None:
    assert (await world.anon().get(path, expect=404)).content == b"404 page not found"


async def test_what_somebody_writes_into_a_link_is_not_on_the_page(world: World) -> None:
    r = await world.anon().get("/?t=%3Cscript%3Ealert(1)%3C/script%3E")
    assert b"alert" not in r.content


async def test_the_address_itself_is_still_the_front_page(world: World) -> None:
    assert b"Darkroom is running" in (await world.anon().get("/")).content


async def test_where_an_app_is_the_browser_is_sent_there(engine: str, tmp_path: Path) -> None:
    """Links that were made before the app was there go on to it; the browser carries along what is behind the `#`."""
    apps = Apps(albums="https://albums.example.org", share="https://share.example.org")
    config = Config(data_dir=tmp_path, public_url="https://photos.example.org", apps=apps, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as w:
        alice = await w.person("alice")
        made = token(await link(alice, await album(alice)))
        for way, place in (
            (f"/?t={made}", f"https://albums.example.org/?t={made}"),
            (f"/file/?t={made}", f"https://albums.example.org/file/?t={made}"),
            (f"/c/{made}", f"https://share.example.org/c/{made}"),
        ):
            assert (await w.anon().get(way, expect=302)).headers["location"] == place
        for odd in ("/?t=x%0d%0aset-cookie:a", "/?t=", f"/{made}"):
            assert "location" not in (await w.anon().get(odd)).headers


async def test_links_are_built_from_what_is_configured(engine: str, tmp_path: Path) -> None:
    config = Config(
        data_dir=tmp_path,
        public_url="https://photos.example.org:8443",
        web={"hosts": {"albums": "albums.example.org"}, "ports": {"share": 3005}},  # type: ignore[arg-type]  # as TOML gives it
        apps=Apps(embed="https://embed.example.org/"),
        storage=(Storage(kind="memory"),),
    )
    assert config.app_url("albums") == "https://albums.example.org:8443"
    assert config.app_url("share") == "https://photos.example.org:3005"
    assert config.app_url("embed") == "https://embed.example.org"
    assert config.app_url("memories") == "https://photos.example.org:8443"
    async with open_world(engine, tmp_path, config=config) as w:
        alice = await w.person("alice")
        assert (await link(alice, await album(alice)))["url"].startswith("https://albums.example.org:8443/?t=")
        locker = await w.in_app(alice, LOCKER)
        assert (await link(locker, await album(locker)))["url"].startswith("https://photos.example.org:3005/c/")
