"""Administrators' routes as Ente's tools call them: what they do, whom they refuse, and that every act is in the audit log."""

from __future__ import annotations

from typing import Any

import pytest

from app.admin import service
from app.cli import admin as command
from app.cli.admin_client import Refused
from app.kernel.clock import DAY, MINUTE
from app.kernel.config import Mail
from tests.inprocess import AUTH, Person, World
from tests.mail.postbox import open_postbox

Acts = list[tuple[str, str, int | None]]


async def acts(world: World) -> Acts:
    return [(a.actor, a.act, a.user_id) for a in reversed(await service.acts(world.kernel))]


async def test_it_works(governed: World, admin: Person, bob: Person) -> None:
    """What `ente admin` does, command by command: with the slash it puts at the end."""
    users = (await admin.get("/admin/users/?sinceTime=0")).json()["users"]
    assert [(u["ID"], u["email"]) for u in users] == [(admin.user_id, admin.email), (bob.user_id, bob.email)]
    seen = (await admin.get(f"/admin/user/?email={bob.email.upper()}")).json()
    assert (seen["user"]["ID"], seen["user"]["email"], seen["user"]["familyAdminID"]) == (bob.user_id, bob.email, None)
    assert (seen["subscription"]["productID"], seen["details"]["usage"], seen["authCodes"]) == ("free", 0, 0)
    assert [(t["app"], t["isDeleted"]) for t in seen["tokens"]] == [("photos", False)]
    assert bob.token not in str(seen)
    ask = {"userID": bob.user_id, "storage": 100 << 40, "expiryTime": governed.clock.now() + 100 * 365 * DAY, "productID": "free"}
    await admin.put("/admin/user/subscription", {**ask, "paymentProvider": "", "transactionID": "cli-on-1"})
    assert (await bob.get("/users/details/v2")).json()["subscription"]["storage"] == 100 << 40
    for path in ("disable-2fa", "disable-passkeys"):
        assert (await admin.post(f"/admin/user/{path}", {"userID": bob.user_id})).json() == {}
    gone = (await admin.delete(f"/admin/user/delete?email={bob.email}")).json()
    assert gone == {"isSubscriptionCancelled": True, "userID": bob.user_id}
    await bob.get("/users/details/v2", expect=401)
    me = f"user {admin.user_id}"
    assert await acts(governed) == [
        (me, "account.plan", bob.user_id),
        (me, "second_factor.reset", bob.user_id),
        (me, "second_factor.reset", bob.user_id),
        (me, "account.close", bob.user_id),
    ]


async def test_a_closed_account_comes_back(governed: World, admin: Person, bob: Person) -> None:
    await admin.post("/admin/user/recover", {"userID": bob.user_id, "emailID": bob.email}, expect=400)
    await admin.delete(f"/admin/user/delete?email={bob.email}")
    await admin.get(f"/admin/user?email={bob.email}", expect=404)
    await admin.post("/admin/user/recover", {"userID": bob.user_id, "emailID": admin.email}, expect=409)
    await admin.post("/admin/user/recover", {"userID": bob.user_id, "emailID": bob.email})
    assert (await admin.get(f"/admin/user?id={bob.user_id}")).json()["user"]["email"] == bob.email


async def test_the_other_acts(governed: World, admin: Person, bob: Person) -> None:
    await admin.put("/admin/user/change-email", {"userID": bob.user_id, "email": " Robert@Example.org"})
    assert (await bob.get("/users/details/v2")).json()["email"] == "robert@example.org"
    await admin.put("/admin/user/change-email", {"userID": bob.user_id, "email": admin.email}, expect=409)
    hashed = (await admin.get("/admin/email-hash?email=robert@example.org")).json()["hash"]
    assert (await admin.post("/admin/emails-from-hashes", {"hashes": ["none", hashed, hashed]})).json() == {"emails": ["robert@example.org"]}
    await admin.post("/admin/user/update-email-mfa", {"userID": bob.user_id, "emailMFA": True})
    assert (await bob.get("/users/details/v2")).json()["profileData"]["isEmailMFAEnabled"] is True
    await admin.post("/admin/user/update-email-mfa", {"userID": bob.user_id, "emailMFA": False}, expect=409)
    code = {"email": "robert@example.org", "code": "987654", "app": "photos", "expiryTime": governed.clock.now() + MINUTE}
    await admin.post("/admin/user/add-ott", code)
    anon = governed.anon()
    assert (await anon.post("/users/verify-email", {"email": "robert@example.org", "ott": "987654"})).json()["id"] == bob.user_id
    for wrong in ({"code": "12345"}, {"app": "cast"}, {"expiryTime": governed.clock.now()}, {"expiryTime": 1 << 62}, {"email": "bob"}):
        await admin.post("/admin/user/add-ott", {**code, **wrong}, expect=400)
    await admin.post("/admin/user/terminate-session", {"userID": bob.user_id, "token": admin.token})
    await admin.get("/users/details/v2")
    await admin.post("/admin/user/terminate-session", {"userID": bob.user_id, "token": bob.token})
    await bob.get("/users/details/v2", expect=401)


