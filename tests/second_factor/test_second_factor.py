"""Codes of an authenticator app: set-up, log-in, switching off, recovery (accounts.md §5.7)."""

from __future__ import annotations

import asyncio

import pytest

from app.cli import admin
from app.cli.admin_client import Refused
from app.kernel.clock import HOUR, MINUTE, SECOND
from app.kernel.crypto import token_hash
from app.second_factor.service import forget, sweep
from tests.inprocess import AUTH, World
from tests.newcomer import Login, Newcomer
from tests.second_factor.phone import COPY, Phone, by_mail, enable, half_way, verify

TABLES = ("totp", "totp_pending", "totp_used", "totp_logins")


async def rows(world: World, table: str) -> int:
    return int(await world.kernel.db.scan(lambda tx: tx.value(f"SELECT count(*) FROM {table}")))


async def test_it_works(world: World, dora: Newcomer) -> None:
    assert (await dora.api.get("/users/two-factor/status")).json() == {"status": False}
    shown = (await dora.api.post("/users/two-factor/setup")).json()
    assert set(shown) == {"secretCode", "qrCode"}
    phone = Phone(world, shown["secretCode"])
    assert (await dora.api.post("/users/two-factor/enable", {"code": phone.code(), **COPY})).content == b""
    assert (await dora.api.get("/users/two-factor/status")).json() == {"status": True}
    assert (await dora.api.get("/users/details/v2")).json()["profileData"]["isTwoFactorEnabled"] is True

    answer = (await Login(dora)()).json()
    session = answer.pop("twoFactorSessionID")
    assert answer.pop("srpM2")
    assert answer == {"id": dora.user_id, "passkeySessionID": "", "accountsUrl": "", "twoFactorSessionIDV2": ""}
    done = (await verify(world, session, phone.code(), expect=200)).json()  # the code that enabled it is good for a log-in too
    assert set(done) == {"id", "keyAttributes", "encryptedToken"}
    device = world.anon()
    device.token = dora.open_token(done)
    assert (await device.get("/users/details/v2")).json()["email"] == dora.email
    await dora.api.get("/users/details/v2")


# --- set-up
async def test_a_wrong_code_enables_nothing(world: World, dora: Newcomer) -> None:
    assert (await dora.api.post("/users/two-factor/enable", {"code": "123456", **COPY}, expect=401)).json() == {}
    phone = Phone(world, (await dora.api.post("/users/two-factor/setup")).json()["secretCode"])
    await dora.api.post("/users/two-factor/enable", {"code": phone.wrong(), **COPY}, expect=401)
    for missing in ("encryptedTwoFactorSecret", "twoFactorSecretDecryptionNonce", "code"):
        await dora.api.post("/users/two-factor/enable", {"code": phone.code(), **COPY, missing: ""}, expect=400)
    assert (await Login(dora)()).json()["encryptedToken"]


async def test_any_secret_that_was_shown_will_do_for_ten_minutes(world: World, dora: Newcomer) -> None:
    first, second = [Phone(world, (await dora.api.post("/users/two-factor/setup")).json()["secretCode"]) for _ in range(2)]
    await dora.api.post("/users/two-factor/enable", {"code": first.code(), **COPY})
    await dora.api.post("/users/two-factor/enable", {"code": second.code(), **COPY}, expect=401)
    late = Phone(world, (await dora.api.post("/users/two-factor/setup")).json()["secretCode"])
    world.clock.advance(10 * MINUTE)
    await dora.api.post("/users/two-factor/enable", {"code": late.code(), **COPY}, expect=401)
    assert (await verify(world, await half_way(dora), first.code())).status == 200


async def test_a_secret_of_somebody_else(world: World, dora: Newcomer, phone: Phone) -> None:
    emil = await Newcomer(world, "emil@example.net", world.anon()).complete()
    shown = Phone(world, (await emil.api.post("/users/two-factor/setup")).json()["secretCode"])
    await dora.api.post("/users/two-factor/enable", {"code": shown.code(), **COPY}, expect=401)
    theirs = await enable(world, emil.api)
    assert (await verify(world, await half_way(dora), theirs.code())).status == 401


async def test_open_secrets_are_few(world: World, dora: Newcomer) -> None:
    for _ in range(12):
        await dora.api.post("/users/two-factor/setup")
        world.clock.advance(7 * SECOND)
    assert await rows(world, "totp_pending") == 10


async def test_an_account_without_keys_gets_no_secret(world: World) -> None:
    emil = await Newcomer(world, "emil@example.net", world.anon()).sign_up()
    assert (await emil.api.post("/users/two-factor/setup", expect=404)).json() == {}


async def test_secrets_and_log_ins_are_sealed_or_hashed_at_rest(world: World, dora: Newcomer, phone: Phone) -> None:
    session = await half_way(dora)
    await dora.api.post("/users/two-factor/setup")
    for table in TABLES:
        stored = repr(await world.kernel.db.scan(lambda tx, t=table: tx.all(f"SELECT * FROM {t}")))
        assert phone.secret not in stored
        assert session not in stored
    held = await world.kernel.db.scan(lambda tx: tx.value("SELECT session_hash FROM totp_logins"))
    assert bytes(held) == token_hash(session)


