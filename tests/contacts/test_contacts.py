"""/contacts/*: one entry for each person one knows, and their diff (misc.md §5)."""

from __future__ import annotations

from typing import Any

import pytest

from app.contacts import purge, service
from app.kernel.clock import DAY
from tests.collections.scenes import album, share
from tests.inprocess import AUTH, LOCKER, Person, World

KEY, DATA, NEW = "a2V5", "ZGF0YQ==", "bmV3"
Json = dict[str, Any]


async def know(alice: Person, *others: Person) -> int:
    """An album of Alice's that she shares with these."""
    cid = await album(alice)
    for other in others:
        await share(alice, cid, other)
    return cid


async def add(who: Person, other: Person, **kw: Any) -> Json:
    made: Json = (await who.post("/contacts", {"contactUserID": other.user_id, "encryptedKey": KEY, "encryptedData": DATA}, **kw)).json()
    return made


async def diff(who: Person, since: int = 0, limit: int = 500) -> list[Json]:
    rows: list[Json] = (await who.get(f"/contacts/diff?sinceTime={since}&limit={limit}")).json()["diff"]
    return rows


async def test_it_works(alice: Person, bob: Person) -> None:
    await know(alice, bob)
    assert await diff(alice) == []
    made = await add(alice, bob)
    assert made == {
        "id": made["id"], "userID": alice.user_id, "contactUserID": bob.user_id, "email": bob.email, "profilePictureAttachmentID": None,
        "encryptedKey": KEY, "encryptedData": DATA, "isDeleted": False, "createdAt": made["updatedAt"], "updatedAt": made["updatedAt"],
    }  # fmt: skip
    assert made["id"].startswith("ct_")
    assert await diff(alice) == [made] == [(await alice.get(f"/contacts/{made['id']}")).json()]
    changed = (await alice.put(f"/contacts/{made['id']}", {"contactUserID": bob.user_id, "encryptedData": NEW})).json()
    assert changed == {**made, "encryptedData": NEW, "updatedAt": changed["updatedAt"]}
    assert await diff(alice, made["updatedAt"]) == [changed]
    assert await diff(alice, changed["updatedAt"]) == []


async def test_a_deleted_contact_is_a_tombstone_and_can_come_back(alice: Person, bob: Person) -> None:
    await know(alice, bob)
    made = await add(alice, bob)
    for _ in range(2):  # the second time there is nothing to do
        assert (await alice.delete(f"/contacts/{made['id']}")).content == b""
    (gone,) = await diff(alice, made["updatedAt"])
    nothing = dict.fromkeys(("email", "profilePictureAttachmentID", "encryptedKey", "encryptedData"))
    assert gone == {**made, **nothing, "isDeleted": True, "updatedAt": gone["updatedAt"]}
    assert await diff(alice, gone["updatedAt"]) == []
    assert (await add(alice, bob, expect=400))["code"] == "BAD_REQUEST"
    back = (await alice.put(f"/contacts/{made['id']}", {"contactUserID": bob.user_id, "encryptedData": NEW})).json()
    assert back == {**made, "encryptedData": NEW, "updatedAt": back["updatedAt"]}


