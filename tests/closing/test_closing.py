"""Deleting an account and bringing it back (accounts.md §5.14)."""

from __future__ import annotations

import asyncio
import dataclasses
import re

import pytest

from app.accounts import service
from app.cli import admin
from app.closing import deletion, purge, restoring
from app.closing.wire import DeleteAccount
from app.db import Tx
from app.http.client import Client
from app.kernel.access import Session
from app.kernel.clock import DAY
from app.kernel.config import Registration
from app.kernel.crypto import token_hash
from app.kernel.errors import Gone, Unauthorized
from app.login import code_login
from app.login.wire import CodeProof
from tests.clients import crypto
from tests.inprocess import AUTH, World
from tests.newcomer import Login, Meet, Newcomer, code_for, details_of


# --- deletion
async def challenge(who: Newcomer) -> str:
    found = (await who.api.get("/users/delete-challenge")).json()
    assert found["allowDelete"] is True
    sealed = crypto.unb64(found["encryptedChallenge"])
    return crypto.unseal(sealed, bytes(who.secret.public_key), bytes(who.secret)).decode("ascii")


async def test_deletion(world: World, dora: Newcomer) -> None:
    phone, auth = await dora.second_device(), await dora.second_device(AUTH)
    assert (await dora.api.get("/users/delete-challenge")).json()["apps"] == ["auth", "photos"]
    await world.kernel.db.write(
        "test",
        lambda tx: tx.run("INSERT INTO push_tokens (fcm_token, user_id, created_at, updated_at) VALUES ('x', :u, 0, 0)", u=dora.user_id),
    )
    cast = "INSERT INTO casts (cast_id, code, public_key, ip, device_name, user_id, created_at, last_used_at) VALUES ('c', 'A', '', '', '', :u, 0, 0)"
    await world.kernel.db.write("test", lambda tx: tx.run(cast, u=dora.user_id))
    login = Login(dora)
    await login.start()
    body = {"challenge": await challenge(dora), "reason": "Just trying", "reasonCategory": "other", "feedback": "bye"}
    assert (await dora.api.delete("/users/delete", body)).json() == {"isSubscriptionCancelled": True, "userID": dora.user_id}
    for device in (dora.api, phone, auth):
        assert (await device.get("/users/details/v2", expect=401)).json() == {"error": "invalid token"}
    assert (await login.finish()).status == 401
    assert (await Login(dora).start()).status == 200  # like anybody's unknown identity
    await world.anon().get(f"/users/srp/attributes?email={dora.email}", expect=404)
    await world.anon().post("/users/ott", {"email": dora.email, "purpose": "login"}, expect=404)
    row = await world.kernel.db.scan(
        lambda tx: tx.one("SELECT email_cipher, email_nonce, email_hash, delete_feedback, deleted_at FROM users WHERE user_id = :u", u=dora.user_id)
    )
    assert row == (None, None, f"deleted+{dora.user_id}", '{"reason":"Just trying","feedback":"bye"}', world.clock.now())
    for table in ("push_tokens", "casts"):
        assert await world.kernel.db.scan(lambda tx, t=table: tx.value(f"SELECT count(*) FROM {t}")) == 0
    again = await Newcomer(world, dora.email, world.anon()).sign_up()
    assert again.user_id != dora.user_id


# --- a deletion undone
async def deleted(who: Newcomer) -> str:
    """The token of the link, the account being gone."""
    token = restoring.link(who.world.kernel, who.user_id, who.email).partition("token=")[2]
    await who.api.delete("/users/delete", {"challenge": await challenge(who)})
    return token


async def restored(world: World, token: str) -> bool:
    """Open the link, press the button if there is one."""
    page = await world.anon().get(f"/users/recover-account?token={token}")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    action = re.search(r'action="(recover-account/page[^"]+)"', page.content.decode())
    if action:
        page = await world.anon().post(f"/users/{action[1]}")
    assert token.encode() not in page.content
    return b"is back" in page.content


async def test_a_deletion_undone(world: World, dora: Newcomer) -> None:
    token = await deleted(dora)
    for _ in range(2):
        assert await restored(world, token)
    await dora.api.get("/users/details/v2", expect=401)
    device = await dora.second_device()
    assert (await details_of(device))["email"] == dora.email
    assert (await Login(dora)()).json()["id"] == dora.user_id
    row = await world.kernel.db.scan(lambda tx: tx.one("SELECT delete_feedback, deleted_at FROM users WHERE user_id = :u", u=dora.user_id))
    assert row == (None, None)


async def test_opening_the_link_changes_nothing(world: World, dora: Newcomer) -> None:
    """Programs that scan mails open every link in them."""
    token = await deleted(dora)
    for _ in range(2):
        page = await world.anon().get(f"/users/recover-account?token={token}")
        assert b"<button>" in page.content
    await world.anon().get(f"/users/srp/attributes?email={dora.email}", expect=404)
    assert b"<script" not in (await world.anon().get("/users/recover-account?token=%22%3E%3Cscript%3E")).content
    assert (await world.anon().post("/users/recover-account/page", expect=400)).json()["code"] == "BAD_REQUEST"


