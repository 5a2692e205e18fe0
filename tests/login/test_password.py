"""Password log-in (accounts.md §4). The client's side is an independent computation."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from app.kernel.clock import HOUR, MINUTE, SECOND
from app.kernel.crypto import b64
from app.login import password
from app.login.srp import N, pad
from app.login.sweep import sweep
from bridge.client import srp
from tests.clients import crypto
from tests.inprocess import AUTH, World
from tests.newcomer import MIB, Login, Meet, Newcomer

NEW = b"another password"


async def parameters(world: World, email: str, **kw: Any) -> Any:
    return await world.anon().get(f"/users/srp/attributes?email={email}", **kw)


async def test_it_works(world: World, dora: Newcomer) -> None:
    known = (await parameters(world, f"%20{dora.email.upper()}")).json()
    assert known == {
        "attributes": {
            "srpUserID": dora.srp_user_id, "srpSalt": b64(dora.salt), "memLimit": 256 * MIB, "opsLimit": 16,
            "kekSalt": dora.keys["kekSalt"], "isEmailMFAEnabled": False,
        }
    }  # fmt: skip
    login = Login(dora)
    begun = (await login.start()).json()
    assert set(begun) == {"sessionID", "srpB"}
    assert str(uuid.UUID(begun["sessionID"])) == begun["sessionID"]
    answer = (await login.finish()).json()
    assert set(answer) == {
        "id", "keyAttributes", "encryptedToken", "passkeySessionID", "accountsUrl", "twoFactorSessionID", "twoFactorSessionIDV2", "srpM2",
    }  # fmt: skip
    assert answer["id"] == dora.user_id
    assert answer["keyAttributes"] == {**dora.keys, "kekHash": ""}
    token = dora.open_token(answer)
    assert (await world.anon().get("/users/details/v2", token=token)).json()["email"] == dora.email


async def test_the_session_is_of_the_app_that_asks(world: World, dora: Newcomer) -> None:
    login = Login(dora)
    login.api.package = AUTH
    token = dora.open_token((await login()).json())
    await world.anon(AUTH).get("/users/details/v2", token=token)
    await world.anon().get("/users/details/v2", token=token, expect=401)


# --- attributes
async def test_attributes_of_nobody_and_of_the_unfinished(world: World, meet: Meet) -> None:
    assert (await parameters(world, "nobody@example.net", expect=404)).json() == {}
    for path in ("", "?email=", "?email=%20"):
        assert (await world.anon().get(f"/users/srp/attributes{path}", expect=400)).json() == {}
    unfinished = await meet("unfinished").sign_up()
    assert (await parameters(world, unfinished.email, expect=404)).json()["code"] == "NOT_FOUND"
    await unfinished.give_keys()
    assert (await parameters(world, unfinished.email, expect=404)).json()["code"] == "NOT_FOUND"


async def test_beyond_the_budget_everybody_seems_to_exist(world: World, meet: Meet, dora: Newcomer) -> None:
    anon = world.anon()
    unfinished = await meet("unfinished").sign_up()
    for _ in range(100):
        await anon.get("/users/srp/attributes?email=nobody@example.net", expect=404)
        world.clock.advance(7_000_000)
    fakes = [(await anon.get(f"/users/srp/attributes?email={e}")).json()["attributes"] for e in ("Nobody@example.net", unfinished.email)]
    real = (await anon.get(f"/users/srp/attributes?email={dora.email}")).json()["attributes"]
    for fake in fakes:
        assert {k: type(v) for k, v in fake.items()} == {k: type(v) for k, v in real.items()}
        assert len(crypto.unb64(fake["srpSalt"])) == len(crypto.unb64(fake["kekSalt"])) == 16
        assert fake["memLimit"] * fake["opsLimit"] == 1 << 32
        assert str(uuid.UUID(fake["srpUserID"])) == fake["srpUserID"]
    world.clock.advance(MINUTE)
    assert (await anon.get("/users/srp/attributes?email=nobody@example.net")).json()["attributes"] == fakes[0]
    assert fakes[0]["srpUserID"] != fakes[1]["srpUserID"]


# --- refusals of log-in
async def test_a_wrong_password(dora: Newcomer) -> None:
    login = Login(dora, b"not the password")
    refused = await login()
    assert (refused.status, refused.json()) == (401, {})
    assert (await Login(dora)()).status == 200


async def test_five_wrong_proofs_end_an_exchange(dora: Newcomer) -> None:
    login = Login(dora)
    await login.start()
    tries = [login.finish(srpM1=b64(bytes([n]) * 32)) for n in range(9)]
    refused = await asyncio.gather(*tries)
    assert sorted(r.status for r in refused) == [401] * 5 + [410] * 4
    assert {r.json().get("code") for r in refused} == {None, "TOO_MANY_WRONG_ATTEMPTS"}
    assert (await login.finish()).json() == {"code": "TOO_MANY_WRONG_ATTEMPTS", "message": ""}


async def test_one_proof_opens_one_session(world: World, dora: Newcomer) -> None:
    login = Login(dora)
    await login.start()
    answers = await asyncio.gather(*(login.finish() for _ in range(6)))
    assert sorted(a.status for a in answers) == [200] + [410] * 5
    assert {a.json()["code"] for a in answers if a.status == 410} == {"SESSION_ALREADY_VERIFIED"}
    assert len((await dora.api.get("/users/sessions")).json()["sessions"]) == 2


async def test_exchanges_do_not_fit_others(world: World, meet: Meet, dora: Newcomer) -> None:
    emil = await meet("emil").complete()
    login = Login(dora)
    await login.start()
    for change in ({"srpUserID": emil.srp_user_id}, {"sessionID": str(uuid.uuid4())}, {"srpUserID": str(uuid.uuid4())}):
        refused = await login.finish(**change)
        assert (refused.status, refused.json()) == (401, {})
    assert (await login.finish()).status == 200


async def test_nobody_looks_like_somebody(world: World) -> None:
    stranger = Newcomer(world, "nobody@example.net", world.anon(), srp_user_id=str(uuid.uuid4()), salt=bytes(16))
    for _ in range(10):
        login = Login(stranger)
        begun = await login.start()
        assert len(crypto.unb64(begun.json()["srpB"])) == 512
    for wanted in [401] * 5 + [410]:
        assert (await login.finish()).status == wanted
    assert (await Login(stranger).start()).status == 429  # from many networks at once, as with somebody
    world.clock.advance(MINUTE)
    assert (await Login(stranger).start()).status == 200


async def test_a_password_set_later_does_not_fit_an_exchange_with_nobody(meet: Meet) -> None:
    emil = await (await meet("emil").sign_up()).give_keys()
    client, begun = await emil.setup()
    early = Login(emil)
    await early.start()
    await emil.api.post("/users/srp/complete", {"setupID": begun.json()["setupID"], "srpM1": b64(client.m1)})
    assert (await early.finish()).status == 401


async def test_open_log_ins_of_a_stranger_do_not_lock_out_the_owner(world: World, dora: Newcomer) -> None:
    """The stranger's own oldest one gives way."""
    mine, theirs = Login(dora), [Login(dora) for _ in range(12)]
    await mine.start()
    for login in theirs:
        login.api = theirs[0].api
        world.clock.advance(7 * SECOND)
        assert (await login.start()).status == 200
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM srp_sessions WHERE verified_at IS NULL")) == 11
    assert (await mine.finish()).status == 200
    assert (await theirs[0].finish()).status == 401  # pushed out
    assert (await theirs[-1].finish()).status == 200


