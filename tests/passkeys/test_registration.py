"""Registering, naming and deleting passkeys on the accounts page (accounts.md §5.9)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from app.kernel.clock import HOUR, MINUTE, SECOND
from app.kernel.config import Apps, Config, Passkeys, Storage
from app.passkeys.service import sweep
from tests.inprocess import World, open_world
from tests.newcomer import Login, Newcomer
from tests.passkeys.authenticator import ATTESTED, VERIFIED, Authenticator, unb64u
from tests.passkeys.conftest import Page, open_page


async def test_it_works(world: World, dora: Newcomer, page: Page) -> None:
    assert (await page.api.get("/passkeys")).json() == {"accountsUrl": "http://darkroom.test/apps/accounts", "passkeys": None}
    options, session = await page.begin()
    assert options["rp"] == {"name": "Ente", "id": "darkroom.test"}
    assert options["user"]["name"] == options["user"]["displayName"] == dora.email
    assert unb64u(options["user"]["id"]) == dora.user_id.to_bytes(8, "big")
    assert len(unb64u(options["challenge"])) == 32
    assert options["pubKeyCredParams"][0] == {"type": "public-key", "alg": -7}
    assert (await page.finish(session, Authenticator().create(options), expect=200)).json() == {}
    (key,) = await page.keys()
    assert key == {"id": str(uuid.UUID(key["id"])), "userID": dora.user_id, "friendlyName": "laptop", "createdAt": world.clock.now()}
    assert (await dora.api.get("/users/details/v2")).json()["profileData"]["passkeyCount"] == 1


async def test_renaming_and_deleting(dora: Newcomer, page: Page) -> None:
    await page.register()
    (key,) = await page.keys()
    path = f"/passkeys/{key['id']}"
    assert (await page.api.call("PATCH", f"{path}?friendlyName=old%20laptop")).json() == {}
    assert await page.names() == ["old laptop"]
    for bad in ("", "x" * 257, "%C3%A9" * 129):
        refused = await page.api.call("PATCH", f"{path}?friendlyName={bad}", expect=400)
        assert refused.json()["code"] == "BAD_REQUEST"
    assert (await page.api.call("PATCH", "/passkeys/no-uuid?friendlyName=x", expect=400)).json() == {}
    assert (await page.api.delete("/passkeys/no-uuid", expect=400)).json() == {}
    await page.api.call("PATCH", f"/passkeys/{uuid.uuid4()}?friendlyName=x")
    for _ in range(2):
        assert (await page.api.delete(path)).json() == {}
    assert await page.names() == []
    assert (await Login(dora)()).json()["encryptedToken"]


async def test_passkeys_of_others_stay(world: World, page: Page) -> None:
    await page.register()
    (key,) = await page.keys()
    emil = await open_page(world, (await Newcomer(world, "emil@example.net", world.anon()).complete()).api)
    await emil.api.delete(f"/passkeys/{key['id']}")
    await emil.api.call("PATCH", f"/passkeys/{key['id']}?friendlyName=mine")
    assert await page.names() == ["laptop"]
    assert await emil.names() == []


async def test_a_registration_is_used_up(page: Page) -> None:
    key = Authenticator()
    options, session = await page.begin()
    assert (await page.finish(session, key.create(options), expect=200)).json() == {}
    assert (await page.finish(session, key.create(options), expect=404)).json() == {}
    options, session = await page.begin()
    assert (await page.finish(session, key.create(options), expect=409)).json()["code"] == "ALREADY_EXISTS"
    assert await page.names() == ["laptop"]


async def test_ten_are_enough(page: Page) -> None:
    last, session = await page.begin()
    for n in range(10):
        await page.register(f"key{n}")
    assert (await page.api.post("/passkeys/registration/begin", expect=409)).json()["code"] == "MAX_PASSKEYS_REACHED"
    assert (await page.finish(session, Authenticator().create(last), expect=409)).json()["code"] == "MAX_PASSKEYS_REACHED"


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"}, {"origin": "http://localhost:3001"}, {"rp_id": "evil.example"}, {"challenge": "AAAA"},
        {"kind": "webauthn.get"}, {"flags": ATTESTED | VERIFIED}, {"flags": 1}, {"alg": -65535}, {"alg": -6},
    ],
    ids=str,
)  # fmt: skip
async def test_answers_that_do_not_hold(page: Page, wrong: dict[str, Any]) -> None:
    options, session = await page.begin()
    refused = await page.finish(session, Authenticator().create(options, **wrong), expect=400)
    assert refused.json() == {"code": "BAD_REQUEST", "message": "Error parsing attestation response"}
    assert await page.names() == []


async def test_malformed_answers(page: Page) -> None:
    key = Authenticator()
    for change in ({"id": ""}, {"id": "AAAA"}, {"rawId": "%%"}, {"type": "password"}, {"response": None}, {"response": {}}):
        options, session = await page.begin()
        await page.finish(session, {**key.create(options), **change}, expect=400)
    for change in ({"attestationObject": "AAAA"}, {"attestationObject": "%"}, {"clientDataJSON": "e30"}, {"clientDataJSON": "W10"}):
        options, session = await page.begin()
        answer = key.create(options)
        answer["response"].update(change)
        await page.finish(session, answer, expect=400)
    options, session = await page.begin()
    for bad in ("", "x" * 257):
        assert (await page.finish(session, key.create(options), bad, expect=400)).json()["code"] == "BAD_REQUEST"
    await page.finish("no-uuid", key.create(options), expect=400)
    await page.finish("", key.create(options), expect=400)
    await page.finish(str(uuid.uuid4()), key.create(options), expect=404)
    await page.finish(session, key.create(options), expect=200)


async def test_a_registration_takes_five_minutes_at_most_and_is_ones_own(world: World, page: Page) -> None:
    emil = await open_page(world, (await Newcomer(world, "emil@example.net", world.anon()).complete()).api)
    options, session = await page.begin()
    await emil.finish(session, Authenticator().create(options), expect=404)
    world.clock.advance(5 * MINUTE)
    assert (await page.finish(session, Authenticator().create(options), expect=400)).json()["code"] == "BAD_REQUEST"
    for _ in range(15):
        await page.begin()
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM passkey_ceremonies")) == 10
    world.clock.advance(5 * MINUTE)
    await sweep(world.kernel)
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM passkey_ceremonies")) == 0


async def test_an_account_without_keys_registers_none(world: World) -> None:
    emil = await Newcomer(world, "emil@example.net", world.anon()).sign_up()
    page = await open_page(world, emil.api)
    await page.api.post("/passkeys/registration/begin", expect=404)


async def test_who_may_open_the_page(world: World, dora: Newcomer, page: Page) -> None:
    families = (await dora.api.get("/users/families-token")).json()["familiesToken"]
    payment = (await dora.api.get("/users/payment-token")).json()["paymentToken"]
    token = page.api.token or ""
    for bad in (dora.api.token, families, payment, token[:-2] + "xx", "a.b.c", "..", token.partition(".")[2]):
        assert (await world.anon().get("/passkeys", token=bad, expect=401)).json() == {"error": "invalid token"}
    assert (await world.anon().get("/passkeys", expect=401)).json() == {"error": "missing token"}
    assert (await world.anon().get("/users/details/v2", token=token, expect=401)).json() == {"error": "invalid token"}
    await world.anon().get(f"/passkeys?token={token}")
    world.clock.advance(30 * MINUTE + SECOND)
    assert (await page.api.get("/passkeys", expect=401)).json() == {"error": "invalid token"}


async def test_the_page_of_a_deleted_account(world: World, dora: Newcomer, page: Page) -> None:
    await world.kernel.db.write("test", lambda tx: tx.run("UPDATE users SET deleted_at = 1 WHERE user_id = :u", u=dora.user_id))
    assert (await page.api.get("/passkeys", expect=410)).json() == {}
    await page.api.post("/passkeys/registration/begin", expect=410)


# --- where the accounts app is
@pytest.mark.parametrize(
    ("config", "rp_id", "origins"),
    [
        ({}, "localhost", ("http://localhost:8080",)),
        ({"public_url": "https://Photos.example.org:8443/ente"}, "photos.example.org", ("https://photos.example.org:8443",)),
        (
            {"public_url": "https://photos.example.org", "apps": Apps(accounts="https://accounts.example.org")},
            "accounts.example.org",
            ("https://accounts.example.org",),
        ),
        ({"public_url": "http://10.0.0.2", "apps": Apps(accounts="http://localhost:3001")}, "localhost", ("http://localhost:3001",)),
        (
            {"passkeys": Passkeys(rp_id="example.org", origins=("https://a.example.org/", "https://B.example.org"))},
            "example.org",
            ("https://a.example.org", "https://b.example.org"),
        ),
    ],
)
def test_the_relying_party(config: dict[str, Any], rp_id: str, origins: tuple[str, ...]) -> None:
    made = Config(**config)
    assert (made.rp_id, made.passkey_origins) == (rp_id, origins)


async def test_an_override_is_what_browsers_get(tmp_path: Path) -> None:
    passkeys = Passkeys(rp_id="example.org", origins=("https://a.example.org", "https://b.example.org"))
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), passkeys=passkeys)
    async with open_world("sqlite", tmp_path, config=config) as world:
        dora = await Newcomer(world, "dora@example.net", world.anon()).complete()
        page = await open_page(world, dora.api)
        for origin, status in (("https://b.example.org", 200), ("HTTPS://A.example.org", 200), ("http://darkroom.test", 400)):
            options, session = await page.begin()
            assert options["rp"]["id"] == "example.org"
            assert (await page.finish(session, Authenticator().create(options, origin=origin))).status == status
        world.clock.advance(HOUR)
