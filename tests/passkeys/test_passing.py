"""Logging in with a passkey, the app that polls for its session, and the way past a lost one (accounts.md §5.8)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from app.kernel.clock import MINUTE, SECOND
from app.passkeys.service import forget, sweep
from tests.inprocess import AUTH, World
from tests.newcomer import Login, Newcomer
from tests.passkeys.authenticator import Authenticator, b64u, unb64u
from tests.passkeys.conftest import Page, begin, challenge, finish, half_way, open_page, poll
from tests.second_factor.phone import by_mail, enable, verify

TABLES = ("passkeys", "passkey_ceremonies", "passkey_logins", "passkey_recovery")


async def test_it_works(world: World, dora: Newcomer, page: Page) -> None:
    key = await page.register()
    answer = (await Login(dora)()).json()
    session = answer.pop("passkeySessionID")
    assert answer.pop("srpM2")
    assert answer == {"id": dora.user_id, "accountsUrl": "http://darkroom.test/apps/accounts", "twoFactorSessionID": "", "twoFactorSessionIDV2": ""}
    options, ceremony = await challenge(world, session)
    assert {k: options[k] for k in ("timeout", "rpId", "userVerification")} == {
        "timeout": 120_000,
        "rpId": "darkroom.test",
        "userVerification": "preferred",
    }
    (offered,) = options["allowCredentials"]
    assert offered == {"type": "public-key", "id": b64u(key.credential_id), "transports": ["internal", "hybrid"]}
    assert len(unb64u(options["challenge"])) == 32
    done = (await finish(world, session, ceremony, key.get(options), expect=200)).json()
    assert set(done) == {"id", "keyAttributes", "encryptedToken"}
    device = world.anon()
    device.token = dora.open_token(done)
    await device.get("/users/details/v2")


async def test_the_log_in_by_mail_owes_it_too(world: World, dora: Newcomer, page: Page) -> None:
    await page.register()
    answer = await by_mail(world, dora)
    assert len(answer["passkeySessionID"]) == 44
    assert "encryptedToken" not in answer
    assert "token" not in answer


async def test_the_app_fetches_its_session(world: World, dora: Newcomer, page: Page) -> None:
    key, session = await page.register(), await half_way(dora)
    assert (await poll(world, session, expect=400)).json()["code"] == "SESSION_NOT_VERIFIED"
    options, ceremony = await challenge(world, session)
    done = await finish(world, session, ceremony, key.get(options), expect=200)
    for _ in range(2):
        assert (await poll(world, session, expect=200)).json() == done.json()
    assert (await poll(world, session, expect=410)).json()["code"] == "INVALID_SESSION"
    assert (await begin(world, session, expect=409)).json()["code"] == "SESSION_ALREADY_CLAIMED"
    assert (await poll(world, "A" * 43 + "=", expect=404)).json() == {}
    assert (await poll(world, "", expect=400)).json()["code"] == "BAD_REQUEST"
    refused = await world.anon().get("/users/two-factor/passkeys/get-token", expect=400)
    assert refused.json() == {"code": "BAD_REQUEST", "message": "sessionID is required"}


async def test_a_session_waits_two_minutes(world: World, dora: Newcomer, page: Page) -> None:
    key, session = await page.register(), await half_way(dora)
    world.clock.advance(9 * MINUTE)
    options, ceremony = await challenge(world, session)
    await finish(world, session, ceremony, key.get(options), expect=200)
    world.clock.advance(2 * MINUTE - SECOND)  # beyond the log-in's own ten
    await sweep(world.kernel)
    assert (await poll(world, session)).status == 200
    world.clock.advance(2 * SECOND)
    assert (await poll(world, session)).status in (404, 410)
    await sweep(world.kernel)
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM passkey_logins")) == 0


async def test_the_session_is_for_the_app_named_at_the_end(world: World, dora: Newcomer, page: Page) -> None:
    key, session = await page.register(), await half_way(dora)
    options, ceremony = await challenge(world, session)
    auth = world.anon(AUTH)
    path = f"/users/two-factor/passkeys/finish?sessionID={session}&ceremonySessionID={ceremony}&clientPackage=io.ente.auth"
    auth.token = dora.open_token((await auth.post(path, key.get(options))).json())
    await auth.get("/users/details/v2")


WRONG: list[dict[str, Any]] = [
    {"spoil": True}, {"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"challenge": "AAAA"}, {"kind": "webauthn.create"},
    {"flags": 4}, {"flags": 0x11}, {"user_handle": "AAAAAAAAAAE"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
async def test_answers_that_do_not_hold(world: World, dora: Newcomer, page: Page, wrong: dict[str, Any]) -> None:
    key, session = await page.register(), await half_way(dora)
    options, ceremony = await challenge(world, session)
    refused = await finish(world, session, ceremony, key.get(options, **wrong), expect=401)
    assert refused.json() == {"code": "BAD_REQUEST", "message": "Invalid signature"}
    assert (await finish(world, session, ceremony, key.get(options), expect=404)).json() == {}  # used up
    options, ceremony = await challenge(world, session)
    handle = b64u(dora.user_id.to_bytes(8, "big"))
    assert (await finish(world, session, ceremony, key.get(options, user_handle=handle))).status == 200


async def test_other_authenticators(world: World, dora: Newcomer, page: Page) -> None:
    await page.register()
    emil = await open_page(world, (await Newcomer(world, "emil@example.net", world.anon()).complete()).api)
    theirs, session = await emil.register(), await half_way(dora)
    for key in (Authenticator(), theirs):
        options, ceremony = await challenge(world, session)
        assert (await finish(world, session, ceremony, key.get(options), expect=401)).json()["code"] == "BAD_REQUEST"
    mimic = Authenticator()
    mimic.credential_id = unb64u(options["allowCredentials"][0]["id"])
    options, ceremony = await challenge(world, session)
    assert (await finish(world, session, ceremony, mimic.get(options))).status == 401


async def test_a_credential_id_can_be_somebody_elses_too(world: World, dora: Newcomer, page: Page) -> None:
    """Ids are no secret: who registers another's with a key of their own neither takes it nor blocks it."""
    emil = await open_page(world, (await Newcomer(world, "emil@example.net", world.anon()).complete()).api)
    key = Authenticator()
    thief = Authenticator()
    thief.credential_id = key.credential_id
    await emil.register(key=thief)
    await page.register(key=key)
    session = await half_way(dora)
    options, ceremony = await challenge(world, session)
    assert (await finish(world, session, ceremony, thief.get(options))).status == 401
    options, ceremony = await challenge(world, session)
    assert (await finish(world, session, ceremony, key.get(options))).status == 200


