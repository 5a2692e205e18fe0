"""Trusted people: invited, accepted, declined, left, revoked (misc.md §6)."""

from __future__ import annotations

import logging

import pytest

from app.legacy import trust as rules
from tests.contacts.test_contacts import add, diff
from tests.inprocess import AUTH, Person, World
from tests.legacy.scenes import NOTHING, info, invite, move, pair, start, trust


async def states(owner: Person) -> list[str]:
    return [t["state"] for t in (await info(owner))["contacts"]]


async def test_it_works(alice: Person, bob: Person, carol: Person) -> None:
    assert await info(alice) == NOTHING
    assert (await invite(alice, bob)).content == b""
    trusted = {
        "user": {"id": alice.user_id, "email": alice.email}, "emergencyContact": {"id": bob.user_id, "email": bob.email},
        "state": "INVITED", "recoveryNoticeInDays": 30,
    }  # fmt: skip
    assert await info(alice) == {**NOTHING, "contacts": [trusted]}
    assert await info(bob) == {**NOTHING, "othersEmergencyContact": [trusted]}
    assert (await move(bob, alice, bob, "ACCEPTED")).json() == {}
    assert (await info(alice))["contacts"] == [{**trusted, "state": "ACCEPTED"}] == (await info(bob))["othersEmergencyContact"]
    assert await info(carol) == NOTHING


async def test_any_app_may_ask(world: World, alice: Person, bob: Person) -> None:
    await invite(alice, bob)
    phone = await world.in_app(alice, AUTH)
    assert await info(phone) == await info(alice)
    await world.anon().get("/emergency-contacts/info", expect=401)


@pytest.mark.parametrize("end", ["CONTACT_DENIED", "CONTACT_LEFT", "REVOKED"])
async def test_trust_ends_for_both_and_can_begin_again(alice: Person, bob: Person, end: str) -> None:
    await invite(alice, bob)
    if end == "CONTACT_LEFT":
        await move(bob, alice, bob, "ACCEPTED")
    await move(alice if end == "REVOKED" else bob, alice, bob, end)
    assert await info(alice) == NOTHING == await info(bob)
    for late in ("ACCEPTED", "CONTACT_LEFT", "CONTACT_DENIED"):
        assert (await move(bob, alice, bob, late)).json() == {}
    assert (await move(alice, alice, bob, "INVITED", expect=400)).json()["code"] == "BAD_REQUEST"  # its key is gone
    assert await info(alice) == NOTHING
    await invite(alice, bob, 7)
    assert await states(alice) == ["INVITED"]
    assert (await info(bob))["othersEmergencyContact"][0]["recoveryNoticeInDays"] == 7


