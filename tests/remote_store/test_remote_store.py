"""/remote-store*: settings, feature flags, the custom domain (misc.md §4)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from app.db import Tx
from app.kernel.config import Apps, Config, CustomDomains, Storage
from app.main import all_routes
from app.remote_store.abilities import ABILITIES, FLAG, Ability
from tests.inprocess import AUTH, Person, World, open_world

CNAME = "albums.darkroom.example"
ANYBODYS = CustomDomains(allowed={"*.example.org": "*"})
SWITCHES = ("recoveryKeyVerified", "mapEnabled", "faceSearchEnabled", "passKeyEnabled")
NEWCOMER = {
    "enableStripe": True, "disableCFWorker": False, "mapEnabled": False, "faceSearchEnabled": False, "passKeyEnabled": False,
    "recoveryKeyVerified": False, "internalUser": False, "betaUser": False, "enableMobMultiPart": True, "serverApiFlag": 239,
    "castUrl": "http://localhost:8080/apps/cast", "embedUrl": "http://localhost:8080/apps/embed", "customDomainCNAME": CNAME,
}  # fmt: skip


@pytest.fixture
async def world(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    """A server that offers custom domains."""
    apps = Apps(custom_domain_cname=CNAME)
    config = Config(data_dir=tmp_path, apps=apps, custom_domains=ANYBODYS, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as w:
        yield w


async def flags(p: Person) -> dict[str, Any]:
    found: dict[str, Any] = (await p.get("/remote-store/feature-flags")).json()
    return found


async def put(p: Person, key: str, value: Any, expect: int = 200) -> Any:
    got = await p.post("/remote-store/update", {"key": key, "value": value}, expect=expect)
    return got.json() if got.content else None


async def claimed(world: World, domain: str) -> bool:
    return (await world.anon().get(f"/custom-domain?domain={quote(domain)}", expect=(200, 404))).status == 200


async def test_flags_of_a_newcomer(world: World, alice: Person) -> None:
    assert await flags(alice) == NEWCOMER
    assert await flags(await world.in_app(alice, AUTH)) == NEWCOMER
    assert await flags(await world.person("newcomer", keys=False)) == NEWCOMER


async def test_switches_are_set_and_read(alice: Person, bob: Person) -> None:
    for key in SWITCHES:
        assert await put(alice, key, "true") is None
        assert (await alice.get(f"/remote-store?key={key}")).json() == {"value": "true"}
        assert await flags(alice) == {**NEWCOMER, key: True}
        await put(alice, key, "false")
        assert await flags(alice) == NEWCOMER
    await put(alice, "mapEnabled", "true")
    assert await flags(bob) == NEWCOMER


async def test_what_was_never_set(alice: Person) -> None:
    assert (await alice.get("/remote-store?key=mapEnabled", expect=404)).json() == {}
    assert (await alice.get("/remote-store?key=mapEnabled&defaultValue=false")).json() == {"value": "false"}
    assert (await alice.get("/remote-store?key=anything&defaultValue=")).json() == {"value": ""}
    assert (await alice.get("/remote-store?key=customDomain&defaultValue=x")).json() == {"value": "x"}
    for query in ("", "?key=", "?defaultValue=x"):
        assert (await alice.get(f"/remote-store{query}", expect=400)).json() == {}


async def test_updates_that_are_refused(alice: Person) -> None:
    for key, value, text in (
        ("nonsense", "true", "key nonsense is not allowed"), ("mapEnabled", "yes", "value yes is not allowed"),
        ("mapEnabled", "", "value  is not allowed"), ("mapEnabled", "TRUE", "value TRUE is not allowed"),
        ("internalUser", "true", "key internalUser is not user editable"), ("betaUser", "false", "key betaUser is not user editable"),
    ):  # fmt: skip
        assert await put(alice, key, value, expect=400) == {"code": "BAD_REQUEST", "message": text}
    for body in ({"key": "mapEnabled"}, {"value": "true"}, {"key": "", "value": "true"}, {"key": "mapEnabled", "value": True}, {}):
        assert (await alice.post("/remote-store/update", body, expect=400)).json() == {}
    assert await flags(alice) == NEWCOMER


async def test_only_the_domain_can_be_removed(alice: Person) -> None:
    await put(alice, "mapEnabled", "true")
    for key, text in (("mapEnabled", "is not removable"), ("internalUser", "is not removable"), ("nonsense", "is not allowed")):
        refused = (await alice.delete(f"/remote-store/{key}", expect=400)).json()
        assert refused == {"code": "BAD_REQUEST", "message": f"key {key} {text}"}
    assert (await flags(alice))["mapEnabled"] is True
    assert (await alice.delete("/remote-store/customDomain")).content == b""


async def test_a_domain_comes_and_goes(world: World, alice: Person) -> None:
    for end in ("empty", "delete"):
        assert await put(alice, "customDomain", "pics.example.org") is None
        assert await flags(alice) == {**NEWCOMER, "customDomain": "pics.example.org"}
        assert (await alice.get("/remote-store?key=customDomain&defaultValue=")).json() == {"value": "pics.example.org"}
        assert (await world.anon().get("/custom-domain?domain=pics.example.org")).json() == {}
        await put(alice, "customDomain", "photos.example.org")
        assert [await claimed(world, d) for d in ("pics.example.org", "photos.example.org")] == [False, True]
        if end == "empty":
            await put(alice, "customDomain", "")
        else:
            await alice.delete("/remote-store/customDomain")
        assert await flags(alice) == NEWCOMER
        assert not await claimed(world, "photos.example.org")
        await alice.get("/remote-store?key=customDomain", expect=404)


@pytest.mark.parametrize(
    "value, text",
    [
        ("_x.example.net", "invalid family custom domain format"),
        (" a.example.net", "domain contains leading or trailing spaces"),
        ("a.example.net\n", "domain contains leading or trailing spaces"),
        ("https://a.example.net", "domain should not contain scheme (e.g., http:// or https://)"),
        *((v, f"invalid domain format: {v}") for v in (
            "localhost", "a..example.net", "-a.example.net", "a-.example.net", "a.example.123", "a.example.xn--p1ai", "a.пример.рф",
            "a_b.example.net", "a b.example.net", ".example.net", "example.net.", "10.0.0.1", "[::1]",
            "a.example.net:8080", "a.example.net/x", "*.example.net",
            "x" * 64 + ".example.net", "\u200b.net", "\ufffd.net",
        )),
    ],
)  # fmt: skip
async def test_domains_that_are_refused(alice: Person, value: str, text: str) -> None:
    assert await put(alice, "customDomain", value, expect=400) == {"code": "BAD_REQUEST", "message": text}
    assert await flags(alice) == NEWCOMER


async def test_texts_that_no_engine_can_store_are_refused(alice: Person) -> None:
    assert await put(alice, "customDomain", "a\x00b.example.net", expect=400) == {}
    assert (await alice.get("/remote-store?key=map%00Enabled&defaultValue=x", expect=400)).json() == {}


async def test_overlong_domains_are_refused(alice: Person) -> None:
    for value in ("a." * 126 + "org", "é" * 4000 + ".org", "é." * 60 + "org"):
        got = await put(alice, "customDomain", value, expect=400)
        assert len(got["message"]) < 300
    assert await put(alice, "customDomain", "é" * 5000 + ".org", expect=400) == {}, "longer than a line"


async def test_a_domain_belongs_to_one_account(world: World, alice: Person, bob: Person) -> None:
    await put(alice, "customDomain", "Bücher.example.org")
    await put(alice, "customDomain", "Bücher.example.org")  # setting it again is no conflict with oneself
    await put(bob, "customDomain", "bob.example.org")
    for spelling in ("Bücher.example.org", "bücher.EXAMPLE.org", "xn--bcher-kva.example.org", "XN--BCHER-KVA.example.org"):
        assert await claimed(world, spelling)
        refused = await put(bob, "customDomain", spelling, expect=409)
        assert refused["code"] == "CONFLICT"
        assert "alice" not in str(refused)
    assert (await flags(alice))["customDomain"] == "Bücher.example.org"
    assert (await flags(bob))["customDomain"] == "bob.example.org"
    await put(alice, "customDomain", "")
    await put(bob, "customDomain", "xn--bcher-kva.example.org")


def _delete(tx: Tx, user_id: int) -> None:
    tx.run("UPDATE users SET deleted_at = 1 WHERE user_id = :user_id", user_id=user_id)


async def test_a_deleted_account_gives_its_domain_up(world: World, alice: Person, bob: Person) -> None:
    await put(alice, "customDomain", "pics.example.org")
    await world.kernel.db.write("test.delete", _delete, alice.user_id)
    assert not await claimed(world, "pics.example.org")
    await put(bob, "customDomain", "pics.example.org")
    assert await claimed(world, "pics.example.org")


async def test_reserved_names_and_the_configured_target(engine: str, tmp_path: Path) -> None:
    apps = Apps(custom_domain_cname="my.Darkroom.example", cast="https://cast.example.org/", embed="https://embed.example.org")
    config = Config(data_dir=tmp_path, apps=apps, custom_domains=ANYBODYS, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        for value in ("my.ente.com", "MY.ente.IO", "my.darkroom.example"):
            assert await put(alice, "customDomain", value, expect=400) == {"code": "BAD_REQUEST", "message": "custom domain is reserved"}
        told = await flags(alice)
        assert told == {
            **NEWCOMER, "castUrl": "https://cast.example.org", "embedUrl": "https://embed.example.org", "customDomainCNAME": "my.Darkroom.example",
        }  # fmt: skip


async def test_a_server_that_offers_no_domains_takes_none(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        refused = await put(alice, "customDomain", "pics.example.org", expect=400)
        assert refused == {"code": "BAD_REQUEST", "message": "custom domains are not offered by this server"}
        assert await flags(alice) == {k: v for k, v in NEWCOMER.items() if k != "customDomainCNAME"}
        await put(alice, "customDomain", "")


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda a: a.name)
def test_an_ability_is_announced_when_its_routes_are_here_and_only_then(ability: Ability) -> None:
    here = {(r.method, re.sub(r"{.*?}", "{}", r.path)) for r in all_routes()}
    missing = {(method, re.sub(r"{.*?}", "{}", path)) for method, path in ability.routes} - here
    assert ability.announced == (not missing), f"{ability.name}: {missing or 'every route is here'}"


def test_the_bit_that_was_given_up_stays_unset() -> None:
    assert not FLAG & 16
    assert len({a.bit for a in ABILITIES}) == len(ABILITIES)


async def test_asking_for_a_domain(world: World) -> None:
    anon = world.anon()
    assert (await anon.get("/custom-domain", expect=400)).json()["code"] == "BAD_REQUEST"
    for bad in ("localhost", "a..b", "é" * 300, "%00", "10.0.0.1"):
        assert (await anon.get(f"/custom-domain?domain={quote(bad, safe='%')}", expect=400)).json() == {}
    assert (await anon.get("/custom-domain?domain=nobody.example.org", expect=404)).json() == {"code": "NOT_FOUND", "message": ""}


async def test_a_session_is_needed(world: World) -> None:
    anon = world.anon()
    for method, path in (("GET", ""), ("GET", "/feature-flags"), ("POST", "/update"), ("DELETE", "/customDomain")):
        assert (await anon.call(method, f"/remote-store{path}", expect=401)).json() == {"error": "missing token"}


async def test_domains_are_asked_for_five_hundred_times_a_minute(world: World) -> None:
    proxy = world.anon()
    for _ in range(500):
        await proxy.get("/custom-domain?domain=nobody.example.org", expect=404)
    assert (await proxy.get("/custom-domain?domain=nobody.example.org", expect=429)).json() == {"error": "Rate limit breached, try later"}
    await world.anon().get("/custom-domain?domain=nobody.example.org", expect=404)
