"""Details, switches, signed tokens, change of address, deletion (accounts.md §5.10–5.14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.accounts import deletion, email, restoring, service
from app.accounts.details import UNLIMITED_FILES
from app.accounts.wire import CodeProof, DeleteAccount
from app.kernel import quota
from app.kernel.access import Session
from app.kernel.clock import DAY, MINUTE
from app.kernel.config import Config, Locker, Storage
from app.kernel.crypto import token_hash
from app.kernel.errors import Gone, Unauthorized
from tests.accounts.conftest import Meet
from tests.accounts.newcomer import Login, Newcomer, code_for, wrong
from tests.clients import crypto
from tests.files import photos
from tests.inprocess import AUTH, LOCKER, Person, World, open_world


async def details(who: Any, query: str = "") -> Any:
    return (await who.get(f"/users/details/v2{query}")).json()


async def test_details(world: World, dora: Newcomer) -> None:
    found = await details(dora.api)
    subscription = found.pop("subscription")
    assert found == {
        "email": dora.email, "usage": 0, "fileCount": 0, "sharedCollectionsCount": 0, "storageBonus": 0,
        "profileData": {"canDisableEmailMFA": True, "isEmailMFAEnabled": False, "isTwoFactorEnabled": False, "passkeyCount": 0},
        "bonusData": {"storageBonuses": []},
    }  # fmt: skip
    assert subscription == {
        "id": subscription["id"], "userID": dora.user_id, "productID": "free", "storage": 10 << 30, "originalTransactionID": "none",
        "expiryTime": subscription["expiryTime"], "paymentProvider": "", "attributes": {}, "price": "", "period": "year",
    }  # fmt: skip
    assert world.clock.now() + 99 * 365 * DAY < subscription["expiryTime"] < 1 << 53


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        ("", True), ("?memoryCount=true", True), ("?memoryCount=1", True),
        ("?memoryCount=false", False), ("?memoryCount=x", False), ("?memoryCount=", False),
    ],
)  # fmt: skip
async def test_counting_is_optional(alice: Person, query: str, counted: bool) -> None:
    found = await details(alice, query)
    assert ("fileCount" in found, "sharedCollectionsCount" in found) == (counted, counted)


async def test_figures_are_of_what_one_owns_and_has_not_thrown_away(world: World, alice: Person, bob: Person) -> None:
    home, other, doomed, bobs = [await photos.album(who) for who in (alice, alice, alice, bob)]
    kept, trashed, _, foreign = [(await photos.commit(world, *place))["id"] for place in ((alice, home), (alice, home), (alice, doomed), (bob, bobs))]
    await alice.post("/collections/add-files", {"collectionID": other, "files": photos.items(kept)})
    await photos.share(alice, home, bob, "COLLABORATOR")
    await bob.post("/collections/add-files", {"collectionID": home, "files": photos.items(foreign)})
    assert (await details(alice))["fileCount"] == 3
    await photos.trash(alice, (trashed, home))
    await alice.delete(f"/collections/v3/{doomed}?collectionID={doomed}&keepFiles=false")
    found = await details(alice)
    assert (found["usage"], found["fileCount"]) == (3300, 1)
    assert (await details(bob))["fileCount"] == 1
    assert "lockerFamilyUsage" not in found
    assert (await alice.get("/users/deletion-summary")).json() == {
        "photosAndVideosCount": 1, "authenticatorCodesCount": 0, "lockerRecordsCount": 0,
    }  # fmt: skip
    await photos.restore(alice, home, trashed)
    assert (await details(alice))["fileCount"] == 2
    await photos.purge(alice, trashed, home)
    found = await details(alice)
    assert (found["usage"], found["fileCount"]) == (2200, 1)


async def test_locker_has_its_own_figures(world: World, alice: Person) -> None:
    await world.kernel.db.write("test", quota.charge, alice.user_id, "photos", 5000, 2)
    await world.kernel.db.write("test", quota.charge, alice.user_id, "locker", 300, 1)
    locker = await details(await world.in_app(alice, LOCKER))
    assert (locker["usage"], locker["fileCount"], locker["lockerFamilyUsage"]) == (5000, 1, {"familyFileCount": 1})


async def test_an_operators_plan(world: World, alice: Person) -> None:
    end = world.clock.now() + DAY
    await world.kernel.db.write(
        "test", lambda tx: tx.run("UPDATE users SET quota = 0, plan_ends_at = :end WHERE user_id = :u", end=end, u=alice.user_id)
    )
    subscription = (await details(alice))["subscription"]
    assert (subscription["storage"], subscription["expiryTime"]) == (quota.UNLIMITED, end)


async def test_locker_usage_without_limits(world: World, alice: Person) -> None:
    await world.kernel.db.write("test", quota.charge, alice.user_id, "locker", 300, 2)
    assert (await alice.get("/users/locker-usage")).json() == {
        "isPaid": True, "isFamily": False, "usedFileCount": 2, "fileLimit": UNLIMITED_FILES, "remainingFileCount": UNLIMITED_FILES - 2,
        "usedStorage": 300, "storageLimit": 1 << 52, "remainingStorage": (1 << 52) - 300, "userFileCount": 2, "userStorage": 300,
    }  # fmt: skip
    auth = await world.in_app(alice, AUTH)
    assert (await auth.get("/users/locker-usage", expect=403)).json() == {"error": "invalid app for endpoint"}


@pytest.fixture
async def small_locker(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    config = Config(data_dir=tmp_path, storage=(Storage(kind="memory"),), locker=Locker(files=3, storage=200))
    async with open_world(engine, tmp_path, config=config) as w:
        yield w


async def test_locker_usage_with_limits(small_locker: World) -> None:
    alice = await small_locker.person("alice")
    await small_locker.kernel.db.write("test", quota.charge, alice.user_id, "locker", 300, 2)
    found = (await alice.get("/users/locker-usage")).json()
    assert (found["fileLimit"], found["remainingFileCount"], found["storageLimit"], found["remainingStorage"]) == (3, 1, 200, 0)


async def test_email_mfa(meet: Meet, dora: Newcomer) -> None:
    assert (await dora.api.put("/users/email-mfa", {"isEnabled": True})).content == b""
    assert (await details(dora.api))["profileData"]["isEmailMFAEnabled"] is True
    await dora.api.put("/users/email-mfa", {"isEnabled": False})
    assert (await details(dora.api))["profileData"]["isEmailMFAEnabled"] is False
    for body in ({}, {"isEnabled": None}, {"isEnabled": "yes"}):
        assert (await dora.api.put("/users/email-mfa", body, expect=400)).json() == {}
    emil = await meet("emil").sign_up()
    assert (await emil.api.put("/users/email-mfa", {"isEnabled": False}, expect=409)).json()["code"] == "CONFLICT"
    assert (await details(emil.api))["profileData"]["canDisableEmailMFA"] is False


async def test_second_factor_status(world: World, alice: Person) -> None:
    assert (await alice.get("/users/two-factor/status")).json() == {"status": False}
    await world.kernel.db.write("test", lambda tx: tx.run("UPDATE users SET totp_enabled = TRUE WHERE user_id = :u", u=alice.user_id))
    assert (await alice.get("/users/two-factor/status")).json() == {"status": True}
    assert (await alice.get("/users/two-factor/recovery-status")).json() == {"allowAdminReset": True, "isPasskeyRecoveryEnabled": False}


async def test_the_eleventh_call_in_a_minute(alice: Person, bob: Person) -> None:
    for _ in range(10):
        await alice.get("/users/two-factor/status")
    assert "error" in (await alice.get("/users/two-factor/status", expect=429)).json()
    await alice.get("/users/two-factor/recovery-status")
    await bob.get("/users/two-factor/status")


async def test_signed_tokens(world: World, alice: Person) -> None:
    read, now = world.kernel.crypto.read_jwt, world.clock.now()
    accounts = (await alice.get("/users/accounts-token")).json()
    families = (await alice.get("/users/families-token")).json()
    payment = (await alice.get("/users/payment-token")).json()
    assert accounts["accountsUrl"] == world.kernel.config.apps.accounts
    assert families["familyUrl"] == world.kernel.config.apps.family
    for token, scope, lifetime in (
        (accounts["accountsToken"], "ACCOUNTS", 30 * MINUTE),
        (families["familiesToken"], "FAMILIES", DAY),
        (payment["paymentToken"], "PAYMENT", DAY),
    ):
        assert read(token, scope=scope, now=now) == {"userID": alice.user_id, "expiryTime": now + lifetime, "claimScope": scope}
        assert read(token, scope="DELETE_ACCOUNT", now=now) is None
        await alice.get("/users/details/v2", token=token, expect=401)


async def test_reported_events(alice: Person) -> None:
    assert (await alice.post("/users/event", {"event": "x"})).content == b""
    assert (await alice.post("/users/event", {})).content == b""
    assert (await alice.post("/users/event", {"event": 5}, expect=400)).json() == {}
    assert (await alice.post("/users/event", expect=400)).json() == {}


# --- change of address
async def move(who: Newcomer, email: str, **kw: Any) -> Any:
    await who.anon().post("/users/ott", {"email": email, "purpose": "change"})
    return await who.api.post("/users/change-email", {"email": email, "ott": await code_for(who.world, email.strip().lower())}, **kw)


async def test_change_of_address(world: World, dora: Newcomer) -> None:
    old, new = dora.email, "dora.new@example.net"
    assert (await move(dora, f" {new.upper()} ")).content == b""
    assert (await details(dora.api))["email"] == new
    await world.anon().get(f"/users/srp/attributes?email={old}", expect=404)
    assert (await world.anon().get(f"/users/srp/attributes?email={new}")).json()["attributes"]["srpUserID"] == dora.srp_user_id
    assert (await Login(dora)()).json()["id"] == dora.user_id
    await world.anon().post("/users/ott", {"email": old, "purpose": "signup"})  # the old one is free


async def test_refused_changes_of_address(world: World, meet: Meet, dora: Newcomer) -> None:
    emil = await meet("emil").sign_up()
    body = {"email": "new@example.net", "ott": "123456"}
    assert (await dora.api.post("/users/change-email", body, expect=410)).json() == {}
    await world.anon().post("/users/ott", {"email": "new@example.net", "purpose": "change"})
    code = await code_for(world, "new@example.net")
    assert (await dora.api.post("/users/change-email", {**body, "ott": wrong(code)}, expect=401)).json() == {}
    await world.anon().post("/users/ott", {"email": emil.email})
    taken = {"email": emil.email, "ott": await code_for(world, emil.email)}
    assert (await dora.api.post("/users/change-email", taken, expect=403)).json() == {}
    assert (await details(dora.api))["email"] == dora.email
    assert (await details(emil.api))["email"] == emil.email


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
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM push_tokens")) == 0
    again = await Newcomer(world, dora.email, world.anon()).sign_up()
    assert again.user_id != dora.user_id


# --- a deletion undone
async def deleted(who: Newcomer) -> str:
    """The token of the link, the account being gone."""
    token = restoring.link(who.world.kernel, who.user_id, who.email).partition("token=")[2]
    await who.api.delete("/users/delete", {"challenge": await challenge(who)})
    return token


async def restored(world: World, token: str) -> bool:
    page = await world.anon().get(f"/users/recover-account?token={token}")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert token.encode() not in page.content
    return b"is back" in page.content


async def test_a_deletion_undone(world: World, dora: Newcomer) -> None:
    token = await deleted(dora)
    for _ in range(2):
        assert await restored(world, token)
    await dora.api.get("/users/details/v2", expect=401)
    device = await dora.second_device()
    assert (await details(device))["email"] == dora.email
    assert (await Login(dora)()).json()["id"] == dora.user_id
    row = await world.kernel.db.scan(lambda tx: tx.one("SELECT delete_feedback, deleted_at FROM users WHERE user_id = :u", u=dora.user_id))
    assert row == (None, None)


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
    assert (await details(other.api))["email"] == dora.email


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
    await details(dora.api)
    await details(emil.api)


async def test_an_account_without_keys_cannot_prove_itself(meet: Meet) -> None:
    emil = await meet("emil").sign_up()
    assert (await emil.api.get("/users/delete-challenge", expect=404)).json() == {}


async def test_everything_needs_a_session(world: World) -> None:
    anon = world.anon()
    for method, path in (
        ("GET", "session-validity/v2"), ("GET", "sessions"), ("GET", "details/v2"), ("GET", "public-key"), ("GET", "deletion-summary"),
        ("GET", "locker-usage"), ("GET", "delete-challenge"), ("GET", "accounts-token"), ("GET", "families-token"), ("GET", "payment-token"),
        ("GET", "two-factor/status"), ("GET", "two-factor/recovery-status"), ("PUT", "attributes"), ("PUT", "recovery-key"), ("PUT", "email-mfa"),
        ("POST", "srp/setup"), ("POST", "srp/complete"), ("POST", "srp/update"), ("POST", "change-email"), ("POST", "logout"), ("POST", "event"),
        ("DELETE", "session"), ("DELETE", "delete"),
    ):  # fmt: skip
        assert (await anon.call(method, f"/users/{path}", expect=401)).json() == {"error": "missing token"}


# --- what happens at the same moment
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
        await email.change(kernel, actor, ask)
    with pytest.raises(Unauthorized):
        await kernel.db.write("test", service.authorise, kernel, dora.user_id, service.Device("photos", "", ""))
    row = await kernel.db.scan(lambda tx: tx.one("SELECT email_cipher, email_hash FROM users WHERE user_id = :u", u=dora.user_id))
    assert row == (None, f"deleted+{dora.user_id}")
    assert await kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM sessions WHERE user_id = :u", u=dora.user_id)) == 0


async def test_one_address_goes_to_one_of_many(world: World, meet: Meet) -> None:
    people = [await meet(f"p{n}").sign_up() for n in range(3)]
    wanted, codes = "wanted@example.net", []
    for purpose in ("change", "change", "change", "signup"):
        await world.anon().post("/users/ott", {"email": wanted, "purpose": purpose})
        codes.append(await code_for(world, wanted))
        world.clock.advance(1)
    moves = [p.api.post("/users/change-email", {"email": wanted, "ott": c}, expect=None) for p, c in zip(people, codes[:3], strict=True)]
    sign_up = world.anon().post("/users/verify-email", {"email": wanted, "ott": codes[3]}, expect=None)
    *moved, came = [r.status for r in await asyncio.gather(*moves, sign_up)]
    assert came == 200  # as a new account, or into that of whoever was first
    assert sorted(moved) in ([200, 403, 403], [403, 403, 403])
    owners = await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM users WHERE email_hash = :h", h=world.kernel.crypto.hash(wanted)))
    assert owners == 1


async def test_no_log_in_slips_past_a_password_change(dora: Newcomer) -> None:
    logins = [Login(dora) for _ in range(4)]
    for login in logins:
        await login.start()
    changed, *answers = await asyncio.gather(dora.change_password(b"another password"), *(login.finish() for login in logins))
    assert changed.status == 200
    assert {a.status for a in answers} <= {200, 401}
    left = (await dora.api.get("/users/sessions")).json()["sessions"]
    assert [s["token"] for s in left] == [dora.api.token]
