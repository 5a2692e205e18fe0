"""Codes by e-mail: sign-up and log-in (accounts.md §5.2, §5.3)."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.cli import admin
from app.http.client import Client
from app.kernel.clock import DAY, HOUR, SECOND
from app.kernel.config import Config, Limit, Limits, Otp, Registration, Storage
from app.kernel.config_sources import load
from app.kernel.errors import AppError
from app.kernel.logs import NOTICE
from app.login import code_login
from app.login.service import pending_codes
from app.login.wire import CodeProof
from tests.inprocess import AUTH, World, open_world
from tests.newcomer import Meet, Newcomer, code_for, wrong

NO_FACTOR = {"passkeySessionID": "", "accountsUrl": "", "twoFactorSessionID": "", "twoFactorSessionIDV2": ""}


async def ask(world: World, email: str, purpose: str = "", **kw: Any) -> Any:
    return await world.anon().post("/users/ott", {"email": email, "purpose": purpose}, **kw)


async def prove(world: World, email: str, code: str, **kw: Any) -> Any:
    return await world.anon().post("/users/verify-email", {"email": email, "ott": code}, **kw)


async def rows(world: World, table: str) -> int:
    return int(await world.kernel.db.scan(lambda tx: tx.value(f"SELECT count(*) FROM {table}")))


async def test_it_works(world: World, meet: Meet) -> None:
    dora = meet("dora")
    assert (await ask(world, dora.email, "signup")).content == b""
    body = {"email": dora.email, "ott": await code_for(world, dora.email), "source": "web:friend"}
    answer = (await world.anon().post("/users/verify-email", body)).json()
    token = answer.pop("token")
    assert len(base64.urlsafe_b64decode(token)) == 32
    assert len(token) == 44
    user_id = answer.pop("id")
    assert 1580559962386438 <= user_id < 1 << 53
    assert answer == NO_FACTOR
    assert (await world.anon().get("/users/session-validity/v2", token=token)).json() == {"hasSetKeys": False}
    source = await world.kernel.db.read(lambda tx: tx.one("SELECT source FROM users WHERE user_id = :u", u=user_id))
    assert source == ("web:friend",)
    stamp = await world.kernel.db.read(lambda tx: tx.value("SELECT stamp FROM feeds WHERE user_id = :u", u=user_id))
    assert stamp == world.clock.now()


async def test_with_keys_the_token_comes_sealed(world: World, dora: Newcomer) -> None:
    await ask(world, dora.email, "login")
    answer = (await prove(world, dora.email, await code_for(world, dora.email))).json()
    assert set(answer) == {"id", "keyAttributes", "encryptedToken", *NO_FACTOR}
    assert answer["id"] == dora.user_id
    assert answer["keyAttributes"] == {**dora.keys, "kekHash": ""}
    token = dora.open_token(answer)
    assert token != dora.api.token
    assert (await world.anon().get("/users/session-validity/v2", token=token)).json()["hasSetKeys"] is True


async def test_the_purpose_must_fit_the_account(world: World, meet: Meet, dora: Newcomer) -> None:
    unfinished = await meet("unfinished").sign_up()
    assert (await ask(world, dora.email, "signup", expect=409)).json()["code"] == "USER_ALREADY_REGISTERED"
    assert (await ask(world, "nobody@example.net", "login", expect=404)).json()["code"] == "USER_NOT_REGISTERED"
    assert (await ask(world, unfinished.email, "login", expect=404)).json()["code"] == "USER_SIGNUP_INCOMPLETE"
    assert (await ask(world, dora.email, "change", expect=403)).json() == {}
    for email, purpose in ((unfinished.email, "signup"), (dora.email, "login"), ("free@example.net", "change"), (dora.email, "whatever")):
        assert (await ask(world, email, purpose)).content == b""
    assert (await prove(world, unfinished.email, await code_for(world, unfinished.email))).json()["id"] == unfinished.user_id


async def test_addresses_and_codes_are_normalised(world: World) -> None:
    await ask(world, "  Mixed@Example.NET ", "signup")
    code = await code_for(world, "mixed@example.net")
    answer = (await prove(world, "MIXED@example.net", f" {code}\n")).json()
    assert (await world.anon().get("/users/details/v2", token=answer["token"])).json()["email"] == "mixed@example.net"


@pytest.mark.parametrize("email", ["", "   ", "a@b\nINFO forged", "x" * 321])
async def test_no_usable_address(world: World, email: str) -> None:
    assert (await ask(world, email, expect=400)).json() == {}
    assert await rows(world, "otts") == 0


async def test_a_code_opens_once(world: World, meet: Meet) -> None:
    email = meet("dora").email
    assert (await prove(world, email, "123456", expect=410)).json() == {}
    await ask(world, email)
    code = await code_for(world, email)
    assert (await prove(world, email, wrong(code), expect=401)).json() == {}
    assert (await prove(world, email, "", expect=401)).json() == {}
    assert (await prove(world, email, code)).json()["token"]
    assert (await prove(world, email, code, expect=410)).json() == {}


async def test_of_many_at_once_one_is_let_in(world: World, meet: Meet) -> None:
    email = meet("dora").email
    await ask(world, email)
    code = await code_for(world, email)
    statuses = [r.status for r in await asyncio.gather(*(prove(world, email, code, expect=None) for _ in range(8)))]
    assert sorted(statuses) == [200] + [410] * 7
    assert await rows(world, "users") == 1


async def test_a_code_belongs_to_its_app(world: World, dora: Newcomer) -> None:
    await world.anon(AUTH).post("/users/ott", {"email": dora.email, "purpose": "login"})
    code = await code_for(world, dora.email, "auth")
    await prove(world, dora.email, code, expect=410)
    answer = (await world.anon(AUTH).post("/users/verify-email", {"email": dora.email, "ott": code})).json()
    token = dora.open_token(answer)
    assert (await world.anon(AUTH).get("/users/session-validity/v2", token=token)).json()["hasSetKeys"]
    await world.anon().get("/users/session-validity/v2", token=token, expect=401)


async def test_a_code_lives_an_hour(world: World, meet: Meet) -> None:
    email = meet("dora").email
    await ask(world, email)
    code = await code_for(world, email)
    world.clock.advance(HOUR)
    await prove(world, email, code, expect=410)


async def codes_of(world: World, email: str, app: str = "photos") -> list[str]:
    pending = await world.kernel.db.read(pending_codes, world.kernel.crypto, email, world.clock.now())
    return [p.code for p in pending if p.app == app]


async def test_the_oldest_code_gives_way(world: World, meet: Meet) -> None:
    email = meet("dora").email
    for _ in range(12):
        await ask(world, email)
        world.clock.advance(1)
    first = (await codes_of(world, email))[0]
    assert len(await codes_of(world, email)) == 10
    await ask(world, email)
    assert first not in await codes_of(world, email)
    await world.anon(AUTH).post("/users/ott", {"email": email})
    assert (len(await codes_of(world, email)), len(await codes_of(world, email, "auth"))) == (10, 1)


async def test_a_strangers_requests_push_out_the_strangers_codes(world: World, dora: Newcomer) -> None:
    home, stranger = world.anon(), world.anon()
    await home.post("/users/ott", {"email": dora.email, "purpose": "login"})
    code = (await codes_of(world, dora.email))[0]
    for _ in range(10):
        world.clock.advance(1)
        await stranger.post("/users/ott", {"email": dora.email, "purpose": "login"})
    assert len(await codes_of(world, dora.email)) == 4
    await home.post("/users/verify-email", {"email": dora.email, "ott": code})


async def test_wrong_guesses_lock_the_network_they_come_from(world: World, dora: Newcomer) -> None:
    home, stranger = world.anon(), world.anon()
    await home.post("/users/ott", {"email": dora.email, "purpose": "login"})
    code = (await codes_of(world, dora.email))[0]
    guess = {"email": dora.email, "ott": wrong(code)}
    statuses = []
    for _ in range(60):
        statuses.append((await stranger.post("/users/verify-email", guess, expect=None)).status)
        world.clock.advance(7 * SECOND)
    assert statuses == [401] * 50 + [429] * 10
    assert (await stranger.post("/users/verify-email", {**guess, "ott": code}, expect=429)).json() == {}
    await home.post("/users/verify-email", {**guess, "ott": code})


async def test_guesses_at_the_same_time_are_all_counted(world: World, dora: Newcomer) -> None:
    limits = world.kernel.config.limits.model_copy(update={"guesses": Limit(count=5, seconds=3600), "sensitive": Limit(count=0, seconds=60)})
    kernel = replace(world.kernel, config=world.kernel.config.model_copy(update={"limits": limits}))
    await ask(world, dora.email)
    proof = CodeProof(email=dora.email, ott=wrong(await code_for(world, dora.email)))
    got = await asyncio.gather(*(code_login.verify(kernel, proof, Client("photos", "10.1.1.1", "")) for _ in range(20)), return_exceptions=True)
    assert sorted(getattr(e, "status", 0) for e in got) == [401] * 5 + [429] * 15


async def test_when_all_guess_the_newest_code_of_the_owner_still_opens(world: World, dora: Newcomer) -> None:
    limits = world.kernel.config.limits.model_copy(update={"guesses_total": Limit(count=20, seconds=86_400)})
    kernel = replace(world.kernel, config=world.kernel.config.model_copy(update={"limits": limits}))
    home = world.anon()
    await home.post("/users/ott", {"email": dora.email, "purpose": "login"})
    code = (await codes_of(world, dora.email))[0]

    async def prove_from(ip: str, ott: str) -> int:
        try:
            await code_login.verify(kernel, CodeProof(email=dora.email, ott=ott), Client("photos", ip, ""))
        except AppError as e:
            return e.status
        return 200

    assert [await prove_from(f"10.2.0.{n}", wrong(code)) for n in range(22)] == [401] * 20 + [429] * 2
    assert await prove_from("10.2.0.99", code) == 429
    assert await prove_from(home.ip, code) == 200


async def test_one_address_gets_few_answers_about_who_exists(world: World, dora: Newcomer) -> None:
    anon = world.anon()
    for _ in range(100):
        await anon.post("/users/ott", {"email": "nobody@example.net", "purpose": "login"}, expect=404)
        world.clock.advance(7_000_000)
    before = await rows(world, "otts")
    for email, purpose in (("nobody@example.net", "login"), (dora.email, "signup"), (dora.email, "change")):
        assert (await anon.post("/users/ott", {"email": email, "purpose": purpose})).content == b""
    assert await rows(world, "otts") == before
    await ask(world, "nobody@example.net", "login", expect=404)  # everybody else still gets an answer


async def test_one_address_gets_few_codes(world: World) -> None:
    anon = world.anon()
    for n in range(30):
        await anon.post("/users/ott", {"email": f"{n}@example.net"})
        world.clock.advance(7_000_000)
    assert (await anon.post("/users/ott", {"email": "31@example.net"}, expect=429)).json() == {}
    await ask(world, "31@example.net")


async def test_the_code_is_logged_and_nothing_else_secret(world: World, meet: Meet, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    dora = meet("dora")
    await ask(world, dora.email, "signup")
    code = await code_for(world, dora.email)
    (line,) = [r for r in caplog.records if r.name == "darkroom.ott"]
    assert (line.levelname, line.getMessage()) == ("NOTICE", f"code for {dora.email} (photos): {code}")
    caplog.clear()
    token = (await prove(world, dora.email, code)).json()["token"]
    await prove(world, dora.email, code, expect=410)
    assert code not in caplog.text
    assert token not in caplog.text
    assert dora.email not in caplog.text


async def test_nothing_is_stored_in_clear(world: World, meet: Meet) -> None:
    dora = await meet("dora").sign_up()
    await ask(world, dora.email)
    code = await code_for(world, dora.email)
    tables = ("users", "otts", "sessions")
    everything = [repr(await world.kernel.db.scan(lambda tx, t=t: tx.all(f"SELECT * FROM {t}"))) for t in tables]
    for secret in (dora.email, code, dora.api.token or "?"):
        assert secret not in "".join(everything)


# --- registration modes and fixed codes
@pytest.fixture
async def closed(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(engine, tmp_path, config=_config(tmp_path, registration=Registration(mode="closed"))) as w:
        yield w


@pytest.fixture
async def by_invitation(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(engine, tmp_path, config=_config(tmp_path, registration=Registration(mode="invite"))) as w:
        yield w


@pytest.fixture
async def with_fixed_code(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    fixed = Otp(fixed={"@example.org": "123456", "zoe@example.org": "654321"})
    limits = Limits(sensitive=Limit(count=0, seconds=60))
    async with open_world(engine, tmp_path, config=_config(tmp_path, otp=fixed, limits=limits)) as w:
        yield w


def _config(folder: Path, **sections: Any) -> Config:
    return Config(data_dir=folder, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), **sections)


async def test_closed_registration(closed: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(NOTICE)
    refused = (await ask(closed, "new@example.net", "signup", expect=403)).json()
    assert refused["code"] == "REGISTRATION_CLOSED"
    assert "invite" in refused["message"]
    assert "`darkroom user add new@example.net`" in caplog.text, "the operator, who will be asked, is told what helps"
    assert (await ask(closed, "new@example.net")).content == b""  # without a purpose a code is always sent …
    code = await code_for(closed, "new@example.net")
    caplog.clear()
    assert (await prove(closed, "new@example.net", code, expect=403)).json() == refused
    assert "`darkroom user add new@example.net`" in caplog.text
    assert await rows(closed, "users") == 0
    await prove(closed, "new@example.net", code, expect=410)  # … and it is used up


async def test_closed_registration_lets_the_unfinished_go_on(closed: World) -> None:
    unfinished = await closed.person("unfinished", keys=False)
    await ask(closed, unfinished.email, "signup")
    answer = (await prove(closed, unfinished.email, await code_for(closed, unfinished.email))).json()
    assert answer["id"] == unfinished.user_id


async def test_registration_by_invitation(by_invitation: World) -> None:
    world = by_invitation
    invited = Newcomer(world, "guest@example.net", world.anon())
    await ask(world, invited.email, "signup", expect=403)
    hashed = world.kernel.crypto.hash(invited.email)
    await world.kernel.db.write("test", lambda tx: tx.run("INSERT INTO invites (email_hash, created_at) VALUES (:h, 0)", h=hashed))
    await invited.sign_up()
    await ask(world, "stranger@example.net", "signup", expect=403)


@pytest.mark.parametrize("domains", [(), ("@Example.COM ",)])
async def test_the_first_signs_up_freely_and_invites_the_others(engine: str, tmp_path: Path, domains: tuple[str, ...]) -> None:
    async with open_world(engine, tmp_path, config=_config(tmp_path, registration=Registration(domains=domains))) as world:
        await Newcomer(world, "first@example.net", world.anon()).sign_up()
        assert (await ask(world, "second@example.net", "signup", expect=403)).json()["code"] == "REGISTRATION_CLOSED"
        await ask(world, "second@sub.example.com", "signup", expect=403)
        await ask(world, "second@example.com", "signup", expect=200 if domains else 403)


async def test_of_those_who_come_at_once_only_one_is_the_first(engine: str, tmp_path: Path) -> None:
    """They all asked for their codes while there was no account; each proves its own at the same moment."""
    async with open_world(engine, tmp_path, config=_config(tmp_path, registration=Registration())) as world:
        emails = [f"first-{n}@example.net" for n in range(8)]
        for email in emails:
            await ask(world, email, "signup")
        codes = [await code_for(world, email) for email in emails]
        answers = await asyncio.gather(*(prove(world, email, code, expect=(200, 403)) for email, code in zip(emails, codes, strict=True)))
        assert sorted(r.status for r in answers) == [200] + [403] * 7
        assert await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM users")) == 1
        assert {r.json().get("code") for r in answers if r.status == 403} == {"REGISTRATION_CLOSED"}


async def test_an_invitation_may_end_and_bring_a_limit(by_invitation: World) -> None:
    world = by_invitation
    guest = Newcomer(world, "guest@example.net", world.anon())
    await admin.run(world.kernel, "invite", {"email": guest.email, "days": 2, "size": 5 << 30})
    world.clock.advance(2 * DAY)
    await ask(world, guest.email, "signup", expect=403)
    await admin.run(world.kernel, "invite", {"email": guest.email, "days": 2, "size": 5 << 30})
    await guest.sign_up()
    assert (await guest.api.get("/billing/subscription")).json()["subscription"]["storage"] == 5 << 30


def test_registration_in_one_word() -> None:
    for value in ("invite", {"mode": "invite"}):
        assert Config.model_validate({"registration": value}).registration == Registration(mode="invite")


def test_the_environment_wins_over_that_word(tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text('registration = "invite"\n')
    assert load(tmp_path / "d.toml", {"DARKROOM_REGISTRATION_MODE": "open"}, {}).registration.mode == "open"


async def test_fixed_codes(with_fixed_code: World, caplog: pytest.LogCaptureFixture) -> None:
    world = with_fixed_code
    caplog.set_level(logging.DEBUG)
    for email, code in (("alice@example.org", "123456"), ("zoe@example.org", "654321")):
        await prove(world, email, code, expect=410)
        for _ in range(12):  # the same code again is not another one
            await ask(world, email, "signup")
        assert (await prove(world, email, code)).json()["id"]
    assert not [r for r in caplog.records if r.name == "darkroom.ott"]
    await ask(world, "new@example.org", "change")
    assert [r for r in caplog.records if r.name == "darkroom.ott"]
    assert await code_for(world, "new@example.org") != "123456"