async def test_refusals(governed: World, admin: Person, bob: Person) -> None:
    before = await governed.kernel.db.read(lambda tx: tx.all("SELECT * FROM users ORDER BY user_id"))
    every: list[tuple[str, str, Any]] = [
        ("GET", "/admin/users?sinceTime=0", None),
        ("GET", f"/admin/user?email={admin.email}", None),
        ("DELETE", f"/admin/user/delete?email={admin.email}", None),
        ("POST", "/admin/user/disable-2fa", {"userID": admin.user_id}),
    ]
    for method, path, body in every:
        for who in (bob, await governed.in_app(bob, AUTH)):
            assert (await who.call(method, path, body, expect=401)).json() == {"error": "insufficient permissions"}
        await governed.anon().call(method, path, body, expect=401)
    await admin.get("/admin/user", expect=400)
    await admin.get("/admin/user?email=nobody@example.org", expect=404)
    await admin.get("/admin/user?id=7", expect=404)
    await admin.delete("/admin/user/delete", expect=400)
    await admin.delete("/admin/user/delete?email=nobody@example.org", expect=404)
    await admin.get("/admin/users?sinceTime=x", expect=400)
    await admin.post("/admin/user/disable-2fa", {"userID": 7}, expect=404)
    assert (await admin.get("/admin/user/scheduled-deletions", expect=400)).json()["message"] == "email is required"
    assert await governed.kernel.db.read(lambda tx: tx.all("SELECT * FROM users ORDER BY user_id")) == before
    assert await acts(governed) == []


async def test_what_is_fresh_for_ten_minutes(governed: World, admin: Person, bob: Person) -> None:
    governed.clock.advance(11 * MINUTE)
    for method, path, body in (
        ("GET", "/admin/users?sinceTime=0", None),
        ("DELETE", f"/admin/user/delete?email={bob.email}", None),
        ("POST", "/admin/user/disable-2fa", {"userID": bob.user_id}),
    ):
        refused = (await admin.call(method, path, body, expect=400)).json()
        assert refused == {"code": "BAD_REQUEST", "message": "Token is too old"}, "the CLI looks for these words"
    await admin.get(f"/admin/user?email={bob.email}")


@pytest.mark.parametrize("name", ["", "ADMIN", "@"])
async def test_who_is_none_by_configuration_is_none(world: World, alice: Person, name: str) -> None:
    """The first account of a server is not its administrator by that: who signs up first may be anybody."""
    await alice.get("/admin/users?sinceTime=0", expect=401)


async def test_families_flags_and_what_there_is_nothing_of(governed: World, admin: Person, bob: Person) -> None:
    await admin.post("/admin/user/close-family", {"userID": bob.user_id}, expect=400)
    await bob.post("/family/create", {})
    await admin.post("/admin/user/close-family", {"userID": bob.user_id})
    await bob.get("/family/members", expect=400)
    await admin.post("/admin/user/update-flag", {"userID": bob.user_id, "key": "betaUser", "value": "true"})
    assert (await bob.get("/remote-store/feature-flags")).json()["betaUser"] is True
    for wrong in ({"key": "mapEnabled"}, {"value": "maybe"}, {"value": None}):
        await admin.post("/admin/user/update-flag", {"userID": bob.user_id, "key": "betaUser", "value": "true", **wrong}, expect=400)
    assert (await admin.post("/admin/user/unblock-storage-warning-login", {"userID": bob.user_id})).json() == {}
    await admin.post("/admin/user/unblock-storage-warning-login", {"userID": 999}, expect=404)
    assert [act for _, act, _ in await acts(governed)] == ["family.close", "account.flag", "account.unblock"]


