"""Trusted people recover an account: waiting, answers, keys, the new password (misc.md §6)."""

from __future__ import annotations

import asyncio
import uuid

from app.db import Tx
from app.kernel.clock import DAY
from tests.inprocess import AUTH, Person, World
from tests.legacy.scenes import KEY, NEW_KEYS, NOTHING, answer, by_friend, by_kit, info, invite, make_kit, move, pair, start, trust
from tests.second_factor.phone import enable


async def test_it_works(world: World, alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    begun = await start(alice, bob)
    waiting = {
        "id": begun["id"], "user": {"id": alice.user_id, "email": alice.email}, "emergencyContact": {"id": bob.user_id, "email": bob.email},
        "status": "WAITING", "waitTill": 30 * DAY, "createdAt": world.clock.now(),
    }  # fmt: skip
    assert begun == waiting == (await info(alice))["recoverSessions"][0]
    assert (await answer(alice, alice, bob, begun, "approve")).json() == {}
    (ready,) = (await info(bob))["othersRecoverySession"]
    assert ready == {**waiting, "status": "READY", "waitTill": 0}
    found = (await bob.get(f"/emergency-contacts/recovery-info/{begun['id']}")).json()
    assert found["encryptedKey"] == KEY
    assert found["userKeyAttr"]["publicKey"]
    change = by_friend(bob, begun)
    await change()
    assert await change.logs_in(world)
    assert (await info(bob))["othersRecoverySession"] == []
    assert (await info(bob))["othersEmergencyContact"][0]["state"] == "ACCEPTED"
    await bob.get(f"/emergency-contacts/recovery-info/{begun['id']}", expect=400)
    validity = await world.kernel.db.read(lambda tx: tx.one("SELECT kek_salt, encrypted_key FROM key_attributes WHERE user_id = :u", u=alice.user_id))
    assert validity == (NEW_KEYS["kekSalt"], NEW_KEYS["encryptedKey"])


async def test_who_has_waited_needs_no_answer(world: World, alice: Person, bob: Person) -> None:
    await trust(alice, bob, 7)
    begun = await start(alice, bob)
    path = f"/emergency-contacts/recovery-info/{begun['id']}"
    world.clock.advance(7 * DAY - 1)
    assert (await bob.get(path, expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await info(bob))["othersRecoverySession"][0]["waitTill"] == 1
    world.clock.advance(1)
    (ready,) = (await info(bob))["othersRecoverySession"]
    assert (ready["status"], ready["waitTill"]) == ("READY", 0)
    await bob.get(path)


async def test_all_sessions_end_unless_told_otherwise(world: World, alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    phone = await world.in_app(alice, AUTH)
    for keep in (True, False):
        begun = await start(alice, bob)
        await answer(alice, alice, bob, begun, "approve")
        await by_friend(bob, begun)(**({"logOutOtherDevices": False} if keep else {}))
        for device in (alice, phone):
            await device.get("/emergency-contacts/info", expect=200 if keep else 401)
    assert (await info(bob))["othersEmergencyContact"] != []  # the friend's own sessions stay


async def test_a_second_request_changes_nothing(world: World, alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    begun = await start(alice, bob)
    world.clock.advance(DAY)
    again = await start(alice, bob)
    assert again == {**begun, "waitTill": 29 * DAY}


async def test_the_owner_rejects_and_the_friend_stops(alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    for who, other, verb in ((alice, bob, "reject"), (bob, alice, "stop")):
        begun = await start(alice, bob)
        assert (await answer(other, alice, bob, begun, verb, expect=403)).json() == {}
        assert (await answer(who, alice, bob, begun, verb)).json() == {}
        assert (await answer(who, alice, bob, begun, verb)).json() == {}  # already
        assert (await answer(alice, alice, bob, begun, "approve")).json() == {}  # too late
        assert (await info(alice))["recoverSessions"] == [] == (await info(bob))["othersRecoverySession"]
        await bob.get(f"/emergency-contacts/recovery-info/{begun['id']}", expect=400)
        assert (await info(alice))["contacts"][0]["state"] == "ACCEPTED"
    first, second = begun, await start(alice, bob)
    assert first["id"] != second["id"]
    assert (await answer(bob, alice, bob, first, "stop", expect=404)).json() == {}


async def test_the_end_of_trust_ends_the_recovery(alice: Person, bob: Person) -> None:
    for who, state in ((alice, "REVOKED"), (bob, "CONTACT_LEFT")):
        await trust(alice, bob)
        begun = await start(alice, bob)
        await answer(alice, alice, bob, begun, "approve")
        await move(who, alice, bob, state)
        assert await info(bob) == NOTHING
        await bob.get(f"/emergency-contacts/recovery-info/{begun['id']}", expect=400)
        assert (await by_friend(bob, begun).begin()).status == 400


async def test_the_end_of_trust_in_the_middle_of_the_password(world: World, alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    begun = await start(alice, bob)
    await answer(alice, alice, bob, begun, "approve")
    change = by_friend(bob, begun)
    assert (await change.begin()).status == 200
    await answer(alice, alice, bob, begun, "reject")
    assert (await change.finish()).status == 400
    await alice.get("/emergency-contacts/info")  # nobody was logged out
    assert not await world.kernel.db.read(lambda tx: tx.all("SELECT 1 FROM srp_auth WHERE user_id = :u", u=alice.user_id))


async def test_refusals(world: World, alice: Person, bob: Person, carol: Person) -> None:
    await invite(alice, bob)
    post = "/emergency-contacts/start-recovery"
    assert (await bob.post(post, pair(alice, bob), expect=404)).json() == {}  # not accepted yet
    assert (await alice.post(post, pair(alice, bob), expect=403)).json() == {}
    assert (await carol.post(post, pair(alice, bob), expect=403)).json() == {}
    assert (await carol.post(post, pair(alice, carol), expect=404)).json() == {}
    assert (await bob.post(post, {}, expect=400)).json()["code"] == "BAD_REQUEST"
    await move(bob, alice, bob, "ACCEPTED")
    begun = await start(alice, bob)
    unknown = {**begun, "id": str(uuid.uuid4())}
    for verb in ("approve", "reject", "stop"):
        who = bob if verb == "stop" else alice
        assert (await answer(who, alice, bob, unknown, verb, expect=404)).json() == {}
        assert (await answer(who, alice, carol, begun, verb, expect=403)).json() == {}
        assert (await answer(carol, alice, bob, begun, verb, expect=403)).json() == {}
        assert (await answer(who, alice, bob, {"id": "nonsense"}, verb, expect=400)).json()["code"] == "BAD_REQUEST"
    path = "/emergency-contacts/recovery-info/"
    assert (await alice.get(path + begun["id"], expect=403)).json() == {}
    assert (await carol.get(path + begun["id"], expect=403)).json() == {}
    assert (await bob.get(path + unknown["id"], expect=404)).json() == {}
    assert (await bob.get(path + begun["id"], expect=400)).json()["code"] == "BAD_REQUEST"
    await bob.get(path + "nonsense", expect=400)
    for who, recovery, status in ((bob, begun, 400), (carol, begun, 403), (alice, begun, 403), (bob, unknown, 404)):
        assert (await by_friend(who, recovery).begin()).status == status
    assert (await bob.post("/emergency-contacts/change-password", {"recoveryID": begun["id"]}, expect=400)).json()["code"] == "BAD_REQUEST"


async def test_a_notice_of_a_day_is_too_short(alice: Person, bob: Person) -> None:
    await trust(alice, bob, 1)
    assert (await bob.post("/emergency-contacts/start-recovery", pair(alice, bob), expect=400)).json()["code"] == "BAD_REQUEST"


async def test_wrong_proofs_and_weak_keys(world: World, alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    begun = await start(alice, bob)
    await answer(alice, alice, bob, begun, "approve")
    change = by_friend(bob, begun)
    await change.begin()
    assert (await change.finish(srpM1="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).status == 401
    assert (await change.finish(updatedKeyAttr={**NEW_KEYS, "memLimit": 1})).status == 400
    assert (await change.finish(setupID=str(uuid.uuid4()))).status == 404
    await alice.get("/emergency-contacts/info")
    assert (await change.finish()).status == 200


async def test_of_two_passwords_at_once_one_counts(alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    begun = await start(alice, bob)
    await answer(alice, alice, bob, begun, "approve")
    one, two = by_friend(bob, begun), by_friend(bob, begun)
    await one.begin()
    await two.begin()
    statuses = sorted(r.status for r in await asyncio.gather(one.finish(), two.finish()))
    assert statuses == [200, 400]


async def test_starts_at_once_are_one(alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    await asyncio.gather(*(bob.post("/emergency-contacts/start-recovery", pair(alice, bob)) for _ in range(5)))
    assert len((await info(alice))["recoverSessions"]) == 1


async def guard(world: World, who: Person) -> None:
    """TOTP and a passkey for this account."""
    await enable(world, who)

    def insert(tx: Tx) -> None:
        tx.run(
            "INSERT INTO passkeys (passkey_id, user_id, name, credential_id, public_key, transports, created_at) "
            "VALUES ('p', :u, 'n', :c, :c, '', 1)",
            u=who.user_id,
            c=b"credential",
        )

    await world.kernel.db.write("test.passkey", insert)


async def test_second_factors_keep_nobody_out_who_was_let_in(world: World, alice: Person, bob: Person) -> None:
    await guard(world, alice)
    await trust(alice, bob)
    begun = await start(alice, bob)
    await answer(alice, alice, bob, begun, "approve")
    change = by_friend(bob, begun)
    await change.begin()
    await answer(alice, alice, bob, begun, "reject")
    assert (await change.finish()).status == 400
    assert (await alice.get("/users/two-factor/status")).json() == {"status": True}  # what is refused changes nothing
    again = await start(alice, bob)
    await answer(alice, alice, bob, again, "approve")
    change = by_friend(bob, again)
    await change(logOutOtherDevices=False)
    assert await change.logs_in(world)
    assert (await alice.get("/users/two-factor/status")).json() == {"status": False}
    assert await world.kernel.db.read(lambda tx: tx.all("SELECT 1 FROM passkeys")) == []


async def test_a_kit_passes_second_factors_too(world: World, alice: Person) -> None:
    await guard(world, alice)
    finder = world.anon()
    change = by_kit(finder, await (await make_kit(alice)).open(finder))
    await change(logOutOtherDevices=False)
    assert await change.logs_in(world)
    assert (await alice.get("/users/two-factor/status")).json() == {"status": False}
