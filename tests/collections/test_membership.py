"""Files in albums: add, move, restore, remove, suggest; and the requests that come of it (collections.md §3, §4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.collections.scenes import album, diff, items, live, photo, share, version
from tests.inprocess import LOCKER, Person, World

UNKNOWN = 1 << 52


async def add(who: Person, cid: int, *ids: int, **kw: Any) -> Any:
    return await who.post("/collections/add-files", {"collectionID": cid, "files": items(*ids)}, **kw)


async def move(who: Person, src: int, dst: int, *ids: int, **kw: Any) -> Any:
    return await who.post("/collections/move-files", {"fromCollectionID": src, "toCollectionID": dst, "files": items(*ids)}, **kw)


async def restore(who: Person, cid: int, *ids: int, **kw: Any) -> Any:
    return await who.post("/collections/restore-files", {"collectionID": cid, "files": items(*ids)}, **kw)


async def remove(who: Person, cid: int, *ids: int, **kw: Any) -> Any:
    return await who.post("/collections/v3/remove-files", {"collectionID": cid, "fileIDs": list(ids)}, **kw)


async def suggest(who: Person, cid: int, *ids: int, **kw: Any) -> Any:
    return await who.post("/collections/suggest-delete", {"collectionID": cid, "fileIDs": list(ids)}, **kw)


async def trash(who: Person, cid: int, *ids: int, **kw: Any) -> Any:
    return await who.post("/files/trash", {"items": [{"fileID": i, "collectionID": cid} for i in ids]}, **kw)


async def actions(who: Person, kind: str = "pending-remove", query: str = "") -> list[dict[str, Any]]:
    r = (await who.get(f"/collection-actions/{kind}{query}")).json()
    assert r["hasMore"] is False
    rows: list[dict[str, Any]] = r["actions"]
    return rows


async def test_adding(world: World, alice: Person) -> None:
    a, b = await album(alice), await album(alice)
    (f,) = await photo(world, alice, a)
    assert (await add(alice, b, f)).content == b""
    (row,) = await diff(alice, b)
    assert (row["id"], row["collectionID"], row["encryptedKey"]) == (f, b, "a2V5")
    await add(alice, b, f)
    (again,) = await diff(alice, b)
    assert again["updationTime"] > row["updationTime"]
    assert again["collectionAddedAt"] == row["collectionAddedAt"]
    assert await version(alice, b) >= again["updationTime"]


async def test_a_collaborators_photo_stays_the_collaborators(world: World, alice: Person, bob: Person) -> None:
    cid, his = await album(alice), await album(bob)
    (f,) = await photo(world, bob, his)
    await share(alice, cid, bob)
    await add(bob, cid, f, expect=403)
    await share(alice, cid, bob, "COLLABORATOR")
    await add(bob, cid, f)
    (row,) = await diff(alice, cid)
    assert (row["ownerID"], row["collectionOwnerID"]) == (bob.user_id, alice.user_id)
    found = (await alice.get(f"/collections/file?collectionID={cid}&fileID={f}")).json()["file"]
    assert found["id"] == f  # museum refuses the album's owner here


async def test_add_refusals(world: World, alice: Person, bob: Person) -> None:
    a, b, his = await album(alice), await album(alice), await album(bob)
    (f,), (g,) = await photo(world, alice, a), await photo(world, bob, his)
    for ids, status in (((), 400), ((f, f), 400), ((UNKNOWN,), 400), ((f, UNKNOWN), 400), ((g,), 403), ((f, g), 403)):
        await add(alice, b, *ids, expect=status)
    await add(alice, UNKNOWN, f, expect=404)
    await add(alice, his, f, expect=404)
    await alice.post("/collections/add-files", {"collectionID": b, "files": items(*range(1, 1002))}, expect=413)
    for bad in ({"id": f}, {"id": f, "encryptedKey": "x"}, {"id": f, "encryptedKey": "", "keyDecryptionNonce": "y"}):
        await alice.post("/collections/add-files", {"collectionID": b, "files": [bad]}, expect=400)
    locker = await world.in_app(alice, LOCKER)
    theirs = await album(locker)
    await add(alice, theirs, f, expect=400)
    await move(alice, a, theirs, f, expect=400)
    assert await live(alice, b) == set()


async def test_moving(world: World, alice: Person, bob: Person) -> None:
    a, b, his = await album(alice), await album(alice), await album(bob)
    f, g = await photo(world, alice, a, 2)
    (h,) = await photo(world, bob, his)
    va, vb = await version(alice, a), await version(alice, b)
    assert (await move(alice, a, b, f)).content == b""
    (gone,), (came,) = await diff(alice, a, va), await diff(alice, b, vb)
    assert gone["id"] == came["id"] == f
    assert gone["isDeleted"] is True
    assert gone["updationTime"] == came["updationTime"]
    assert await live(alice, a) == {g}
    await move(alice, a, b, f)  # a repeated request is harmless
    assert await live(alice, b) == {f}
    await move(alice, a, a, g, expect=400)
    await move(alice, a, b, expect=400)
    await move(alice, a, b, h, expect=403)
    await move(alice, a, his, g, expect=403)
    await move(alice, his, a, h, expect=403)
    await move(alice, a, UNKNOWN, g, expect=404)
    assert await live(alice, a) == {g}


async def test_restoring(world: World, alice: Person, bob: Person) -> None:
    a, b, his = await album(alice), await album(alice), await album(bob)
    f, g = await photo(world, alice, a, 2)
    (h,) = await photo(world, bob, his)
    await trash(alice, a, f)
    await trash(bob, his, h)
    for ids, status in (((g,), 400), ((f, g), 400), ((f, f), 400), ((UNKNOWN,), 404), ((h,), 403)):
        await restore(alice, b, *ids, expect=status)
    await restore(alice, his, f, expect=403)
    before = await version(alice, b)
    await restore(alice, b, f)
    assert await live(alice, b) == {f}
    assert await live(alice, a) == {g}
    (row,) = await diff(alice, b, before)
    assert row["updationTime"] <= await version(alice, b)
    await restore(alice, b, f, expect=400)
    before = await version(alice, b)
    await restore(alice, b)
    assert await version(alice, b) > before


async def test_what_is_in_the_trash_can_not_be_added_or_moved(world: World, alice: Person) -> None:
    a, b = await album(alice), await album(alice)
    f, g = await photo(world, alice, a, 2)
    await trash(alice, a, f)
    for call in (add(alice, b, g, f, expect=409), move(alice, a, b, g, f, expect=409)):
        assert (await call).json()["code"] == "FILE_IN_TRASH"
    assert await live(alice, a) == {g}
    assert await live(alice, b) == set()


async def test_removing_by_role(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid, his, hers = await album(alice), await album(bob), await album(carol)
    (f,), (g, g2), (h,) = await photo(world, alice, cid), await photo(world, bob, his, 2), await photo(world, carol, hers)
    await share(alice, cid, bob, "COLLABORATOR")
    await share(alice, cid, carol, "ADMIN")
    await add(bob, cid, g, g2)
    await add(carol, cid, h)
    await remove(bob, cid, g, h, expect=403)
    await remove(bob, cid, g, f, expect=400)
    await remove(alice, cid, f, g, expect=400)
    await remove(alice, cid, UNKNOWN, expect=400)
    await remove(alice, cid, g, UNKNOWN, expect=400)
    await remove(alice, UNKNOWN, g, expect=404)
    assert await live(alice, cid) == {f, g, g2, h}
    before = await version(alice, cid)
    await remove(alice, cid)
    assert await version(alice, cid) == before
    await remove(bob, cid, g)
    await remove(alice, cid, g2, h)
    assert await live(alice, cid) == {f}
    before = await version(alice, cid)
    await remove(alice, cid, g)  # gone already
    assert await version(alice, cid) == before
    assert await live(bob, his) == {g, g2}
    await alice.post("/collections/v3/remove-files", {"collectionID": cid, "fileIDs": list(range(1, 1002))}, expect=413)
    await alice.post("/collections/v3/remove-files", {"collectionID": cid}, expect=400)


async def test_an_admin_asks_the_owner(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid, away = await album(alice), await album(alice, "uncategorized")
    f, g = await photo(world, alice, cid, 2)
    await share(alice, cid, bob, "ADMIN")
    await share(alice, cid, carol)
    before = await version(alice, cid)
    await remove(bob, cid, f)
    (row,) = await diff(alice, cid, before)
    assert (row["isDeleted"], row["action"], row["actionUser"]) == (False, "REMOVE", bob.user_id)
    for who in (bob, carol):
        (seen,) = await diff(who, cid, before)
        assert seen["isDeleted"] is True
        assert not {"action", "actionUser", "magicMetadata"} & set(seen)
        await who.get(f"/collections/file?collectionID={cid}&fileID={f}", expect=404)
    (a,) = await actions(alice)
    assert a["id"].startswith("cact_")
    assert (a["userID"], a["actorUserID"], a["collectionID"], a["fileID"], a["action"], a["isPending"]) == (
        alice.user_id, bob.user_id, cid, f, "REMOVE", True,
    )  # fmt: skip
    assert await actions(bob) == []
    before = await version(alice, cid)
    await remove(bob, cid, f)  # asked already
    assert await version(alice, cid) == before
    await remove(bob, cid, g)
    assert [x["fileID"] for x in await actions(alice, query=f"?sinceTime={a['updatedAt']}")] == [g]
    await move(alice, cid, away, f)
    assert [x["fileID"] for x in await actions(alice)] == [g]
    await add(alice, cid, g)  # the owner keeps it
    assert await actions(alice) == []
    assert await live(carol, cid) == {g}
    await remove(bob, cid, g)
    assert [x["fileID"] for x in await actions(alice)] == [g]
    assert [x["fileID"] for x in await actions(alice, query="?sinceTime=")] == [g]
    await alice.get("/collection-actions/pending-remove?sinceTime=x", expect=400)


async def test_suggestions(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid, his = await album(alice), await album(bob)
    (f,), (g, h) = await photo(world, alice, cid), await photo(world, bob, his, 2)
    await share(alice, cid, bob, "COLLABORATOR")
    await share(alice, cid, carol, "ADMIN")
    await add(bob, cid, g, h)
    await suggest(bob, cid, f, expect=403)
    await suggest(alice, cid, f, expect=403)
    await suggest(alice, cid, UNKNOWN, expect=400)
    await suggest(alice, cid, g)
    await suggest(alice, cid, g)  # gone from the album: nothing more to suggest
    await suggest(carol, cid, h, f)
    got = {a["fileID"]: a for a in await actions(bob, "delete-suggestions")}
    assert set(got) == {g, h}
    assert got[g]["actorUserID"] == alice.user_id
    assert got[h]["action"] == "DELETE_SUGGESTED"
    assert [a["fileID"] for a in await actions(alice, "delete-suggestions")] == [f] == [a["fileID"] for a in await actions(alice)]
    await add(bob, cid, g)
    await suggest(alice, cid, g)
    assert len(await actions(bob, "delete-suggestions")) == 2  # one per file, renewed
    assert (await alice.post("/collection-actions/reject-delete-suggestions", {"fileIDs": [g]})).json() == {"updated": 0}
    assert (await bob.post("/collection-actions/reject-delete-suggestions", {"fileIDs": [g, UNKNOWN]})).json() == {"updated": 1}
    await trash(bob, his, h)
    assert await actions(bob, "delete-suggestions") == []
    await restore(bob, his, h)
    assert await actions(bob, "delete-suggestions") == []
    for ids in ([], list(range(1, 2002)), None):
        await bob.post("/collection-actions/reject-delete-suggestions", {"fileIDs": ids}, expect=400)


async def test_looking_up_one_file(world: World, alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    f, g = await photo(world, alice, cid, 2)
    await share(alice, cid, bob)
    for who in (alice, bob):
        r = (await who.get(f"/collections/file?collectionID={cid}&fileID={f}")).json()
        assert set(r) == {"file"}
        assert r["file"]["collectionID"] == cid
    await carol.get(f"/collections/file?collectionID={cid}&fileID={f}", expect=403)
    await trash(alice, cid, g)
    for missing in (g, UNKNOWN):
        r = await alice.get(f"/collections/file?collectionID={cid}&fileID={missing}", expect=404)
        assert r.json()["code"] == "FILE_NOT_FOUND_IN_ALBUM"
    for nowhere in (UNKNOWN, 0):
        r = await carol.get(f"/collections/file?collectionID={nowhere}&fileID={f}", expect=404)
        assert r.json()["code"] == "FILE_NOT_FOUND_IN_ALBUM"
    await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=false")
    r = await alice.get(f"/collections/file?collectionID={cid}&fileID={f}", expect=404)
    assert r.json()["code"] == "FILE_NOT_FOUND_IN_ALBUM"
    await carol.get(f"/collections/file?collectionID={cid}&fileID={f}", expect=403)


async def test_trash_and_add_at_once_end_in_one_place(world: World, alice: Person) -> None:
    """collections.md §18.2, 14: museum leaves photos in the album and in the trash."""
    for _ in range(4):
        src, dst = await album(alice), await album(alice)
        ids = await photo(world, alice, src, 30)
        await asyncio.gather(add(alice, dst, *ids, expect=(200, 409)), trash(alice, src, *ids))
        rows = (await alice.get("/trash/v2/diff?sinceTime=0")).json()["diff"]
        in_trash = {t["file"]["id"] for t in rows if not t["isRestored"]}
        assert set(ids) <= in_trash
        assert not in_trash & (await live(alice, src) | await live(alice, dst))


async def test_someone_put_out_while_adding_leaves_nothing_behind(world: World, alice: Person, bob: Person) -> None:
    for _ in range(4):
        cid, his = await album(alice), await album(bob)
        ids = await photo(world, bob, his, 30)
        await share(alice, cid, bob, "COLLABORATOR")
        out = alice.post("/collections/unshare", {"collectionID": cid, "email": bob.email})
        await asyncio.gather(add(bob, cid, *ids, expect=(200, 404)), out)
        assert await live(alice, cid) == set()


@pytest.mark.parametrize("n", [10, 1000])
async def test_a_batch_costs_the_same_number_of_statements(world: World, alice: Person, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    original = type(world.kernel.db).write

    async def counting(self: Any, name: str, fn: Any, *args: Any, **kwargs: Any) -> Any:
        def wrapped(tx: Any, *a: Any, **k: Any) -> Any:
            try:
                return fn(tx, *a, **k)
            finally:
                counts.append(tx.statements)

        return await original(self, name, wrapped, *args, **kwargs)

    a, b, cid = await album(alice), await album(alice), await album(alice)
    ids = await photo(world, alice, a, n)
    monkeypatch.setattr(type(world.kernel.db), "write", counting)
    await add(alice, b, *ids)
    await move(alice, b, cid, *ids)
    await trash(alice, a, *ids)
    await restore(alice, a, *ids)
    assert len(counts) == 4
    assert max(counts) <= 16, counts