async def test_malformed_answers(world: World, dora: Newcomer, page: Page) -> None:
    key, session = await page.register(), await half_way(dora)
    options, ceremony = await challenge(world, session)
    good = key.get(options)
    for change in ({"id": ""}, {"rawId": ""}, {"type": ""}, {"response": None}, {"response": {}}):
        await finish(world, session, ceremony, {**good, **change}, expect=400)
    for bad in ("", "no-uuid"):
        await finish(world, session, bad, good, expect=400)
    await finish(world, "", ceremony, good, expect=400)
    await finish(world, session, str(uuid.uuid4()), good, expect=404)
    await finish(world, "A" * 43 + "=", ceremony, good, expect=404)
    for change in ({"rawId": "%%"}, {"rawId": "AAAA"}, {"id": "AAAA"}, {"type": "password"}):
        options, ceremony = await challenge(world, session)
        await finish(world, session, ceremony, {**key.get(options), **change}, expect=401)
    for name in ("authenticatorData", "clientDataJSON", "signature"):
        for text in ("AAAA", "%", "e30"):
            options, ceremony = await challenge(world, session)
            answer = key.get(options)
            answer["response"][name] = text
            await finish(world, session, ceremony, answer, expect=401)


async def test_a_challenge_belongs_to_its_log_in_and_lasts_two_minutes(world: World, dora: Newcomer, page: Page) -> None:
    key, first, second = await page.register(), await half_way(dora), await half_way(dora)
    options, ceremony = await challenge(world, first)
    assert (await finish(world, second, ceremony, key.get(options), expect=404)).json() == {}
    world.clock.advance(2 * MINUTE)
    assert (await finish(world, first, ceremony, key.get(options), expect=410)).json()["code"] == "SESSION_EXPIRED"


async def test_one_answer_sent_many_times_at_once_opens_one_session(world: World, dora: Newcomer, page: Page) -> None:
    key, session = await page.register(), await half_way(dora)
    options, ceremony = await challenge(world, session)
    other_options, other = await challenge(world, session)
    answers = [(ceremony, key.get(options))] * 4 + [(other, key.get(other_options))] * 4
    got = await asyncio.gather(*(finish(world, session, c, a) for c, a in answers))
    assert [r.status for r in got].count(200) == 1
    assert {r.status for r in got} <= {200, 404, 409}
    assert len((await dora.api.get("/users/sessions")).json()["sessions"]) == 2


async def test_a_log_in_waits_ten_minutes(world: World, dora: Newcomer, page: Page) -> None:
    await page.register()
    session = await half_way(dora)
    world.clock.advance(10 * MINUTE)
    assert (await begin(world, session, expect=404)).json() == {}
    assert (await begin(world, "", expect=400)).json() == {}


