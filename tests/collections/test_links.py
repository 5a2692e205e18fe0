"""Links as their owner handles them (collections.md §6), and who is shown them (§1.2)."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from app.collections.service import forget_person
from app.kernel.clock import HOUR
from tests.collections.scenes import album, listed, share, version
from tests.inprocess import LOCKER, Person, World
from tests.visits.scenes import INFO, SECRET, Visitor, change, end, link, linked, token

FRESH = {
    "deviceLimit": 0,
    "validTill": 0,
    "enableDownload": True,
    "enableCollect": False,
    "enableComment": False,
    "enableJoin": True,
    "passwordEnabled": False,
}


async def test_it_works(world: World, alice: Person) -> None:
    cid = await album(alice)
    made = await link(alice, cid)
    assert re.fullmatch(r"http://darkroom.test/\?t=[0-9A-Za-z]{16}", made.pop("url"))
    assert made == FRESH
    changed = await change(alice, cid, enableCollect=True, enableJoin=False, deviceLimit=50, validTill=world.clock.now() + HOUR)
    assert changed == {
        **made,
        "url": changed["url"],
        "enableCollect": True,
        "enableJoin": False,
        "deviceLimit": 50,
        "validTill": world.clock.now() + HOUR,
    }
    assert (await listed(alice, cid) or {})["publicURLs"] == [changed]
    assert (await alice.get("/collections/v3")).json()["owned"][0]["publicURLs"] == [changed]
    assert (await alice.get(f"/collections/{cid}")).json()["collection"]["publicURLs"] == [changed]
    assert (await end(alice, cid)).content == b""
    assert (await listed(alice, cid) or {})["publicURLs"] == []


async def test_options_at_the_beginning(alice: Person) -> None:
    cid = await album(alice)
    made = await link(alice, cid, enableCollect=True, enableComment=True, enableJoin=False, validTill=1, deviceLimit=7)
    assert (made["enableCollect"], made["enableComment"], made["enableJoin"], made["validTill"], made["deviceLimit"]) == (True, True, False, 1, 7)
    assert await link(alice, cid, enableCollect=False) == made  # the one there is, as it is


async def test_makers_at_the_same_moment_get_one_link(alice: Person) -> None:
    cid = await album(alice)
    made = await asyncio.gather(*(link(alice, cid) for _ in range(8)))
    assert all(m == made[0] for m in made)


async def test_every_reader_hears_of_every_change(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob)
    for step in (lambda: link(alice, cid), lambda: change(alice, cid, enableCollect=True), lambda: end(alice, cid)):
        since = await version(alice, cid)
        await step()
        for person in (alice, bob):
            assert (await listed(person, cid, since) or {})["updationTime"] > since
    since = await version(alice, cid)
    await end(alice, cid)  # there was none
    assert await version(alice, cid) == since


async def test_a_new_link_is_another_link(world: World, alice: Person) -> None:
    cid, old = await linked(world, alice)
    await change(alice, cid, **SECRET, enableCollect=True, deviceLimit=3)
    await end(alice, cid)
    made = await link(alice, cid)
    assert token(made) != old.carried["x-auth-access-token"]
    assert {k: v for k, v in made.items() if k != "url"} == FRESH
    assert (await old.get(INFO, expect=410)).json() == {"error": "disabled token"}
    await Visitor(world, token(made)).get(INFO)


async def test_a_password_is_shown_by_its_parameters_only(alice: Person) -> None:
    cid = await album(alice)
    made = await link(alice, cid)
    locked = await change(alice, cid, **SECRET)
    assert locked == {**made, "passwordEnabled": True, **{k: SECRET[k] for k in ("nonce", "memLimit", "opsLimit")}}
    assert str(SECRET["passHash"]) not in (await alice.get("/collections/v2")).content.decode()
    assert await change(alice, cid, disablePassword=True) == made


REFUSED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "only costs": {"memLimit": 1, "opsLimit": 1},
    "too few devices": {"deviceLimit": -1},
    "too many devices": {"deviceLimit": 51},
    "over already": {"validTill": 1},
    "half a password": {"passHash": "eA==", "nonce": "eA=="},
    "an empty password": {**SECRET, "passHash": ""},
    "on and off": {**SECRET, "disablePassword": True},
    "no role": {"minRole": "KING"},
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
async def test_refused_changes(alice: Person, body: dict[str, Any]) -> None:
    cid = await album(alice)
    made = await link(alice, cid)
    before = await version(alice, cid)
    r = await alice.put("/collections/share-url", {"collectionID": cid, **body}, expect=400)
    assert r.json()["code"] == "BAD_REQUEST"
    assert r.json()["message"]
    assert await link(alice, cid) == made
    assert await version(alice, cid) == before


async def test_who_may(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob, "ADMIN")
    await alice.put("/collections/share-url", {"collectionID": cid, "enableJoin": True}, expect=404)  # no link yet
    made = await link(alice, cid)
    for who in (bob, carol):
        r = await who.post("/collections/share-url", {"collectionID": cid}, expect=403)
        assert token(made) not in r.content.decode()
        await who.put("/collections/share-url", {"collectionID": cid, "enableJoin": False}, expect=403)
        await end(who, cid, expect=403)
    for unknown in (77, 1 << 60):
        await alice.post("/collections/share-url", {"collectionID": unknown}, expect=404)
        await alice.put("/collections/share-url", {"collectionID": unknown, "enableJoin": True}, expect=404)
        await end(alice, unknown, expect=404)
    await alice.post("/collections/share-url", {}, expect=400)
    await alice.put("/collections/share-url", {"enableJoin": True}, expect=400)
    await alice.delete("/collections/share-url/first", expect=400)
    uncategorized = await album(alice, "uncategorized")
    await alice.post("/collections/share-url", {"collectionID": uncategorized}, expect=400)
    await world.anon().post("/collections/share-url", {"collectionID": cid}, expect=401)


async def test_sharees_see_links_from_the_least_role_on(alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob, "VIEWER")
    await share(alice, cid, carol, "ADMIN")
    made = await link(alice, cid)
    assert (await listed(bob, cid) or {})["publicURLs"] == [made]
    kept = await change(alice, cid, minRole="ADMIN")
    assert kept == {**made, "minRole": "ADMIN"}
    for path in ("/collections/v2", "/collections/v3", f"/collections/{cid}"):
        for who, sees in ((alice, True), (bob, False), (carol, True)):
            assert (token(made) in (await who.get(path)).content.decode()) is sees, path
    await alice.post("/collections/unshare", {"collectionID": cid, "email": carol.email})
    assert (await listed(carol, cid) or {})["publicURLs"] == []


async def test_the_app_decides_the_form(world: World, alice: Person) -> None:
    locker = await world.in_app(alice, LOCKER)
    cid = await album(locker)
    made = await link(locker, cid)
    assert re.fullmatch(r"http://darkroom.test/c/[0-9A-Za-z]{16}", made["url"])
    assert (await alice.get(f"/collections/{cid}")).json()["collection"]["publicURLs"] == [made]
    assert (await Visitor(world, token(made)).album())["app"] == "locker"


async def test_a_deleted_album_has_no_link_and_gets_none(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=false")
    assert (await visitor.get(INFO, expect=410)).json() == {"error": "disabled token"}
    assert (await listed(alice, cid) or {})["publicURLs"] == []
    await alice.post("/collections/share-url", {"collectionID": cid}, expect=404)
    await alice.put("/collections/share-url", {"collectionID": cid, "enableJoin": True}, expect=404)
    await end(alice, cid)


async def test_links_end_with_the_account(world: World, alice: Person, bob: Person) -> None:
    _, visitor = await linked(world, alice)
    _, other = await linked(world, bob)
    await world.kernel.db.write("test.forget", forget_person, world.kernel, alice.user_id, world.clock.now())
    await visitor.get(INFO, expect=410)
    await other.get(INFO)


async def test_at_rest_there_is_neither_token_nor_password_nor_device(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, **SECRET)
    await visitor.get(INFO)
    (row,) = await world.kernel.db.scan(lambda tx: tx.all("SELECT * FROM album_links"))
    told = b"\0".join(bytes(v) if isinstance(v, (bytes, memoryview)) else str(v).encode() for v in row)
    assert visitor.carried["x-auth-access-token"].encode() not in told
    assert str(SECRET["passHash"]).encode() not in told
    await end(alice, cid)
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM album_link_devices")) == 0


async def test_lists_ask_once_for_all_links(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.collections import link_queries as queries

    asked: list[int] = []
    live = queries.live
    monkeypatch.setattr(queries, "live", lambda tx, ids: asked.append(len(ids)) or live(tx, ids))
    for _ in range(3):
        await linked(world, alice)
    asked.clear()
    rows = (await alice.get("/collections/v2")).json()["collections"]
    assert asked == [3]
    assert len({token(u) for c in rows for u in c["publicURLs"]}) == 3