async def test_only_people_one_knows(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid = await know(alice, bob, carol)
    dave = await world.person("dave")
    strangers = [(await alice.post("/contacts", {"contactUserID": n, "encryptedKey": KEY, "encryptedData": DATA}, expect=400)).content
                 for n in (dave.user_id, 1, -1, alice.user_id)]  # fmt: skip
    assert len(set(strangers)) == 1  # who tries ids learns nothing of whether there is such an account
    await add(bob, carol)  # both are in Alice's album
    made = await add(bob, alice)
    await alice.post("/collections/unshare", {"collectionID": cid, "email": bob.email})
    await bob.put(f"/contacts/{made['id']}", {"contactUserID": alice.user_id, "encryptedData": NEW})  # whoever one knew may be kept
    await bob.delete(f"/contacts/{made['id']}")
    await bob.put(f"/contacts/{made['id']}", {"contactUserID": alice.user_id, "encryptedData": NEW}, expect=400)
    await bob.put(f"/contacts/{made['id']}", {"contactUserID": dave.user_id, "encryptedData": NEW}, expect=400)
    await bob.put(f"/contacts/{made['id']}", {"contactUserID": carol.user_id, "encryptedData": NEW}, expect=400)  # is one already


async def test_trusted_people_are_known(alice: Person, bob: Person) -> None:
    await alice.post("/emergency-contacts/add", {"email": bob.email, "encryptedKey": KEY})
    await add(alice, bob)
    await add(bob, alice)


async def test_contacts_of_others_do_not_exist(alice: Person, bob: Person) -> None:
    await know(alice, bob)
    made = await add(alice, bob)
    path = f"/contacts/{made['id']}"
    for r in (
        await bob.get(path, expect=404),
        await bob.delete(path, expect=404),
        await bob.put(path, {"contactUserID": alice.user_id, "encryptedData": NEW}, expect=404),
        await bob.get(f"{path}/attachments/profile_picture", expect=404),
        await bob.delete(f"{path}/attachments/profile_picture", expect=404),
        await alice.get("/contacts/ct_none", expect=404),
    ):
        assert r.json() == {"code": "NOT_FOUND", "message": ""}
    assert await diff(bob) == []
    assert await diff(alice) == [made]


async def test_malformed_requests(alice: Person, bob: Person) -> None:
    await know(alice, bob)
    whole = {"contactUserID": bob.user_id, "encryptedKey": KEY, "encryptedData": DATA}
    for wrong in ({}, {**whole, "contactUserID": 0}, {**whole, "encryptedKey": ""}, {**whole, "encryptedData": "no base64"},
                  {**whole, "encryptedData": "x" * 70_000}, {**whole, "encryptedKey": 5}):  # fmt: skip
        assert (await alice.post("/contacts", wrong, expect=400)).json()["code"] == "BAD_REQUEST"
    for method in ("GET", "DELETE"):
        assert (await alice.call(method, "/contacts/not-an-id", expect=400)).json()["code"] == "BAD_REQUEST"
    for query in ("", "sinceTime=0", "limit=5", "sinceTime=x&limit=5", "sinceTime=0&limit=0"):
        assert (await alice.get(f"/contacts/diff?{query}", expect=400)).json() == {}
    for limit in (-1, 5001):
        assert (await alice.get(f"/contacts/diff?sinceTime=0&limit={limit}", expect=400)).json()["code"] == "BAD_REQUEST"


async def test_there_is_an_end_to_them(alice: Person, bob: Person, carol: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 1)
    await know(alice, bob, carol)
    await add(alice, bob)
    assert await add(alice, carol, expect=429) == {}


async def test_the_auth_app_has_none_and_locker_has(world: World, alice: Person) -> None:
    await (await world.in_app(alice, AUTH)).get("/contacts/diff?sinceTime=0&limit=5", expect=403)
    assert await diff(await world.in_app(alice, LOCKER)) == []
    await world.anon().get("/contacts/diff?sinceTime=0&limit=5", expect=401)


async def test_two_devices_never_make_one_stamp(alice: Person, bob: Person, carol: Person) -> None:
    await know(alice, bob, carol)
    rows = [await add(alice, bob), await add(alice, carol)]
    assert rows[0]["updatedAt"] < rows[1]["updatedAt"]
    assert await diff(alice, 0, limit=1) == rows[:1]
    assert await diff(alice, rows[0]["updatedAt"], limit=1) == rows[1:]


async def test_contacts_of_a_deleted_account_go_when_it_cannot_come_back(world: World, alice: Person, bob: Person) -> None:
    await know(alice, bob)
    await add(alice, bob)
    await world.kernel.db.write(
        "test.delete", lambda tx: tx.run("UPDATE users SET deleted_at = :now WHERE user_id = :u", now=world.clock.now(), u=alice.user_id)
    )

    async def left() -> int:
        return int(await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM contacts")))

    await purge.purge(world.kernel)
    assert await left() == 1
    world.clock.advance(9 * DAY)
    await purge.purge(world.kernel)
    assert await left() == 0