async def test_without_a_passkey_any_more(world: World, dora: Newcomer, page: Page) -> None:
    key, session = await page.register(), await half_way(dora)
    options, ceremony = await challenge(world, session)
    await page.api.delete(f"/passkeys/{(await page.keys())[0]['id']}")
    assert (await begin(world, session, expect=400)).json() == {"code": "BAD_REQUEST", "message": "No passkey found for user"}
    assert (await finish(world, session, ceremony, key.get(options))).status == 401


async def test_a_deleted_account(world: World, dora: Newcomer, page: Page) -> None:
    key, session = await page.register(), await half_way(dora)
    options, ceremony = await challenge(world, session)
    await world.kernel.db.write("test", lambda tx: tx.run("UPDATE users SET deleted_at = 1 WHERE user_id = :u", u=dora.user_id))
    assert (await finish(world, session, ceremony, key.get(options), expect=404)).json()["code"] == "USER_NOT_FOUND"


# --- beside TOTP
async def test_a_code_will_do_as_well(world: World, dora: Newcomer, page: Page) -> None:
    phone = await enable(world, dora.api)
    await page.register()
    answer = (await Login(dora)()).json()
    assert len(answer["passkeySessionID"]) == len(answer["twoFactorSessionIDV2"]) == 44
    assert answer["twoFactorSessionID"] == ""
    assert answer["accountsUrl"]
    assert (await verify(world, answer["twoFactorSessionIDV2"], phone.code())).status == 200
    assert (await verify(world, answer["passkeySessionID"], phone.code(1))).status == 404


# --- a lost one
SECRET = {"secret": "c2VjcmV0", "userSecretCipher": "Y2lwaGVy", "userSecretNonce": "bm9uY2U="}


async def test_recovery(world: World, dora: Newcomer, page: Page) -> None:
    await page.register()
    session = await half_way(dora)
    query = f"/users/two-factor/recover?sessionID={session}&twoFactorType=passkey"
    refused = (await world.anon().get(query, expect=400)).json()
    assert refused == {"code": "BAD_REQUEST", "message": "Passkey reset is not configured"}
    proof = {"sessionID": session, "secret": "c2VjcmV0", "twoFactorType": "passkey"}
    await world.anon().post("/users/two-factor/remove", proof, expect=403)
    for change in ({}, {"secret": "b3RoZXI=", "userSecretCipher": "bmV3"}):  # the second one changes nothing
        assert (await dora.api.post("/users/two-factor/passkeys/configure-recovery", {**SECRET, **change})).json() == {}
    assert (await dora.api.get("/users/two-factor/recovery-status")).json() == {"allowAdminReset": True, "isPasskeyRecoveryEnabled": True}
    assert (await world.anon().get(query)).json() == {"encryptedSecret": "Y2lwaGVy", "secretDecryptionNonce": "bm9uY2U="}
    for wrong in ("b3RoZXI=", "c2VjcmV"):
        assert (await world.anon().post("/users/two-factor/remove", {**proof, "secret": wrong}, expect=403)).json() == {}
    done = (await world.anon().post("/users/two-factor/remove", proof)).json()
    device = world.anon()
    device.token = dora.open_token(done)
    await device.get("/users/details/v2")
    await world.anon().post("/users/two-factor/remove", proof, expect=404)  # once
    assert await page.names() == ["laptop"]
    assert len(await half_way(dora)) == 44


async def test_recovery_is_configured_whole(dora: Newcomer) -> None:
    for missing in SECRET:
        assert (await dora.api.post("/users/two-factor/passkeys/configure-recovery", {**SECRET, missing: ""}, expect=400)).json() == {}


async def test_nothing_at_rest_opens_anything(world: World, dora: Newcomer, page: Page) -> None:
    key, session = await page.register(), await half_way(dora)
    await dora.api.post("/users/two-factor/passkeys/configure-recovery", SECRET)
    options, ceremony = await challenge(world, session)
    done = (await finish(world, session, ceremony, key.get(options))).json()
    token = dora.open_token(done)
    for table in (*TABLES, "sessions"):
        stored = repr(await world.kernel.db.scan(lambda tx, t=table: tx.all(f"SELECT * FROM {t}")))
        for secret in (session, token, "c2VjcmV0"):
            assert secret not in stored


async def test_forgetting_a_person_leaves_nothing(world: World, dora: Newcomer, page: Page) -> None:
    await page.register()
    await dora.api.post("/users/two-factor/passkeys/configure-recovery", SECRET)
    await begin(world, await half_way(dora))
    assert await world.kernel.db.write("test", forget, dora.user_id) == 1
    assert [await world.kernel.db.scan(lambda tx, t=t: tx.value(f"SELECT count(*) FROM {t}")) for t in TABLES] == [0, 0, 0, 0]