async def test_a_bonus(governed: World, admin: Person, bob: Person) -> None:
    ask = {"userID": bob.user_id, "bonusType": "ADD_ON_SUPPORT", "action": "ADD", "year": 100, "storageInGB": 2}
    for wrong in ({"year": 1}, {"storageInGB": 0}, {"storageInGB": 2001}, {"bonusType": "ADD_ON_BF_2024"}, {"action": "x"}, {"testing": True}):
        assert (await admin.post("/admin/user/bonus", {**ask, **wrong}, expect=400)).json()["code"] == "BAD_REQUEST"
    await admin.post("/admin/user/bonus", {**ask, "userID": 999}, expect=404)
    seen = []
    for change in ({}, {}, {"action": "UPDATE", "storageInGB": 1}, {"action": "REMOVE", "year": 0}):
        assert (await admin.post("/admin/user/bonus", {**ask, **change})).json() == {}
        seen.append((await bob.get("/users/details/v2")).json()["storageBonus"])
    assert seen == [2 << 30, 4 << 30, 1 << 30, 0]
    assert [act for _, act, _ in await acts(governed)] == ["account.bonus"] * 4


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/admin/user/update-referral"),
        ("POST", "/admin/queue/re-queue"),
        ("POST", "/admin/mail/subscribe?email=bob@example.org"),
        ("POST", "/admin/mail/unsubscribe?email=bob@example.org"),
        ("GET", "/admin/listmonk/missing-subscribers/count"),
        ("POST", "/admin/discount/add-coupons"),
    ],
)
async def test_what_there_is_nothing_of_is_said(governed: World, admin: Person, method: str, path: str) -> None:
    got = (await admin.call(method, path, {"userID": 1, "code": "ABCD"} if method == "POST" else None, expect=400)).json()
    assert got["code"] == "BAD_REQUEST"
    assert got["message"].startswith("this server has no ")
    assert await acts(governed) == []


async def test_a_mail_by_an_administrator(governed: World, admin: Person) -> None:
    ask = {"to": ["bob@example.org"], "fromName": "Alice", "fromEmail": "x@y.org", "subject": "Test mail",
           "body": "<style>p{}</style><p>This is <b>a</b> test &amp; no more.</p><p>Bye</p>"}  # fmt: skip
    assert (await admin.post("/admin/mail", ask, expect=503)).json()["code"] == "MAIL_FAILED"
    async with open_postbox() as box:
        mail = Mail(host="127.0.0.1", port=box.port, security="none", sender="Darkroom <photos@example.org>")
        object.__setattr__(governed.kernel, "config", governed.kernel.config.model_copy(update={"mail": mail}))
        assert (await admin.post("/admin/mail", ask)).json() == {}
        for wrong in (list[str](), ["nobody"], ["bob@example.org", "a@b\r\nBcc: c@example.org"]):
            await admin.post("/admin/mail", {**ask, "to": wrong}, expect=400)
        (sent,) = box.messages
    assert sent["To"] == "bob@example.org"
    assert sent["From"] == "Alice <photos@example.org>"
    text = sent.get_body(("plain",))
    assert text is not None
    assert text.get_content().split() == ["This", "is", "a", "test", "&", "no", "more.", "Bye"]
    assert [act for _, act, _ in await acts(governed)] == ["mail.send"]


async def test_limits_by_the_other_routes_have_their_line_too(governed: World, admin: Person, bob: Person) -> None:
    await admin.put(f"/storage/admin/quota/{bob.user_id}", {"quota": 5})
    await admin.post(f"/storage/admin/bonus/{bob.user_id}", {"bytes": 7})
    await admin.post(f"/storage/admin/bonus/{bob.user_id}", {"bytes": -8}, expect=400)
    await command.run(governed.kernel, "quota", {"email": bob.email, "size": None})
    await command.run(governed.kernel, "reset_second_factor", {"email": bob.email})
    await command.run(governed.kernel, "family", {"action": "create", "admin": bob.email})
    await command.run(governed.kernel, "storage_status", {})
    with pytest.raises(Refused):
        await command.run(governed.kernel, "storage_drain", {"name": "main"})
    await command.run(governed.kernel, "storage_verify", {"name": "main"})
    await admin.delete(f"/admin/user/delete?email={bob.email}")
    assert await command.run(governed.kernel, "restore", {"user_id": bob.user_id, "email": bob.email})
    me = f"user {admin.user_id}"
    assert await acts(governed) == [
        (me, "account.quota", bob.user_id),
        (me, "account.bonus", bob.user_id),
        ("command", "account.quota", bob.user_id),
        ("command", "second_factor.reset", bob.user_id),
        ("command", "family.create", bob.user_id),
        ("command", "storage.verify", None),
        (me, "account.close", bob.user_id),
        ("command", "account.restore_link", bob.user_id),
    ]
