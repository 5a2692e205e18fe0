"""Log-in with the password itself: off unless wanted, and then as strict as SRP."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13

from app.kernel.clock import MINUTE, SECOND
from app.kernel.config import Accounts, Config, Limit, Limits, Storage
from app.login.in_clear import Parameters, derive
from bridge.client import srp
from tests.inprocess import World, open_world
from tests.newcomer import MIB, Newcomer
from tests.second_factor.phone import enable

PASSWORD = "correct horse battery"


def login_key(password: str, kek_salt: bytes, ops: int, mem: int) -> bytes:
    """As the clients have it, by libsodium."""
    kek = crypto_pwhash_alg(32, password.encode(), kek_salt, ops, mem, crypto_pwhash_ALG_ARGON2ID13)
    return hashlib.blake2b(digest_size=32, key=kek, salt=b"\1" + bytes(15), person=b"loginctx" + bytes(8)).digest()[:16]


def test_the_derivation_is_that_of_libsodium() -> None:
    p = Parameters(None, "3f8a1c52-9d47-4e0b-8a6e-5b1d2c3e4f50", bytes(range(16)), bytes(range(16, 32)), 8 * MIB, 3)
    assert derive(PASSWORD, p) == srp.verifier(p.srp_user_id, login_key(PASSWORD, p.kek_salt, 3, 8 * MIB), p.salt)


@pytest.fixture
async def open_door(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    limits = Limits(guesses=Limit(count=3, seconds=3600))
    config = Config(
        data_dir=tmp_path, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), accounts=Accounts(password_login=True), limits=limits
    )
    async with open_world(engine, tmp_path, config=config) as world:
        yield world


@pytest.fixture
async def dora(open_door: World) -> Newcomer:
    """The weakest derivation that the server takes: 128 MiB."""
    dora = await Newcomer(open_door, "dora@example.net", open_door.anon()).sign_up()
    await dora.give_keys()
    await open_door.kernel.db.write("test", _weaken, dora.user_id)
    dora.password = login_key(PASSWORD, base64.b64decode(dora.keys["kekSalt"]), 1, 8 * MIB)
    return await dora.enrol()


def _weaken(tx: Any, user_id: int) -> None:
    """Cheap parameters, which no client could store: the tests derive often."""
    tx.run("UPDATE key_attributes SET mem_limit = :mem, ops_limit = 1 WHERE user_id = :u", mem=8 * MIB, u=user_id)


async def log_in(world: World, email: str = "dora@example.net", password: str = PASSWORD, **kw: Any) -> Any:
    return await world.anon().post("/users/login", {"email": email, "password": password}, **kw)


async def test_it_is_off_and_says_what_to_use(world: World) -> None:
    for email in ("dora@example.net", "nobody@example.net"):
        refused = (await log_in(world, email, expect=403)).json()
        assert refused["code"] == "PASSWORD_LOGIN_OFF"
        assert "/users/srp/attributes" in refused["message"]


async def test_it_works(open_door: World, dora: Newcomer) -> None:
    answer = (await log_in(open_door, " DORA@example.net ")).json()
    assert set(answer) == {"authToken", "token_type", "expiresIn"}
    assert (answer["token_type"], answer["expiresIn"]) == ("X-Auth-Token", 365 * 86_400)
    assert (await open_door.anon().get("/users/details/v2", token=answer["authToken"])).json()["email"] == dora.email


async def test_refusals(open_door: World, dora: Newcomer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    assert (await log_in(open_door, password="wrong horse", expect=401)).json() == {}
    for body in ({}, {"email": dora.email}, {"password": PASSWORD}, {"email": dora.email, "password": ""}):
        await open_door.anon().post("/users/login", body, expect=400)
    await enable(open_door, dora.api)
    refused = (await log_in(open_door, expect=403)).json()
    assert refused["code"] == "SECOND_FACTOR_REQUIRED"
    await dora.api.post("/users/two-factor/disable")
    await dora.api.put("/users/email-mfa", {"isEnabled": True})
    assert (await log_in(open_door, expect=409)).json()["code"] == "EMAIL_MFA_ENABLED"
    assert len((await dora.api.get("/users/sessions")).json()["sessions"]) == 1
    assert not [r for r in caplog.records if "horse" in r.getMessage()]


async def test_nobody_is_refused_like_somebody(open_door: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def derived(password: str, p: Parameters) -> bytes:
        seen.append(p.mem_limit)
        return bytes(512)

    monkeypatch.setattr("app.login.in_clear.derive", derived)
    assert (await log_in(open_door, "nobody@example.net", expect=401)).json() == {}
    assert seen[0] >= 256 * MIB  # the work is done all the same


async def test_wrong_passwords_count_for_the_network(open_door: World, dora: Newcomer) -> None:
    stranger = open_door.anon()
    statuses = []
    for _ in range(5):
        statuses.append((await stranger.post("/users/login", {"email": dora.email, "password": "x"}, expect=None)).status)
        open_door.clock.advance(7 * SECOND)
    assert statuses == [401] * 3 + [429] * 2
    assert (await stranger.post("/users/login", {"email": dora.email, "password": PASSWORD}, expect=429)).json() == {}
    await log_in(open_door)
    open_door.clock.advance(60 * MINUTE)
    await stranger.post("/users/login", {"email": dora.email, "password": PASSWORD})