async def test_links_that_restore_nothing(world: World, meet: Meet, dora: Newcomer) -> None:
    for query in ("", "?token="):
        assert (await world.anon().get(f"/users/recover-account{query}", expect=400)).json() == {"code": "BAD_REQUEST", "message": "token missing"}
    token, kernel = await deleted(dora), world.kernel
    claims = {"userID": dora.user_id, "expiryTime": world.clock.now() + DAY, "email": dora.email, "claimScope": "RestoreAccount"}
    for forged in (
        "nonsense", token[:-2], kernel.crypto.jwt({**claims, "claimScope": "DELETE_ACCOUNT"}), kernel.crypto.jwt({**claims, "userID": "x"}),
        kernel.crypto.jwt({**claims, "userID": 5}), kernel.crypto.jwt({k: v for k, v in claims.items() if k != "email"}),
    ):  # fmt: skip
        assert not await restored(world, forged)
    other = await Newcomer(world, dora.email, world.anon()).sign_up()
    assert not await restored(world, token), "the address is somebody else's now"
    assert (await details_of(other.api))["email"] == dora.email


async def recovery(world: World, token: str, step: str = "", expect: int = 200) -> str:
    """`status` or `code` of the accounts app's route."""
    answer = (await world.anon().post(f"/users/recover-account{step}", {"token": token}, expect=expect)).json()
    return str(answer.get("status") or answer["code"])


async def test_the_accounts_app_brings_an_account_back(world: World, dora: Newcomer) -> None:
    token = await deleted(dora)
    for _ in range(2):
        assert await recovery(world, token, "/validate") == "ready"
    await world.anon().get(f"/users/srp/attributes?email={dora.email}", expect=404)
    for _ in range(2):
        assert await recovery(world, token) == "recovered"
        assert await recovery(world, token, "/validate") == "recovered"
    assert (await Login(dora)()).json()["id"] == dora.user_id


async def test_why_an_account_cannot_come_back(world: World, dora: Newcomer) -> None:
    token, kernel = await deleted(dora), world.kernel
    for step in ("", "/validate"):
        for body in ({}, {"token": ""}, {"token": None}):
            assert (await world.anon().post(f"/users/recover-account{step}", body, expect=400)).json() == {}
        for bad in ("nonsense", "a.b.c", token[:-2]):
            assert await recovery(world, bad, step, 400) == "ACCOUNT_RECOVERY_INVALID_LINK"
        nobody = restoring.link(kernel, 5, "x@example.net").partition("token=")[2]
        assert await recovery(world, nobody, step, 410) == "ACCOUNT_RECOVERY_UNAVAILABLE"
    other = await Newcomer(world, dora.email, world.anon()).complete()
    for step in ("", "/validate"):
        assert await recovery(world, token, step, 409) == "ACCOUNT_RECOVERY_EMAIL_IN_USE"
        elsewhere = restoring.link(kernel, other.user_id, "elsewhere@example.net").partition("token=")[2]
        assert await recovery(world, elsewhere, step, 410) == "ACCOUNT_RECOVERY_UNAVAILABLE", "it lives under another address"
    world.clock.advance(7 * DAY)
    for step in ("", "/validate"):
        assert await recovery(world, token, step, 410) == "ACCOUNT_RECOVERY_LINK_EXPIRED"


async def test_a_link_ends_after_seven_days(world: World, dora: Newcomer) -> None:
    token = await deleted(dora)
    world.clock.advance(7 * DAY)
    assert not await restored(world, token)
    await world.anon().get(f"/users/srp/attributes?email={dora.email}", expect=404)


async def test_of_a_restoring_and_a_sign_up_at_once_one_gets_the_address(world: World, dora: Newcomer) -> None:
    token = await deleted(dora)
    await world.anon().post("/users/ott", {"email": dora.email, "purpose": "signup"})
    proof = {"email": dora.email, "ott": await code_for(world, dora.email)}
    back, signed = await asyncio.gather(restored(world, token), world.anon().post("/users/verify-email", proof))
    assert (signed.json()["id"] == dora.user_id) == back


async def test_deletion_needs_the_opened_challenge_of_ones_own(world: World, meet: Meet, dora: Newcomer) -> None:
    emil = await (await meet("emil").sign_up()).give_keys()
    assert (await dora.api.delete("/users/delete", {"challenge": await challenge(emil)}, expect=403)).json() == {}
    accounts = (await dora.api.get("/users/accounts-token")).json()["accountsToken"]
    for bad in ("nonsense", accounts, (await challenge(dora))[:-2]):
        assert (await dora.api.delete("/users/delete", {"challenge": bad}, expect=400)).json()["code"] == "BAD_REQUEST"
    for content in (b"", b"{}", b'{"challenge":""}'):
        assert (await dora.api.delete("/users/delete", content=content, expect=400)).json() == {}
    opened = await challenge(dora)
    world.clock.advance(DAY)
    late = (await dora.api.delete("/users/delete", {"challenge": opened}, expect=400)).json()
    assert late == {"code": "BAD_REQUEST", "message": "token expired"}
    await details_of(dora.api)
    await details_of(emil.api)


