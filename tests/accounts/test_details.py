"""Details, figures and switches of an account (accounts.md §5.5, §5.11)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.accounts.details import MANY
from app.kernel import quota
from app.kernel.capacity import WITHOUT_A_DISK
from app.kernel.clock import DAY
from app.kernel.config import Config, Locker, Storage
from tests.files import photos
from tests.inprocess import AUTH, LOCKER, Person, World, open_world
from tests.newcomer import Meet, Newcomer, details_of


async def test_details(world: World, dora: Newcomer) -> None:
    found = await details_of(dora.api)
    subscription = found.pop("subscription")
    assert found == {
        "email": dora.email, "usage": 0, "fileCount": 0, "sharedCollectionsCount": 0, "storageBonus": 0,
        "profileData": {"canDisableEmailMFA": True, "isEmailMFAEnabled": False, "isTwoFactorEnabled": False, "passkeyCount": 0},
        "bonusData": {"storageBonuses": []},
    }  # fmt: skip
    assert subscription == {
        "id": subscription["id"], "userID": dora.user_id, "productID": "darkroom", "storage": 10 << 30, "originalTransactionID": "none",
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
    found = await details_of(alice, query)
    assert ("fileCount" in found, "sharedCollectionsCount" in found) == (counted, counted)


async def test_figures_are_of_what_one_owns_and_has_not_thrown_away(world: World, alice: Person, bob: Person) -> None:
    home, other, doomed, bobs = [await photos.album(who) for who in (alice, alice, alice, bob)]
    kept, trashed, _, foreign = [(await photos.commit(world, *place))["id"] for place in ((alice, home), (alice, home), (alice, doomed), (bob, bobs))]
    await alice.post("/collections/add-files", {"collectionID": other, "files": photos.items(kept)})
    await photos.share(alice, home, bob, "COLLABORATOR")
    await bob.post("/collections/add-files", {"collectionID": home, "files": photos.items(foreign)})
    assert (await details_of(alice))["fileCount"] == 3
    await photos.trash(alice, (trashed, home))
    await alice.delete(f"/collections/v3/{doomed}?collectionID={doomed}&keepFiles=false")
    found = await details_of(alice)
    assert (found["usage"], found["fileCount"]) == (3300, 1)
    assert (await details_of(bob))["fileCount"] == 1
    assert "lockerFamilyUsage" not in found
    assert (await alice.get("/users/deletion-summary")).json() == {
        "photosAndVideosCount": 1, "authenticatorCodesCount": 0, "lockerRecordsCount": 0,
    }  # fmt: skip
    await photos.restore(alice, home, trashed)
    assert (await details_of(alice))["fileCount"] == 2
    await photos.purge(alice, trashed, home)
    found = await details_of(alice)
    assert (found["usage"], found["fileCount"]) == (2200, 1)


async def test_locker_has_its_own_figures(world: World, alice: Person) -> None:
    await world.kernel.db.write("test", quota.charge, alice.user_id, "photos", 5000, 2)
    await world.kernel.db.write("test", quota.charge, alice.user_id, "locker", 300, 1)
    locker = await details_of(await world.in_app(alice, LOCKER))
    assert (locker["usage"], locker["fileCount"], locker["lockerFamilyUsage"]) == (5000, 1, {"familyFileCount": 1})


async def test_an_operators_plan(world: World, alice: Person) -> None:
    end = world.clock.now() + DAY
    await world.kernel.db.write(
        "test", lambda tx: tx.run("UPDATE users SET quota = 0, plan_ends_at = :end WHERE user_id = :u", end=end, u=alice.user_id)
    )
    subscription = (await details_of(alice))["subscription"]
    assert (subscription["storage"], subscription["expiryTime"]) == (WITHOUT_A_DISK, end)


async def test_locker_usage_without_limits(world: World, alice: Person) -> None:
    await world.kernel.db.write("test", quota.charge, alice.user_id, "locker", 300, 2)
    assert (await alice.get("/users/locker-usage")).json() == {
        "isPaid": True, "isFamily": False, "usedFileCount": 2, "fileLimit": MANY, "remainingFileCount": MANY - 2,
        "usedStorage": 300, "storageLimit": WITHOUT_A_DISK, "remainingStorage": WITHOUT_A_DISK - 300, "userFileCount": 2, "userStorage": 300,
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
    assert (await details_of(dora.api))["profileData"]["isEmailMFAEnabled"] is True
    await dora.api.put("/users/email-mfa", {"isEnabled": False})
    assert (await details_of(dora.api))["profileData"]["isEmailMFAEnabled"] is False
    for body in ({}, {"isEnabled": None}, {"isEnabled": "yes"}):
        assert (await dora.api.put("/users/email-mfa", body, expect=400)).json() == {}
    emil = await meet("emil").sign_up()
    assert (await emil.api.put("/users/email-mfa", {"isEnabled": False}, expect=409)).json()["code"] == "CONFLICT"
    assert (await details_of(emil.api))["profileData"]["canDisableEmailMFA"] is False


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


async def test_reported_events(alice: Person) -> None:
    assert (await alice.post("/users/event", {"event": "x"})).content == b""
    assert (await alice.post("/users/event", {})).content == b""
    assert (await alice.post("/users/event", {"event": 5}, expect=400)).json() == {}
    assert (await alice.post("/users/event", expect=400)).json() == {}


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