# --- log-in
async def test_the_log_in_by_mail_owes_a_code_too(world: World, dora: Newcomer, phone: Phone) -> None:
    answer = await by_mail(world, dora)
    session = answer.pop("twoFactorSessionID")
    assert answer == {"id": dora.user_id, "passkeySessionID": "", "accountsUrl": "", "twoFactorSessionIDV2": ""}
    assert (await verify(world, session, phone.code())).status == 200


async def test_the_session_is_for_the_app_that_brings_the_code(world: World, dora: Newcomer, phone: Phone) -> None:
    auth = world.anon(AUTH)
    done = await auth.post("/users/two-factor/verify", {"sessionId": await half_way(dora), "code": phone.code()})
    auth.token = dora.open_token(done.json())
    assert [s["token"] for s in (await auth.get("/users/sessions")).json()["sessions"]] == [auth.token]


async def test_refusals(world: World, dora: Newcomer, phone: Phone) -> None:
    session = await half_way(dora)
    assert (await verify(world, "A" * 43 + "=", phone.code(), expect=404)).json() == {}
    assert (await verify(world, session, phone.wrong(), expect=401)).json() == {}
    assert (await verify(world, session, "12345", expect=401)).json() == {}
    for missing in ({"sessionID": session}, {"code": phone.code()}, {}, None):
        await world.anon().post("/users/two-factor/verify", missing, expect=400)
    assert (await verify(world, session, f" {phone.code()} ")).status == 200
    world.clock.advance(90 * SECOND)
    assert (await verify(world, session, phone.code(), expect=404)).json() == {}  # used


async def test_neighbouring_codes_are_good_and_older_ones_are_not(world: World, dora: Newcomer, phone: Phone) -> None:
    for step, status in ((-2, 401), (2, 401), (-1, 200), (1, 200)):
        assert (await verify(world, await half_way(dora), phone.code(step))).status == status


async def test_a_code_is_good_once(world: World, dora: Newcomer, phone: Phone) -> None:
    code = phone.code()
    assert (await verify(world, await half_way(dora), code)).status == 200
    for _ in range(2):
        assert (await verify(world, await half_way(dora), code)).status == 401
        await sweep(world.kernel)
        world.clock.advance(25 * SECOND)
    world.clock.advance(30 * SECOND)
    assert (await verify(world, await half_way(dora), phone.code())).status == 200


async def test_a_log_in_waits_ten_minutes(world: World, dora: Newcomer, phone: Phone) -> None:
    session = await half_way(dora)
    world.clock.advance(10 * MINUTE)
    assert (await verify(world, session, phone.code())).status == 404
    await world.anon().get(f"/users/two-factor/recover?sessionID={session}", expect=404)
    await sweep(world.kernel)
    assert await rows(world, "totp_logins") == 0


async def test_ten_attempts_and_parallel_ones_are_counted(world: World, dora: Newcomer, phone: Phone) -> None:
    session = await half_way(dora)
    got = await asyncio.gather(*(verify(world, session, phone.wrong()) for _ in range(24)))
    assert sorted(r.status for r in got) == [401] * 10 + [429] * 14
    assert (await verify(world, session, phone.code(), expect=429)).json() == {}
    assert (await verify(world, await half_way(dora), phone.code())).status == 200


async def test_one_right_code_sent_many_times_at_once_opens_one_session(world: World, dora: Newcomer, phone: Phone) -> None:
    session = await half_way(dora)
    got = await asyncio.gather(*(verify(world, session, phone.code()) for _ in range(8)))
    assert sorted(r.status for r in got) == [200] + [404] * 7


async def test_one_right_code_for_two_log_ins_opens_one(world: World, dora: Newcomer, phone: Phone) -> None:
    sessions = [await half_way(dora) for _ in range(4)]
    got = await asyncio.gather(*(verify(world, s, phone.code()) for s in sessions))
    assert sorted(r.status for r in got) == [200] + [401] * 3


async def test_wrong_codes_of_one_network_do_not_lock_out_others(world: World, dora: Newcomer, phone: Phone) -> None:
    """Somebody who knows the password: log-in after log-in, ten codes each."""
    thief = world.anon()
    statuses = []
    for _ in range(6):
        session = await half_way(dora)
        for _ in range(10):
            r = await thief.post("/users/two-factor/verify", {"sessionID": session, "code": phone.wrong()}, expect=None)
            statuses.append(r.status)
            world.clock.advance(7 * SECOND)
    assert statuses == [401] * 50 + [429] * 10
    assert (await thief.post("/users/two-factor/verify", {"sessionID": await half_way(dora), "code": phone.code()}, expect=None)).status == 429
    assert (await verify(world, await half_way(dora), phone.code())).status == 200
    world.clock.advance(HOUR)
    assert (await thief.post("/users/two-factor/verify", {"sessionID": await half_way(dora), "code": phone.code()}, expect=None)).status == 200


