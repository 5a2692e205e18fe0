"""Families: led, joined, left and ended (misc.md §8)."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from app.closing.deletion import close
from app.kernel import family
from tests.families.scenes import join, members, place, set_quota, token_of
from tests.inprocess import AUTH, Api, Person, World

GIB = 1 << 30
UNKNOWN = "A" * 43 + "="


async def family_data(who: Person) -> object:
    return (await who.get("/users/details/v2")).json().get("familyData")


async def test_it_works(world: World, alice: Person, bob: Person) -> None:
    assert (await alice.post("/family/create")).content == b""
    await alice.post("/family/create")
    (me,) = await members(alice)
    assert me == {
        "id": me["id"], "email": alice.email, "status": "SELF", "storageLimit": None, "userID": alice.user_id, "usage": 0, "isAdmin": True,
    }  # fmt: skip
    assert (await alice.post("/family/add-member", {"email": f" {bob.email.upper()} "})).content == b""
    token = await token_of(world, alice, bob)
    assert len(token) == 44
    invited = await place(alice, bob)
    assert (invited["status"], invited["userID"], invited["isAdmin"]) == ("INVITED", None, False)
    anon = world.anon()
    assert (await anon.get(f"/family/invite-info/{token}")).json() == {"id": invited["id"], "adminEmail": alice.email}
    plan = (await alice.get("/billing/subscription")).json()["subscription"]
    joined = {"adminEmail": alice.email, "storage": plan["storage"], "expiryTime": plan["expiryTime"]}
    assert (await anon.post("/family/accept-invite", {"token": token})).json() == joined
    assert (await anon.post("/family/accept-invite", {"token": token})).json() == joined  # a lost answer's retry
    assert await members(bob) == await members(alice) and (await place(alice, bob))["userID"] == bob.user_id
    assert await family_data(alice) == await family_data(bob) == (await bob.get("/family/members")).json()
    assert (await bob.delete("/family/leave")).content == b""
    assert [m["status"] for m in await members(alice)] == ["SELF"] and await family_data(bob) is None


async def test_a_token_for_families_opens_it_like_a_session(world: World, alice: Person) -> None:
    token = (await alice.get("/users/families-token")).json()["familiesToken"]
    page = Api(world.app, token)
    await page.post("/family/create")
    assert (await page.get("/family/members")).json() == (await alice.get("/family/members")).json()
    assert (await (await world.in_app(alice, AUTH)).get("/family/members")).status == 200
    payment = (await alice.get("/users/payment-token")).json()["paymentToken"]
    await Api(world.app, payment).get("/family/members", expect=401)
    await world.anon().get("/family/members", expect=401)
    await page.delete("/family/leave", expect=401)


async def test_outside_a_family(world: World, alice: Person) -> None:
    assert (await alice.get("/family/members", expect=400)).json() == {}
    assert (await alice.delete("/family/leave")).content == b""
    assert (await alice.post("/family/add-member", {"email": "x@example.org"}, expect=400)).json() == {}
    for token in (UNKNOWN, "x", "é" * 10, "A" * 256):
        await world.anon().post("/family/accept-invite", {"token": token}, expect=404)
    await world.anon().get(f"/family/invite-info/{UNKNOWN}", expect=404)
    assert await family_data(alice) is None


async def test_whom_one_cannot_invite(world: World, alice: Person, bob: Person, carol: Person) -> None:
    await join(world, bob, carol)
    await alice.post("/family/create")
    for email, status in ((alice.email, 406), (bob.email, 406), (carol.email, 406), ("nobody@example.org", 404), ("", 400)):
        assert (await alice.post("/family/add-member", {"email": email}, expect=status)).json() == {}
    assert len(await members(alice)) == 1


async def test_a_family_has_six_places(world: World, alice: Person) -> None:
    await alice.post("/family/create")
    guests = [await world.person(f"guest{n}") for n in range(6)]
    for guest in guests[:5]:
        await alice.post("/family/add-member", {"email": guest.email})
    await alice.post("/family/add-member", {"email": guests[5].email}, expect=412)
    await alice.post("/family/add-member", {"email": "nobody@example.org"}, expect=412)
    await alice.post("/family/add-member", {"email": guests[0].email})  # sends the invitation again
    assert len(await members(alice)) == 6


async def test_an_invitation_taken_back_opens_nothing(world: World, alice: Person, bob: Person) -> None:
    await alice.post("/family/create")
    await alice.post("/family/add-member", {"email": bob.email})
    old, where = await token_of(world, alice, bob), (await place(alice, bob))["id"]
    assert await token_of(world, alice, bob) == old
    await alice.delete(f"/family/remove-member/{where}", expect=400)
    await alice.delete(f"/family/revoke-invite/{where}")
    await alice.delete(f"/family/revoke-invite/{where}")
    anon = world.anon()
    assert (await anon.post("/family/accept-invite", {"token": old}, expect=401)).json() == {}
    await anon.get(f"/family/invite-info/{old}", expect=400)
    await alice.post("/family/add-member", {"email": bob.email})
    await anon.post("/family/accept-invite", {"token": old}, expect=404)
    await anon.post("/family/accept-invite", {"token": await token_of(world, alice, bob)})
    await alice.delete(f"/family/revoke-invite/{where}", expect=400)
    await alice.delete(f"/family/remove-member/{where}")
    await alice.delete(f"/family/remove-member/{where}")
    await bob.get("/family/members", expect=400)


async def test_one_is_in_one_family(world: World, alice: Person, bob: Person, carol: Person) -> None:
    for admin in (alice, bob):
        await admin.post("/family/create")
        await admin.post("/family/add-member", {"email": carol.email})
    tokens = [await token_of(world, admin, carol) for admin in (alice, bob)]
    answers = await asyncio.gather(*(world.anon().post("/family/accept-invite", {"token": t}, expect=None) for t in tokens))
    assert sorted(a.status for a in answers) == [200, 401]
    assert len(await members(alice)) + len(await members(bob)) == 3
    await carol.post("/family/create", expect=400)


async def test_who_leads_another_family_by_now_cannot_join(world: World, alice: Person, bob: Person) -> None:
    await alice.post("/family/create")
    await alice.post("/family/add-member", {"email": bob.email})
    token = await token_of(world, alice, bob)
    await bob.post("/family/create")  # which declines
    await world.anon().post("/family/accept-invite", {"token": token}, expect=401)


@pytest.mark.parametrize("act", ["remove-member", "revoke-invite"])
async def test_places_are_their_admins(world: World, alice: Person, bob: Person, carol: Person, act: str) -> None:
    await join(world, alice, bob)
    await carol.post("/family/create")
    for where in [m["id"] for m in await members(alice)]:
        for who in (bob, carol):
            assert (await who.delete(f"/family/{act}/{where}", expect=403)).json() == {}
            await who.post("/family/modify-storage", {"id": where, "storageLimit": None}, expect=403)
    await alice.delete(f"/family/{act}/not-a-uuid", expect=400)
    await alice.delete(f"/family/{act}/{uuid.uuid4()}", expect=404)
    own = (await place(alice, alice))["id"]
    await alice.delete(f"/family/{act}/{own}", expect=400)
    await alice.delete("/family/leave", expect=403)
    assert len(await members(alice)) == 2


async def test_limits(world: World, alice: Person, bob: Person, carol: Person) -> None:
    await join(world, alice, bob)
    await set_quota(world, alice, 5 * GIB)
    where = (await place(alice, bob))["id"]
    await alice.post("/family/modify-storage", {"id": where, "storageLimit": 2 * GIB})
    assert (await place(bob, bob))["storageLimit"] == 2 * GIB
    for size, status in ((6 * GIB, 426), (-1, 400)):
        await alice.post("/family/modify-storage", {"id": where, "storageLimit": size}, expect=status)
        await alice.post("/family/add-member", {"email": carol.email, "storageLimit": size}, expect=status)
    own = (await place(alice, alice))["id"]
    assert (await alice.post("/family/modify-storage", {"id": own, "storageLimit": GIB}, expect=400)).json()["code"] == "BAD_REQUEST"
    await alice.post("/family/modify-storage", {"id": where, "storageLimit": None})
    assert (await place(alice, bob))["storageLimit"] is None
    await alice.post("/family/add-member", {"email": carol.email, "storageLimit": GIB})
    invited = await place(alice, carol)
    assert invited["storageLimit"] == GIB
    await alice.post("/family/modify-storage", {"id": invited["id"], "storageLimit": None}, expect=400)


async def test_an_ended_plan_invites_nobody(world: World, alice: Person, bob: Person) -> None:
    await alice.post("/family/create")
    ended = world.clock.now() - 1
    for who in (alice, bob):
        await world.kernel.db.write("test", lambda tx, w=who: tx.run("UPDATE users SET plan_ends_at = :t WHERE user_id = :u", t=ended, u=w.user_id))
    await alice.post("/family/add-member", {"email": bob.email}, expect=402)
    await bob.post("/family/create", expect=402)
    assert (await alice.get("/family/members")).json()["storage"] == 0


async def test_closing_an_account_ends_its_family(world: World, alice: Person, bob: Person, carol: Person) -> None:
    await join(world, alice, bob, carol)
    now = world.clock.now()
    await world.kernel.db.write("test.close", close, world.kernel, carol.user_id, "{}", now)
    assert [m["email"] for m in await members(bob)] == [alice.email, bob.email]
    await alice.post("/family/add-member", {"email": (guest := await world.person("guest")).email})
    token = await token_of(world, alice, guest)
    await world.kernel.db.write("test.close", close, world.kernel, alice.user_id, "{}", now)
    await bob.get("/family/members", expect=400)
    await world.anon().post("/family/accept-invite", {"token": token}, expect=404)
    await bob.post("/family/create")


async def test_automatic_shares_are_for_who_has_accepted(world: World, alice: Person, bob: Person, carol: Person) -> None:
    await join(world, alice, bob)
    await alice.post("/family/add-member", {"email": carol.email})

    async def are_one(a: Person, b: Person) -> bool:
        return await world.kernel.db.read(family.are_one, a.user_id, b.user_id)

    assert await are_one(alice, bob) and await are_one(bob, alice)
    assert not await are_one(alice, carol) and not await are_one(carol, carol)


async def test_strangers_try_tokens_ten_times_a_minute(world: World) -> None:
    anon = world.anon()
    for _ in range(10):
        await anon.post("/family/accept-invite", {"token": UNKNOWN}, expect=404)
    await anon.post("/family/accept-invite", {"token": UNKNOWN}, expect=429)
