"""/billing/*, /storage-bonus/*: everything is unlocked and nothing is sold (misc.md §9, §10)."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.db import Tx
from app.kernel.capacity import WITHOUT_A_DISK, capacity
from app.kernel.config import Config, Quota, Storage
from tests.inprocess import AUTH, Api, Person, World, open_world

GIB = 1 << 30
FREE = {"freePlan": {"storage": 10 * GIB, "duration": 100, "period": "year"}, "plans": []}


def _set_plan(tx: Tx, user_id: int, quota: int | None, ends_at: int | None) -> None:
    tx.run("UPDATE users SET quota = :quota, plan_ends_at = :ends_at WHERE user_id = :user_id", quota=quota, ends_at=ends_at, user_id=user_id)


async def test_the_subscription_is_paid_and_lasts_a_century(world: World, alice: Person) -> None:
    made = world.clock.now()
    world.clock.advance(5_000_000)
    got = (await alice.get("/billing/subscription")).json()["subscription"]
    expiry = got.pop("expiryTime")
    assert got == {
        "id": alice.user_id, "userID": alice.user_id, "productID": "darkroom", "storage": 10 * GIB, "originalTransactionID": "none",
        "paymentProvider": "", "attributes": {}, "price": "", "period": "year",
    }  # fmt: skip
    start = datetime.fromtimestamp(made // 1_000_000, UTC)
    end = datetime.fromtimestamp(expiry // 1_000_000, UTC)
    assert abs(end - start.replace(year=start.year + 100)) <= timedelta(days=1)
    assert (await alice.get("/users/details/v2")).json()["subscription"] == {**got, "expiryTime": expiry}


async def test_every_app_may_ask(world: World, alice: Person) -> None:
    phone = await world.in_app(alice, AUTH)
    assert (await phone.get("/billing/subscription")).json()["subscription"]["userID"] == alice.user_id


async def test_the_operators_limit_and_end_are_told(world: World, alice: Person, bob: Person) -> None:
    await world.kernel.db.write("test.plan", _set_plan, alice.user_id, 7 * GIB, 1_900_000_000_000_000)
    got = (await alice.get("/billing/subscription")).json()["subscription"]
    assert (got["storage"], got["expiryTime"], got["productID"]) == (7 * GIB, 1_900_000_000_000_000, "darkroom")
    assert (await bob.get("/billing/subscription")).json()["subscription"]["storage"] == 10 * GIB
    assert (await alice.get("/billing/user-plans")).json()["freePlan"]["storage"] == 7 * GIB
    await world.kernel.db.write("test.plan", _set_plan, alice.user_id, 0, None)
    assert (await alice.get("/billing/user-plans")).json()["freePlan"]["storage"] == WITHOUT_A_DISK
    assert (await alice.get("/billing/subscription")).json()["subscription"]["storage"] == WITHOUT_A_DISK


async def test_plans_are_an_empty_list(world: World, alice: Person) -> None:
    assert (await alice.get("/billing/user-plans")).json() == FREE
    assert (await alice.get("/billing/user-plans/")).json() == FREE  # the spelling of the mobile app
    assert (await world.anon().get("/billing/plans/v2")).json() == FREE


async def test_unlimited_storage_is_a_number_that_clients_can_read(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, quota=Quota(default=0), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        assert (await world.anon().get("/billing/plans/v2")).json()["freePlan"]["storage"] == WITHOUT_A_DISK


def test_unlimited_is_the_size_of_the_disk(tmp_path: Path) -> None:
    for config in (Config(data_dir=tmp_path / "not" / "yet"), Config(storage=(Storage(kind="filesystem", path=tmp_path),))):
        assert capacity(config) == shutil.disk_usage(tmp_path).total < 1 << 52


@pytest.mark.parametrize("path", ["/users/details/v2", "/billing/subscription", "/billing/user-plans", "/storage-bonus/referral-view"])
async def test_answers_stay_the_same_to_the_byte(world: World, alice: Person, path: str) -> None:
    first = (await alice.get(path)).content
    world.clock.advance(60_000_000)
    assert (await alice.get(path)).content == first


async def test_what_needs_a_payment_provider_answers_without_one(world: World, alice: Person) -> None:
    for verb, name in (("POST", "activate-subscription"), ("POST", "cancel-subscription"), ("GET", "customer-portal?redirectURL=https://x.example")):
        assert (await alice.call(verb, f"/billing/stripe/{name}", expect=400)).json() == {}
    page = Api(world.app, (await alice.get("/users/payment-token")).json()["paymentToken"])
    assert (await page.get("/billing/stripe-account-country")).json() == {"stripeAccountCountry": "US"}
    await page.get("/billing/stripe/checkout-session?productID=a&redirectURL=b", expect=400)
    await page.post("/billing/stripe/update-subscription", {"productID": "a"}, expect=400)
    await alice.get("/billing/stripe-account-country", expect=401)


async def test_codes_and_discounts_of_which_there_are_none(world: World, alice: Person) -> None:
    for code, status, name in (("abc", 400, "BAD_REQUEST"), ("a-bcd", 400, "BAD_REQUEST"), ("Friends1", 429, "REFERRAL_CHANGE_LIMIT_REACHED")):
        assert (await alice.post("/storage-bonus/change-code", {"code": code}, expect=status)).json()["code"] == name
    await world.anon().post("/discount/claim", {"providerName": "Kagi", "email": "x@example.org"}, expect=400)


async def test_only_the_free_product_can_be_verified(alice: Person) -> None:
    current = (await alice.get("/billing/subscription")).json()
    free = {"paymentProvider": "playstore", "productID": "free", "verificationData": "x"}
    assert (await alice.post("/billing/verify-subscription", free)).json() == current
    assert (await alice.post("/billing/verify-subscription", {"productID": "free"})).json() == current
    for ask in ({"productID": "50gb_monthly", "paymentProvider": "stripe"}, {"paymentProvider": "nonsense"}, {}, {"productID": 5}):
        assert (await alice.post("/billing/verify-subscription", ask, expect=400)).json() == {}


@pytest.mark.parametrize("path", ["/billing/usage", "/offers/black-friday"])
async def test_what_no_client_asks_any_more_is_gone(alice: Person, path: str) -> None:
    await alice.get(path, expect=404)


async def test_referrals_are_not_available(alice: Person) -> None:
    assert (await alice.get("/storage-bonus/details")).json() == {
        "referralStats": [], "bonuses": [], "refCount": 0, "refUpgradeCount": 0, "hasAppliedCode": False,
    }  # fmt: skip
    assert (await alice.get("/storage-bonus/referral-view")).json() == {
        "planInfo": {"isEnabled": False, "planType": "10_GB_ON_UPGRADE", "storageInGB": 10, "maxClaimableStorageInGB": 2000},
        "code": "", "enableApplyCode": False, "hasAppliedCode": False, "claimedStorage": 0, "isFamilyMember": False,
        "codeChangeAttempts": 0, "remainingCodeChangeAttempts": 0,
    }  # fmt: skip
    assert (await alice.post("/storage-bonus/referral-claim?code=ABCDEF", expect=404)).json()["code"] == "INVALID_CODE"
    assert (await alice.post("/storage-bonus/referral-claim", expect=400)).json() == {}


async def test_a_session_is_needed(world: World) -> None:
    anon = world.anon()
    for path in ("/billing/user-plans", "/billing/subscription", "/storage-bonus/details", "/storage-bonus/referral-view"):
        assert (await anon.get(path, expect=401)).json() == {"error": "missing token"}
    for path in ("/billing/verify-subscription", "/storage-bonus/referral-claim?code=A"):
        assert (await anon.post(path, {}, expect=401)).json() == {"error": "missing token"}