async def test_right_codes_use_up_no_budget(world: World, dora: Newcomer, phone: Phone) -> None:
    home = world.anon()
    for _ in range(60):
        world.clock.advance(31 * SECOND)
        await home.post("/users/two-factor/verify", {"sessionID": await half_way(dora), "code": phone.code()})


async def test_a_log_in_does_not_survive_the_account(world: World, dora: Newcomer, phone: Phone) -> None:
    session = await half_way(dora)
    await world.kernel.db.write("test", lambda tx: tx.run("UPDATE users SET deleted_at = 1 WHERE user_id = :u", u=dora.user_id))
    assert (await verify(world, session, phone.code())).status == 401


# --- off
async def test_switching_off(world: World, dora: Newcomer, phone: Phone) -> None:
    session = await half_way(dora)
    for _ in range(2):
        assert (await dora.api.post("/users/two-factor/disable")).content == b""
    assert (await dora.api.get("/users/two-factor/status")).json() == {"status": False}
    assert (await Login(dora)()).json()["encryptedToken"]
    assert (await verify(world, session, phone.code(), expect=400)).json() == {}
    again = await enable(world, dora.api)
    assert (await verify(world, await half_way(dora), phone.code())).status == 401
    assert (await verify(world, await half_way(dora), again.code())).status == 200


async def test_the_operator_resets_it(world: World, dora: Newcomer, phone: Phone) -> None:
    await admin.run(world.kernel, "reset_second_factor", {"email": dora.email})
    assert (await Login(dora)()).json()["encryptedToken"]
    assert (await dora.api.get("/users/two-factor/status")).json() == {"status": False}
    with pytest.raises(Refused):
        await admin.run(world.kernel, "reset_second_factor", {"email": "nobody@example.net"})


async def test_forgetting_a_person_leaves_nothing(world: World, dora: Newcomer, phone: Phone) -> None:
    await verify(world, await half_way(dora), phone.code())
    await half_way(dora)
    await dora.api.post("/users/two-factor/setup")
    await world.kernel.db.write("test", forget, dora.user_id)
    assert [await rows(world, t) for t in TABLES] == [0, 0, 0, 0]


# --- recovery
async def test_recovery(world: World, dora: Newcomer, phone: Phone) -> None:
    session = await half_way(dora)
    for query in (f"sessionID={session}&twoFactorType=totp", f"sessionID={session}"):
        found = (await world.anon().get(f"/users/two-factor/recover?{query}")).json()
        assert found == {"encryptedSecret": "ZW5jcnlwdGVk", "secretDecryptionNonce": "bm9uY2U="}
    wrong = {"sessionID": session, "secret": "A" * 32, "twoFactorType": "totp"}
    assert (await world.anon().post("/users/two-factor/remove", wrong, expect=403)).json() == {}
    assert (await dora.api.get("/users/two-factor/status")).json() == {"status": True}
    right = {"sessionId": session, "secret": phone.secret, "twoFactorType": "totp"}
    done = (await world.anon().post("/users/two-factor/remove", right)).json()
    device = world.anon()
    device.token = dora.open_token(done)
    assert (await device.get("/users/two-factor/status")).json() == {"status": False}
    assert (await world.anon().post("/users/two-factor/remove", right, expect=404)).json() == {}
    assert (await Login(dora)()).json()["encryptedToken"]


async def test_recovery_needs_a_log_in(world: World, dora: Newcomer, phone: Phone) -> None:
    for query in ("", "?sessionID=", "?sessionID=x&twoFactorType=totp", "?sessionID=x&twoFactorType=passkey"):
        await world.anon().get(f"/users/two-factor/recover{query}", expect=404)
    body = {"sessionID": "x", "secret": phone.secret, "twoFactorType": "totp"}
    await world.anon().post("/users/two-factor/remove", body, expect=404)
    await world.anon().post("/users/two-factor/remove", {**body, "twoFactorType": "passkey"}, expect=404)
    for missing in ("sessionID", "secret"):
        await world.anon().post("/users/two-factor/remove", {**body, missing: ""}, expect=400)


async def test_the_secret_of_somebody_else_recovers_nothing(world: World, dora: Newcomer, phone: Phone) -> None:
    emil = await Newcomer(world, "emil@example.net", world.anon()).complete()
    theirs = await enable(world, emil.api)
    body = {"sessionID": await half_way(dora), "secret": theirs.secret, "twoFactorType": "totp"}
    await world.anon().post("/users/two-factor/remove", body, expect=403)


async def test_recovery_status(dora: Newcomer) -> None:
    assert (await dora.api.get("/users/two-factor/recovery-status")).json() == {"allowAdminReset": True, "isPasskeyRecoveryEnabled": False}
