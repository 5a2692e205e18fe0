"""/user-entity/*: keys by type, records and their diff (misc.md §2)."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.inprocess import AUTH, LOCKER, Person, World

KEY = {"encryptedKey": "a2V5", "header": "aGVhZGVy"}
DATA = {"encryptedData": "ZGF0YQ==", "header": "aGVhZGVy"}


async def diff(p: Person, kind: str = "location", since: int = 0, limit: int = 500) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await p.get(f"/user-entity/entity/diff?type={kind}&sinceTime={since}&limit={limit}")).json()["diff"]
    return rows


async def key(p: Person, kind: str = "location") -> None:
    assert (await p.post("/user-entity/key", {"type": kind, **KEY})).content == b""


async def make(p: Person, kind: str = "location", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await p.post("/user-entity/entity", {"type": kind, **DATA, **more})).json()
    return made


async def test_it_works(world: World, alice: Person) -> None:
    assert (await alice.get("/user-entity/key?type=location", expect=404)).json() == {}
    await key(alice)
    assert (await alice.get("/user-entity/key?type=location")).json() == {
        "userID": alice.user_id, "type": "location", **KEY, "createdAt": world.clock.now(),
    }  # fmt: skip
    made = await make(alice)
    assert made == {
        "id": made["id"], "userID": alice.user_id, "type": "location", **DATA, "isDeleted": False,
        "createdAt": made["updatedAt"], "updatedAt": made["updatedAt"],
    }  # fmt: skip
    kind, _, rest = made["id"].partition("_")
    assert (kind, len(rest), rest.isalnum()) == ("location", 22, True)
    assert await diff(alice) == [made]


async def test_a_change_and_a_deletion_reach_the_cursor(alice: Person) -> None:
    await key(alice)
    made = await make(alice)
    changed = (await alice.put("/user-entity/entity", {"id": made["id"], "type": "location", **DATA, "encryptedData": "bmV3"})).json()
    assert changed == {**made, "encryptedData": "bmV3", "updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > made["updatedAt"]
    assert await diff(alice, since=made["updatedAt"]) == [changed]
    assert (await alice.delete(f"/user-entity/entity?id={made['id']}")).content == b""
    (gone,) = await diff(alice, since=changed["updatedAt"])
    assert gone == {**changed, "encryptedData": None, "header": None, "isDeleted": True, "updatedAt": gone["updatedAt"]}
    refused = await alice.put("/user-entity/entity", {"id": made["id"], "type": "location", **DATA}, expect=400)
    assert refused.json()["code"] == "BAD_REQUEST"
    await alice.delete(f"/user-entity/entity?id={made['id']}")
    assert await diff(alice, since=gone["updatedAt"]) == []


async def test_the_same_payload_again_is_a_change(alice: Person) -> None:
    await key(alice)
    made = await make(alice)
    again = (await alice.put("/user-entity/entity", {"id": made["id"], "type": "location", **DATA})).json()
    assert await diff(alice, since=made["updatedAt"]) == [again]


async def test_a_key_never_changes(alice: Person) -> None:
    await key(alice)
    await key(alice)
    for other in ({"encryptedKey": "b3RoZXI="}, {"header": "b3RoZXI="}):
        refused = (await alice.post("/user-entity/key", {"type": "location", **KEY, **other}, expect=409)).json()
        assert refused == {"code": "ALREADY_EXISTS", "message": "Key already exists"}
    kept = (await alice.get("/user-entity/key?type=location")).json()
    assert (kept["encryptedKey"], kept["header"]) == (KEY["encryptedKey"], KEY["header"])
    await alice.get("/user-entity/key?type=cgroup", expect=404)


async def test_an_ensured_key_is_that_of_the_first_writer(alice: Person, bob: Person) -> None:
    first = await alice.post("/user-entity/key/ensure", {"type": "location", **KEY})
    assert first.headers["cache-control"] == "no-store"
    other = {"type": "location", "encryptedKey": "b3RoZXI=", "header": "eA=="}
    assert (await alice.post("/user-entity/key/ensure", other)).json() == first.json() == (await alice.get("/user-entity/key?type=location")).json()
    assert (await bob.post("/user-entity/key/ensure", other)).json()["encryptedKey"] == "b3RoZXI="
    refused = (await alice.post("/user-entity/key/ensure", {"type": "nonsense", **KEY}, expect=400)).json()
    assert refused["code"] == "BAD_REQUEST"


async def test_a_record_needs_the_key_of_its_type(alice: Person, bob: Person) -> None:
    await key(alice)
    await key(bob, "cgroup")
    for person, kind in ((alice, "cgroup"), (bob, "location")):
        refused = (await person.post("/user-entity/entity", {"type": kind, **DATA}, expect=400)).json()
        assert refused["code"] == "BAD_REQUEST"
    assert await diff(alice, "cgroup") == []


async def test_smart_albums_have_ids_of_the_clients_making_and_can_come_back(alice: Person) -> None:
    await key(alice, "smart_album")
    for bad in ({}, {"id": f"sa_{alice.user_id + 1}_x"}, {"id": f"sa_{alice.user_id}"}):
        refused = (await alice.post("/user-entity/entity", {"type": "smart_album", **DATA, **bad}, expect=400)).json()
        assert refused["code"] == "BAD_REQUEST"
    endless = {"type": "smart_album", **DATA, "id": f"sa_{alice.user_id}_" + "x" * 256}
    assert (await alice.post("/user-entity/entity", endless, expect=400)).json() == {}
    own = f"sa_{alice.user_id}_{1580559962386999}"
    made = await make(alice, "smart_album", id=own)
    assert made["id"] == own
    refused = (await alice.post("/user-entity/entity", {"type": "smart_album", **DATA, "id": own}, expect=409)).json()
    assert refused == {"code": "ALREADY_EXISTS", "message": "Entity already exists"}
    await alice.delete(f"/user-entity/entity?id={own}")
    back = await make(alice, "smart_album", id=own, encryptedData="bmV3")
    assert (back["isDeleted"], back["encryptedData"], back["createdAt"]) == (False, "bmV3", made["createdAt"])
    assert await diff(alice, "smart_album") == [back]


async def test_a_library_share_is_named_after_both(alice: Person, bob: Person) -> None:
    await key(alice, "library_share")
    good = f"ls_{alice.user_id}_{bob.user_id}"
    for bad in ("", "x", f"ls_{bob.user_id}_{alice.user_id}", f"ls_{alice.user_id}_{alice.user_id}", f"ls_{alice.user_id}_0{bob.user_id}",
                f"ls_{alice.user_id}_0", f"ls_{alice.user_id}_{bob.user_id}_x", f"ls_{alice.user_id}_٣"):  # fmt: skip
        refused = (await alice.post("/user-entity/entity", {"type": "library_share", **DATA, "id": bad}, expect=400)).json()
        assert refused["code"] == "BAD_REQUEST", bad
    made = await make(alice, "library_share", id=good)
    await alice.post("/user-entity/entity", {"type": "library_share", **DATA, "id": good}, expect=409)
    change = {"id": good, "type": "library_share", **DATA, "encryptedData": "bmV3"}
    assert (await alice.put("/user-entity/entity", change, expect=400)).json()["code"] == "BAD_REQUEST"
    changed = (await alice.put("/user-entity/entity", {**change, "expectedUpdatedAt": made["updatedAt"]})).json()
    await alice.delete(f"/user-entity/entity?id={good}")
    back = await make(alice, "library_share", id=good)
    assert (back["isDeleted"], back["createdAt"]) == (False, changed["createdAt"])


async def test_a_change_made_on_an_older_record_is_refused(alice: Person) -> None:
    await key(alice)
    made = await make(alice)
    change = {"id": made["id"], "type": "location", **DATA, "encryptedData": "bmV3", "expectedUpdatedAt": made["updatedAt"]}
    changed = (await alice.put("/user-entity/entity", change)).json()
    assert (await alice.put("/user-entity/entity", change)).json() == changed, "the same request again, its answer lost"
    assert (await alice.put("/user-entity/entity", {**change, "encryptedData": "b3RoZXI="}, expect=409)).json() == {}
    assert await diff(alice) == [changed]


async def test_a_record_keeps_its_type(alice: Person) -> None:
    for kind in ("location", "memory"):
        await key(alice, kind)
    made = await make(alice)
    refused = (await alice.put("/user-entity/entity", {"id": made["id"], "type": "memory", **DATA}, expect=400)).json()
    assert refused == {"code": "BAD_REQUEST", "message": "entity type does not match"}
    assert await diff(alice) == [made]


async def test_a_given_id_is_taken_once(alice: Person, bob: Person) -> None:
    for p in (alice, bob):
        await key(p)
        await make(p, id="mine")  # somebody else's id is no obstacle
    await key(alice, "memory")
    await alice.post("/user-entity/entity", {"type": "location", **DATA, "id": "mine"}, expect=409)
    await alice.delete("/user-entity/entity?id=mine")
    for kind in ("location", "memory"):  # only smart albums come back
        refused = (await alice.post("/user-entity/entity", {"type": kind, **DATA, "id": "mine"}, expect=409)).json()
        assert refused["code"] == "ALREADY_EXISTS"
    assert [e["isDeleted"] for e in await diff(alice)] == [True]
    assert [e["isDeleted"] for e in await diff(bob)] == [False]


async def test_records_of_others_do_not_exist(alice: Person, bob: Person) -> None:
    for p in (alice, bob):
        await key(p)
    made = await make(alice)
    assert (await bob.put("/user-entity/entity", {"id": made["id"], "type": "location", **DATA}, expect=404)).json() == {}
    await bob.delete(f"/user-entity/entity?id={made['id']}")
    assert await diff(alice) == [made]
    assert await diff(bob) == []
    await bob.get("/user-entity/key?type=cgroup", expect=404)


async def test_types_are_separate_feeds_and_pages_are_full(alice: Person) -> None:
    for kind in ("location", "memory"):
        await key(alice, kind)
    made = [await make(alice, kind) for kind in ("location", "memory") * 5]
    places = [e for e in made if e["type"] == "location"]
    first = await diff(alice, limit=3)
    assert first + await diff(alice, since=first[-1]["updatedAt"], limit=3) == places
    assert await diff(alice, "memory") == [e for e in made if e["type"] == "memory"]
    assert await diff(alice, "person") == []
    assert await diff(alice, since=-5) == places


async def test_malformed_requests(alice: Person) -> None:
    await key(alice)
    for body in (
        {},
        {"type": "location"},
        DATA,
        {"type": "location", **DATA, "header": ""},
        {"type": 1, **DATA},
        {"type": "location", **DATA, "id": 7},
    ):
        assert (await alice.post("/user-entity/entity", body, expect=400)).json() == {}
    for body in ({"type": "location"}, {"type": "location", "encryptedKey": "", "header": "x"}, KEY):
        assert (await alice.post("/user-entity/key", body, expect=400)).json() == {}
    assert (await alice.put("/user-entity/entity", {"type": "location", **DATA}, expect=400)).json() == {}
    assert (await alice.put("/user-entity/entity", {"id": "x", **DATA}, expect=400)).json() == {}
    for path, more in (("key", KEY), ("entity", DATA)):
        refused = (await alice.post(f"/user-entity/{path}", {"type": "nonsense", **more}, expect=400)).json()
        assert refused == {"code": "BAD_REQUEST", "message": "Invalid EntityType: nonsense"}
    assert (await alice.get("/user-entity/key", expect=400)).json() == {}
    for query in ("type=location&limit=5", "type=location&sinceTime=0", "sinceTime=0&limit=5", "type=location&sinceTime=x&limit=5",
                  "type=location&sinceTime=0&limit=0"):  # fmt: skip
        assert (await alice.get(f"/user-entity/entity/diff?{query}", expect=400)).json() == {}
    for limit in (-1, 5001):
        refused = (await alice.get(f"/user-entity/entity/diff?type=location&sinceTime=0&limit={limit}", expect=400)).json()
        assert refused["code"] == "BAD_REQUEST"


async def test_apps_that_store_files_only(world: World, alice: Person) -> None:
    locker, auth = await world.in_app(alice, LOCKER), await world.in_app(alice, AUTH)
    await key(locker)
    assert (await auth.get("/user-entity/key?type=location", expect=403)).json() == {"error": "invalid app for endpoint"}
    for method, path in (
        ("POST", "key"),
        ("POST", "key/ensure"),
        ("POST", "entity"),
        ("PUT", "entity"),
        ("DELETE", "entity"),
        ("GET", "entity/diff"),
    ):
        await auth.call(method, f"/user-entity/{path}", expect=403)
        assert (await world.anon().call(method, f"/user-entity/{path}", expect=401)).json() == {"error": "missing token"}


async def test_a_reader_that_follows_many_writers_misses_nothing(world: World, alice: Person) -> None:
    await key(alice)
    rng, seen, states = random.Random(18), dict[str, dict[str, Any]](), dict[str, dict[str, Any]]()  # a replayable order, no secret
    writing = True

    async def writer() -> None:
        mine: list[str] = []
        for _ in range(12):
            world.clock.advance(rng.choice((-3_000_000, 0, 1, 700)))  # clocks step back, too
            if mine and rng.random() < 0.4:
                ask = {"id": rng.choice(mine), "type": "location", **DATA, "encryptedData": str(rng.random())}
                got = (await alice.put("/user-entity/entity", ask)).json()
            else:
                got = await make(alice)
                mine.append(got["id"])
            states[got["id"]] = got

    async def reader() -> None:
        cursor, last_round = 0, False
        while not last_round:
            last_round = not writing
            for row in await diff(alice, since=cursor, limit=7):
                assert row["updatedAt"] > cursor, "stamps rise within a diff and across diffs"
                cursor, last_round = row["updatedAt"], False
                seen[row["id"]] = row
            await asyncio.sleep(0)

    following = asyncio.create_task(reader())
    await asyncio.gather(*(writer() for _ in range(8)))
    writing = False
    await following
    assert seen == states
