"""/authenticator/*: one key, codes, their diff (misc.md §3)."""

from __future__ import annotations

from uuid import UUID

from tests.inprocess import AUTH, Person, World

KEY = {"encryptedKey": "a2V5", "header": "aGVhZGVy"}
DATA = {"encryptedData": "ZGF0YQ==", "header": "aGVhZGVy"}


async def test_it_works(world: World, alice: Person) -> None:
    phone = await world.in_app(alice, AUTH)
    assert (await phone.post("/authenticator/key", KEY)).content == b""
    key = (await phone.get("/authenticator/key")).json()
    assert key == {"userID": alice.user_id, **KEY, "createdAt": world.clock.now()}
    made = (await phone.post("/authenticator/entity", DATA)).json()
    assert str(UUID(made["id"])) == made["id"]
    diff = (await phone.get("/authenticator/entity/diff?sinceTime=0&limit=500")).json()
    assert diff["diff"] == [made]
    assert diff["timestamp"] >= world.clock.now()


async def test_a_change_and_a_deletion_reach_the_cursor(alice: Person) -> None:
    await alice.post("/authenticator/key", KEY)
    made = (await alice.post("/authenticator/entity", DATA)).json()
    assert (await alice.put("/authenticator/entity", {"id": made["id"], **DATA, "encryptedData": "bmV3"})).content == b""
    (changed,) = (await alice.get(f"/authenticator/entity/diff?sinceTime={made['updatedAt']}&limit=5")).json()["diff"]
    assert changed["encryptedData"] == "bmV3"
    assert changed["updatedAt"] > made["updatedAt"]
    await alice.delete(f"/authenticator/entity?id={made['id']}")
    (gone,) = (await alice.get(f"/authenticator/entity/diff?sinceTime={changed['updatedAt']}&limit=5")).json()["diff"]
    assert gone["isDeleted"] is True
    assert gone["encryptedData"] is None
    assert gone["header"] is None
    await alice.put("/authenticator/entity", {"id": made["id"], **DATA}, expect=400)


async def test_without_a_key_there_are_no_codes(world: World, alice: Person) -> None:
    assert (await alice.get("/authenticator/key", expect=404)).json()["code"] == "NOT_FOUND"
    assert (await alice.post("/authenticator/entity", DATA, expect=400)).json()["code"] == "AUTH_KEY_NOT_CREATED"
    newcomer = await world.person("newcomer", keys=False)
    assert (await newcomer.post("/authenticator/key", KEY, expect=404)).json() == {}
    await alice.post("/authenticator/key", KEY)
    assert (await alice.post("/authenticator/key", KEY, expect=409)).json()["code"] == "CONFLICT"


async def test_codes_of_others_do_not_exist(alice: Person, bob: Person) -> None:
    for p in (alice, bob):
        await p.post("/authenticator/key", KEY)
    made = (await alice.post("/authenticator/entity", DATA)).json()
    await bob.put("/authenticator/entity", {"id": made["id"], **DATA}, expect=404)
    await bob.delete(f"/authenticator/entity?id={made['id']}")
    assert (await alice.get("/authenticator/entity/diff?sinceTime=0&limit=5")).json()["diff"] == [made]
    assert (await bob.get("/authenticator/entity/diff?sinceTime=0&limit=5")).json()["diff"] == []


async def test_malformed_requests(alice: Person) -> None:
    for body in ({}, {"encryptedKey": "x"}, {"encryptedKey": "", "header": "x"}, {"encryptedKey": 5, "header": "x"}):
        assert (await alice.post("/authenticator/key", body, expect=400)).json() == {}
    await alice.delete("/authenticator/entity?id=nonsense", expect=400)
    await alice.post("/authenticator/key", KEY)
    nil = {"id": "00000000-0000-0000-0000-000000000000", **DATA}
    for changed in ({**nil, "id": "nonsense"}, {**nil, "id": ""}, nil):
        assert (await alice.put("/authenticator/entity", changed, expect=400)).json() == {}
    assert (await alice.get("/authenticator/entity/diff?sinceTime=&limit=5")).json()["diff"] == []  # museum reads an empty number as 0
    for query in ("sinceTime=0", "limit=5", "sinceTime=x&limit=5", "sinceTime=0&limit=0", "sinceTime=0&limit="):
        assert (await alice.get(f"/authenticator/entity/diff?{query}", expect=400)).json() == {}
    for limit in (-1, 5001):
        assert (await alice.get(f"/authenticator/entity/diff?sinceTime=0&limit={limit}", expect=400)).json()["code"] == "BAD_REQUEST"


async def test_a_session_is_needed(world: World, alice: Person) -> None:
    assert (await world.anon().get("/authenticator/key", expect=401)).json() == {"error": "missing token"}
    assert (await alice.get("/authenticator/key", token="A" * 44, expect=401)).json() == {"error": "invalid token"}
    stolen = alice.second_app(AUTH, alice.token or "")
    assert (await stolen.get("/authenticator/key", expect=401)).json() == {"error": "invalid token"}