async def test_an_account_without_keys_cannot_prove_itself(meet: Meet) -> None:
    emil = await meet("emil").sign_up()
    assert (await emil.api.get("/users/delete-challenge", expect=404)).json() == {}


def session_of(who: Newcomer) -> Session:
    token = who.api.token or ""
    now = who.world.clock.now()
    return Session(who.user_id, "photos", token_hash(token), token, now, now)


async def test_requests_on_their_way_when_the_account_goes(world: World, dora: Newcomer) -> None:
    """They passed the guard before the deletion committed: they must neither revive the account nor give it a session or an address."""
    actor, kernel = session_of(dora), world.kernel
    opened = await challenge(dora)
    await world.anon().post("/users/ott", {"email": "new@example.net", "purpose": "change"})
    ask = CodeProof(email="new@example.net", ott=await code_for(world, "new@example.net"))
    await dora.api.delete("/users/delete", {"challenge": opened})
    with pytest.raises(Unauthorized):
        await deletion.delete(kernel, actor, DeleteAccount(challenge=opened))
    with pytest.raises(Gone):
        await code_login.change_email(kernel, actor, ask, Client("photos", "", ""))
    with pytest.raises(Unauthorized):
        await kernel.db.write("test", service.authorise, kernel, dora.user_id, Client("photos", "", ""))
    row = await kernel.db.scan(lambda tx: tx.one("SELECT email_cipher, email_hash FROM users WHERE user_id = :u", u=dora.user_id))
    assert row == (None, f"deleted+{dora.user_id}")
    assert await kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM sessions WHERE user_id = :u", u=dora.user_id)) == 0


# --- afterwards
async def test_the_data_goes_when_it_cannot_be_restored_any_more(world: World, dora: Newcomer) -> None:
    fill = {
        "objects": "INSERT INTO objects (object_key, owner_id, store, size, state, created_at) VALUES ('1/k', :u, 'main', 7, 'stored', 0)",
        "files": (
            "INSERT INTO files (owner_id, app, file_object_id, thumb_object_id, file_size, thumb_size, encrypted_metadata, file_header, "
            "thumb_header, "
            "metadata_header, updation_time, created_at) SELECT :u, 'photos', object_id, object_id, 5, 2, '', '', '', '', 1, 1 "
            "FROM objects WHERE owner_id = :u"
        ),
        "usage": "INSERT INTO usage (user_id, app, bytes, files) VALUES (:u, 'photos', 7, 1)",
        "passkeys": (
            "INSERT INTO passkeys (passkey_id, user_id, name, credential_id, public_key, transports, created_at) "
            "SELECT 'p', user_id, '', email_cipher, email_nonce, '[]', 0 FROM users WHERE user_id = :u"
        ),
        "authenticator_keys": ("INSERT INTO authenticator_keys (user_id, encrypted_key, header, created_at) VALUES (:u, '', '', 0)"),
    }
    for sql in fill.values():
        await world.kernel.db.write("test.fill", lambda tx, sql=sql: tx.run(sql, u=dora.user_id))
    token = await deleted(dora)
    again = await Newcomer(world, dora.email, world.anon()).sign_up()
    assert (await details_of(again.api))["usage"] == 7, "signing up again gives no room that is not there"
    world.clock.advance(purge.KEPT)
    await purge.purge(world.kernel)
    assert (await details_of(again.api))["usage"] == 7
    world.clock.advance(1)
    await purge.purge(world.kernel)
    assert (await details_of(again.api))["usage"] == 0

    def left(tx: Tx) -> list[object]:
        return [
            tx.value("SELECT count(*) FROM files WHERE owner_id = :u AND NOT is_deleted", u=dora.user_id),
            tx.value("SELECT count(*) FROM authenticator_keys WHERE user_id = :u", u=dora.user_id),
            tx.value("SELECT count(*) FROM key_attributes WHERE user_id = :u", u=dora.user_id),
            tx.value("SELECT count(*) FROM passkeys WHERE user_id = :u", u=dora.user_id),
            tx.value("SELECT bytes FROM usage WHERE user_id = :u AND app = 'photos'", u=dora.user_id),
            tx.value("SELECT count(*) FROM deletions"),
        ]

    assert await world.kernel.db.scan(left) == [0, 0, 0, 0, 0, 1]
    assert not await restored(world, token)
    await purge.purge(world.kernel)


async def test_an_invitation_brings_one_account(world: World, dora: Newcomer) -> None:
    config = world.kernel.config.model_copy(update={"registration": Registration(mode="invite")})
    kernel = dataclasses.replace(world.kernel, config=config)

    async def may_register() -> bool:
        return await world.kernel.db.scan(service.may_register, kernel, dora.email)

    await deleted(dora)
    await admin.run(world.kernel, "invite", {"email": dora.email})
    assert await may_register()
    await Newcomer(world, dora.email, world.anon()).sign_up()
    assert not await may_register()