async def test_moves_that_do_not_fit_change_nothing(alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    assert (await move(bob, alice, bob, "CONTACT_DENIED")).json() == {}  # too late to decline
    assert (await move(alice, alice, bob, "INVITED")).json() == {}
    assert (await invite(alice, bob, 3, key="b3RoZXI=")).content == b""  # trusted already
    assert await states(alice) == ["ACCEPTED"]
    assert (await info(alice))["contacts"][0]["recoveryNoticeInDays"] == 30


async def test_refusals(world: World, alice: Person, bob: Person, carol: Person) -> None:
    nobody = {"email": "nobody@example.org", "encryptedKey": "eA=="}
    assert (await alice.post("/emergency-contacts/add", nobody, expect=404)).json() == {}
    assert (await invite(alice, alice, expect=400)).json()["code"] == "BAD_REQUEST"
    for body in ({"email": bob.email}, {"encryptedKey": "eA=="}, {}):
        assert (await alice.post("/emergency-contacts/add", body, expect=400)).json() == {}
    world.clock.advance(60_000_000)
    for days in (-1, 61, 10**15):
        assert (await invite(alice, bob, days, expect=400)).json()["code"] == "BAD_REQUEST"
    await invite(alice, bob)
    assert (await move(carol, alice, bob, "ACCEPTED", expect=403)).json() == {}
    for who, state in ((alice, "ACCEPTED"), (alice, "CONTACT_LEFT"), (bob, "REVOKED"), (bob, "INVITED"), (bob, "DELETED"), (bob, "x" * 99)):
        assert (await move(who, alice, bob, state, expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await move(alice, alice, alice, "REVOKED", expect=400)).json()["code"] == "BAD_REQUEST"
    for body in ({}, pair(alice, bob), {**pair(alice, bob), "state": 5}):
        assert (await bob.post("/emergency-contacts/update", body, expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await move(carol, carol, bob, "REVOKED")).json() == {}  # there is no such trust, which is nobody's business
    assert await states(alice) == ["INVITED"]


async def test_the_notice_changes_while_nobody_waits(alice: Person, bob: Person, carol: Person) -> None:
    async def change(who: Person, other: Person, days: int, expect: int = 200) -> str:
        body = {"emergencyContactID": other.user_id, "recoveryNoticeInDays": days}
        return (await who.post("/emergency-contacts/update-recovery-notice", body, expect=expect)).content.decode()

    await trust(alice, bob)
    assert await change(alice, bob, 14) == "{}"
    assert (await info(bob))["othersEmergencyContact"][0]["recoveryNoticeInDays"] == 14
    for who, other, days in ((alice, bob, 0), (alice, bob, 61), (alice, carol, 5), (bob, alice, 5)):
        assert "BAD_REQUEST" in await change(who, other, days, expect=400)
    await start(alice, bob)
    assert "active recovery session" in await change(alice, bob, 5, expect=400)  # the words that apps look for
    assert (await info(alice))["contacts"][0]["recoveryNoticeInDays"] == 14


async def test_a_deleted_account_trusts_nobody_and_is_trusted_by_nobody(alice: Person, bob: Person, carol: Person, world: World) -> None:
    from app.closing.deletion import close

    await trust(alice, bob)
    await trust(bob, carol)
    await start(alice, bob)
    await start(bob, carol)
    await add(alice, bob)
    seen = (await diff(alice))[-1]
    await world.kernel.db.write("test.close", close, world.kernel, bob.user_id, "{}", world.clock.now())
    assert await info(alice) == NOTHING == await info(carol)
    (told,) = await diff(alice, seen["updatedAt"])
    assert told == {**seen, "email": None, "updatedAt": told["updatedAt"]}
    rows = await world.kernel.db.read(lambda tx: tx.all("SELECT state, encrypted_key FROM emergency_contacts ORDER BY state"))
    assert rows == [("CONTACT_LEFT", None), ("REVOKED", None)]
    assert {s for (s,) in await world.kernel.db.read(lambda tx: tx.all("SELECT status FROM emergency_recoveries"))} == {"STOPPED", "REJECTED"}


async def test_a_new_address_reaches_those_who_keep_the_person(world: World, alice: Person, bob: Person) -> None:
    await invite(alice, bob)
    made = await add(alice, bob)
    await bob.post("/users/ott", {"email": "new@example.org", "purpose": "change"})
    from tests.newcomer import code_for

    await bob.post("/users/change-email", {"email": "new@example.org", "ott": await code_for(world, "new@example.org")})
    (told,) = await diff(alice, made["updatedAt"])
    assert told == {**made, "email": "new@example.org", "updatedAt": told["updatedAt"]}
    assert (await info(alice))["contacts"][0]["emergencyContact"]["email"] == "new@example.org"


async def test_there_is_an_end_to_them(alice: Person, bob: Person, carol: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST", 1)
    await invite(alice, bob)
    assert (await invite(alice, carol, expect=429)).json() == {}
    await move(bob, alice, bob, "CONTACT_DENIED")
    await invite(alice, bob)


async def test_the_log_names_no_addresses(alice: Person, bob: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await trust(alice, bob)
    said = [r.getMessage() for r in caplog.records if r.name == "darkroom.legacy"]
    assert len(said) == 3
    assert not [line for line in said if "@" in line]