async def test_who_comes_from_many_networks_at_once_waits_a_minute_and_never_the_owner_at_home(world: World, dora: Newcomer) -> None:
    assert (await Login(dora)()).status == 200
    home = Login(dora)
    home.api = dora.api
    await world.kernel.db.write("t", lambda tx: tx.run("UPDATE sessions SET ip = :ip", ip=dora.api.ip))
    for _ in range(10):
        assert (await Login(dora).start()).status == 200
    refused = await Login(dora).start()
    assert (refused.status, refused.json()["code"]) == (429, "TOO_MANY_UNVERIFIED_SESSIONS")
    assert (await home()).status == 200
    world.clock.advance(MINUTE)
    assert (await Login(dora)()).status == 200


async def test_wrong_passwords_lock_the_network_they_come_from(world: World, dora: Newcomer) -> None:
    stranger, statuses = Login(dora, b"fedcba0987654321"), []
    for _ in range(60):
        await stranger.start()
        statuses.append((await stranger.finish()).status)
        world.clock.advance(7 * SECOND)
    assert statuses == [401] * 50 + [429] * 10
    same_house = Login(dora)
    same_house.api = stranger.api
    await same_house.start()
    assert (await same_house.finish()).status == 429
    assert (await Login(dora)()).status == 200
    world.clock.advance(HOUR)
    await same_house.start()
    assert (await same_house.finish()).status == 200


async def test_with_email_codes_wanted_the_password_does_not_log_in(world: World, dora: Newcomer) -> None:
    await dora.api.put("/users/email-mfa", {"isEnabled": True})
    assert (await parameters(world, dora.email)).json()["attributes"]["isEmailMFAEnabled"] is True
    refused = await Login(dora).start()
    assert (refused.status, refused.json()["code"]) == (409, "EMAIL_MFA_ENABLED")


@pytest.mark.parametrize("a", ["%%%", b64(b"\1" + bytes(512)), b64(b"\1" * 100), b64(bytes(512)), b64(pad(N))])
async def test_a_that_cannot_be(dora: Newcomer, a: str) -> None:
    refused = await Login(dora).start(srpA=a)
    assert (refused.status, refused.json()["code"]) == (400, "BAD_REQUEST")
    stranger = Newcomer(dora.world, "x", dora.anon(), srp_user_id=str(uuid.uuid4()), salt=bytes(16))
    assert (await Login(stranger).start(srpA=a)).json() == refused.json()


async def test_malformed_log_ins(dora: Newcomer) -> None:
    login = Login(dora)
    nil = str(uuid.UUID(int=0))
    for change in ({"srpA": ""}, {"srpUserID": "not-a-uuid"}, {"srpUserID": ""}, {"srpUserID": nil}):
        refused = await login.start(**change)
        assert (refused.status, refused.json()) == (400, {})
    await login.start()
    for m1 in ("%%%", b64(bytes(33)), b64(bytes(20)), ""):
        refused = await login.finish(srpM1=m1)
        assert (refused.status, refused.json()["code"]) == (400, "BAD_REQUEST")
    for bad in ({"sessionID": "x"}, {"sessionID": ""}, {"srpUserID": "x"}, {"sessionID": nil}):
        refused = await login.finish(**bad)
        assert (refused.status, refused.json()) == (400, {})
    assert (await login.finish()).status == 200


def short_secret() -> bytes:
    """A client secret whose A begins with a zero byte."""
    return next(s for n in range(1, 1 << 16) if pad(pow(5, int.from_bytes(s := n.to_bytes(8, "big") * 4, "big"), N))[0] == 0)


async def test_a_without_its_leading_zero_byte(dora: Newcomer) -> None:
    login = Login(dora, secret=short_secret())
    assert login.client.public[0] == 0
    await login.start(srpA=b64(login.client.public.lstrip(b"\0")))
    assert (await login.finish()).status == 200


async def test_m1_without_its_leading_zero_byte(dora: Newcomer, monkeypatch: pytest.MonkeyPatch) -> None:
    m1 = b"\0" + bytes(range(1, 32))
    monkeypatch.setattr("app.login.srp.proofs", lambda *_: [(m1, bytes(32))])
    login = Login(dora)
    await login.start()
    body = {"sessionID": login.session, "srpUserID": dora.srp_user_id, "srpM1": b64(m1[1:])}
    await login.api.post("/users/srp/verify-session", body)


async def test_exchanges_are_swept(world: World, dora: Newcomer) -> None:
    login = Login(dora)
    await login.start()
    world.clock.advance(HOUR + 1)
    await sweep(world.kernel)
    assert (await login.finish()).status == 401
    left = await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM srp_sessions"))
    assert left == 0


async def test_an_exchange_that_is_swept_meanwhile(world: World, dora: Newcomer, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = password._m2

    async def slow(*args: Any) -> Any:
        m2 = await judge(*args)
        world.clock.advance(HOUR + 1)
        await sweep(world.kernel)
        return m2

    login = Login(dora)
    await login.start()
    monkeypatch.setattr(password, "_m2", slow)
    assert (await login.finish()).status == 401


async def test_the_servers_secret_is_sealed(world: World, dora: Newcomer) -> None:
    login = Login(dora)
    begun = (await login.start()).json()
    stored = bytes(await world.kernel.db.scan(lambda tx: tx.value("SELECT server_secret FROM srp_sessions WHERE verified_at IS NULL")))
    verifier = srp.verifier(dora.srp_user_id, dora.password, dora.salt)
    for b in (stored[:32], stored[-32:], stored):
        public = (srp.K * int.from_bytes(verifier, "big") + pow(5, int.from_bytes(b, "big"), N)) % N
        assert b64(pad(public)) != begun["srpB"]
