"""Albums of one person: create, list, look up, edit, delete (collections.md §2)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.collections import service
from app.kernel.crypto import b64
from app.trash import service as trash
from tests.collections.scenes import KEY, MAGIC, NONCE, album, diff, items, listed, live, photo, share, version
from tests.inprocess import LOCKER, Person, World

UNKNOWN = 1 << 52


async def test_it_works(alice: Person) -> None:
    body = {"encryptedKey": KEY, "keyDecryptionNonce": NONCE, "encryptedName": "bmFtZQ==", "nameDecryptionNonce": NONCE, "type": "album"}
    made = (await alice.post("/collections", body)).json()["collection"]
    assert made == {
        "id": made["id"],
        "owner": {"id": alice.user_id, "email": "", "name": "", "role": ""},
        "encryptedKey": KEY,
        "keyDecryptionNonce": NONCE,
        "name": "",
        "encryptedName": "bmFtZQ==",
        "nameDecryptionNonce": NONCE,
        "type": "album",
        "attributes": {"version": 0},
        "sharees": None,
        "publicURLs": None,
        "updationTime": made["updationTime"],
        "app": "photos",
    }
    for path in ("/collections", "/collections/v2?sinceTime=0"):
        assert (await alice.get(path)).json() == {"collections": [{**made, "sharees": [], "publicURLs": []}]}
    got = (await alice.get(f"/collections/{made['id']}")).json()["collection"]
    assert got["owner"]["email"] == alice.email


async def test_listing_is_strictly_newer_than_the_cursor(alice: Person) -> None:
    a, b = await album(alice), await album(alice)
    va, vb = await version(alice, a), await version(alice, b)
    assert va < vb
    ids = [c["id"] for c in (await alice.get(f"/collections/v2?sinceTime={va}")).json()["collections"]]
    assert ids == [b]
    assert (await alice.get(f"/collections/v2?sinceTime={vb}")).content == b'{"collections":[]}'
    for query in ("", "?sinceTime=soon", "?sinceTime="):
        assert len((await alice.get(f"/collections/v2{query}")).json()["collections"]) == 2


async def test_v3_has_two_cursors_and_never_splits_a_stamp(world: World, alice: Person, bob: Person) -> None:
    mine, other, third = [await album(bob) for _ in range(3)]
    theirs = await album(alice)
    await share(alice, theirs, bob)
    (f,) = await photo(world, bob, mine)
    await bob.post("/collections/move-files", {"fromCollectionID": mine, "toCollectionID": other, "files": items(f)})  # both get one stamp

    async def ids(query: str) -> tuple[list[int], list[int]]:
        r = (await bob.get(f"/collections/v3?{query}")).json()
        return [c["id"] for c in r["owned"]], [c["id"] for c in r["shared"]]

    assert await ids("") == ([third, mine, other], [theirs])
    assert await ids("limit=2") == ([third], [theirs])
    assert await ids(f"limit=1&sinceTime={await version(bob, third)}") == ([mine, other], [theirs])
    assert await ids(f"sharedSinceTime={await version(bob, theirs)}") == ([third, mine, other], [])
    assert await ids("limit=0") == ([], [])
    await bob.get("/collections/v3?limit=-1", expect=400)


async def test_there_is_one_favorites_album_however_many_ask(alice: Person) -> None:
    for kind in ("favorites", "uncategorized"):
        got = await asyncio.gather(*(album(alice, kind) for _ in range(6)))
        assert len(set(got)) == 1
    body = {"encryptedKey": KEY, "keyDecryptionNonce": NONCE, "type": "favorites"}
    assert (await alice.post("/collections", body)).json()["collection"]["app"] == ""


async def test_each_app_has_its_own_albums(world: World, alice: Person) -> None:
    locker = await world.in_app(alice, LOCKER)
    mine, theirs = await album(alice, "favorites"), await album(locker, "favorites")
    assert mine != theirs
    assert await listed(alice, theirs) is None
    assert (await listed(locker, theirs) or {})["app"] == "locker"


async def test_attributes_metadata_and_the_old_type_name(alice: Person) -> None:
    attributes = {"encryptedPath": "cGF0aA==", "pathDecryptionNonce": NONCE, "version": 1}
    cid = await album(alice, "CollectionType.album", attributes=attributes, magicMetadata=MAGIC, pubMagicMetadata=MAGIC)
    got = await listed(alice, cid)
    assert got is not None
    assert got["type"] == "album"
    assert got["attributes"] == attributes
    assert got["magicMetadata"] == got["pubMagicMetadata"] == MAGIC


@pytest.mark.parametrize(
    "change",
    [
        {"encryptedKey": None},
        {"encryptedKey": ""},
        {"encryptedKey": b64(bytes(47))},
        {"encryptedKey": "%%%"},
        {"keyDecryptionNonce": b64(bytes(12))},
        {"type": ""},
        {"type": "smart"},
        {"type": 7},
        {"magicMetadata": {**MAGIC, "count": 0}},
    ],
)
async def test_unusable_albums_are_refused(alice: Person, change: dict[str, Any]) -> None:
    body = {"encryptedKey": KEY, "keyDecryptionNonce": NONCE, "type": "album", **change}
    assert (await alice.post("/collections", body, expect=400)).json() == {}
    assert (await alice.get("/collections/v2")).json() == {"collections": []}


async def test_an_account_without_keys_has_no_albums(world: World) -> None:
    dave = await world.person("dave", keys=False)
    await dave.post("/collections", {"encryptedKey": KEY, "keyDecryptionNonce": NONCE, "type": "album"}, expect=404)


async def test_unknown_ids(alice: Person) -> None:
    await alice.get(f"/collections/{UNKNOWN}", expect=404)
    await alice.get("/collections/abc", expect=400)
    for cid in (UNKNOWN, "abc"):
        await alice.get(f"/collections/v2/diff?collectionID={cid}", expect=404)
        await alice.get(f"/collections/sharees?collectionID={cid}", expect=404)
    await alice.post("/collections/rename", {"collectionID": UNKNOWN, "encryptedName": "x", "nameDecryptionNonce": "y"}, expect=404)
    for kind in ("magic", "public-magic", "sharee-magic"):
        await alice.put(f"/collections/{kind}-metadata", {"id": UNKNOWN, "magicMetadata": MAGIC}, expect=404)
    await alice.delete(f"/collections/v3/1?collectionID={UNKNOWN}&keepFiles=true", expect=404)


async def test_rename_and_metadata_move_the_version(alice: Person) -> None:
    cid = await album(alice)
    before = await version(alice, cid)
    assert (await alice.post("/collections/rename", {"collectionID": cid, "encryptedName": "bmV3", "nameDecryptionNonce": NONCE})).content == b""
    got = await listed(alice, cid, before)
    assert got is not None
    assert got["encryptedName"] == "bmV3"
    for kind, name in (("magic", "magicMetadata"), ("public-magic", "pubMagicMetadata")):
        for sent in (1, 2, 1):  # a stale version is taken: web clients do not know how to go on after a conflict
            before = await version(alice, cid)
            await alice.put(f"/collections/{kind}-metadata", {"id": cid, "magicMetadata": {**MAGIC, "version": sent}})
            got = await listed(alice, cid, before)
            assert got is not None
            assert got[name] == {**MAGIC, "version": sent + 1}
    for bad in ({**MAGIC, "version": 0}, {**MAGIC, "data": ""}, {}, None, {**MAGIC, "version": (1 << 63) - 1}, {**MAGIC, "count": 1 << 53}):
        await alice.put("/collections/magic-metadata", {"id": cid, "magicMetadata": bad}, expect=400)


async def test_only_the_owner_edits(alice: Person, bob: Person, carol: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob, "ADMIN")
    before = await version(alice, cid)
    for who in (bob, carol):
        await who.post("/collections/rename", {"collectionID": cid, "encryptedName": "x", "nameDecryptionNonce": "y"}, expect=403)
        for kind in ("magic", "public-magic"):
            await who.put(f"/collections/{kind}-metadata", {"id": cid, "magicMetadata": MAGIC}, expect=403)
        await who.delete(f"/collections/v3/1?collectionID={cid}&keepFiles=true", expect=403)
    assert await version(alice, cid) == before


async def test_a_large_album_goes_in_transactions_of_bounded_size(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "TRASHED", 2)
    sizes: list[int] = []
    move_in = trash._move_in

    def noted(tx: Any, kernel: Any, owner_id: int, moved: Any, *more: int) -> None:
        sizes.append(len(moved))
        move_in(tx, kernel, owner_id, moved, *more)

    monkeypatch.setattr(trash, "_move_in", noted)
    cid = await album(alice)
    files = await photo(world, alice, cid, 7)
    await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=false")
    assert sizes == [2, 2, 2, 1]
    assert {t["file"]["id"] for t in (await alice.get("/trash/v2/diff?sinceTime=0")).json()["diff"]} == set(files)
    assert (await alice.get(f"/collections/{cid}")).json()["collection"]["isDeleted"] is True


async def test_deleting_with_files_trashes_the_owners_and_releases_the_others(world: World, alice: Person, bob: Person) -> None:
    cid, other, his = await album(alice), await album(alice), await album(bob)
    f, g = await photo(world, alice, cid, 2)
    (h,) = await photo(world, bob, his)
    await alice.post("/collections/add-files", {"collectionID": other, "files": items(g)})
    await share(alice, cid, bob, "COLLABORATOR")
    await bob.post("/collections/add-files", {"collectionID": cid, "files": items(h)})
    told = (await listed(bob, cid) or {})["updationTime"]
    assert (await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=false")).content == b""
    trash = (await alice.get("/trash/v2/diff?sinceTime=0")).json()["diff"]
    assert {t["file"]["id"] for t in trash} == {f, g}
    assert await live(alice, other) == set()
    assert await live(bob, his) == {h}
    gone = await listed(bob, cid, told)
    assert gone is not None
    assert gone["isDeleted"] is True
    assert gone["owner"]["email"] == ""
    assert gone["sharees"] == gone["publicURLs"] == []
    assert gone["encryptedName"] == "bmFtZQ=="  # a tombstone can still be decrypted
    await bob.get(f"/collections/{cid}", expect=404)
    await bob.get(f"/collections/v2/diff?collectionID={cid}", expect=404)
    assert (await alice.get(f"/collections/{cid}")).json()["collection"]["isDeleted"] is True
    await alice.get(f"/collections/v2/diff?collectionID={cid}", expect=404)
    await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=false")  # again is no error
    await alice.post("/collections/restore-files", {"collectionID": other, "files": items(f)})
    assert await live(alice, other) == {f}


async def test_deleting_and_keeping_files_needs_an_empty_album(world: World, alice: Person) -> None:
    cid, other = await album(alice), await album(alice)
    (f,) = await photo(world, alice, cid)
    path = f"/collections/v3/{cid}?collectionID={cid}&keepFiles=true"
    assert (await alice.delete(path, expect=409)).json()["code"] == "COLLECTION_NOT_EMPTY"
    await alice.post("/collections/move-files", {"fromCollectionID": cid, "toCollectionID": other, "files": items(f)})
    await alice.delete(path)
    assert await live(alice, other) == {f}
    assert (await alice.get("/trash/v2/diff?sinceTime=0")).json()["diff"] == []
    await alice.post("/collections/add-files", {"collectionID": cid, "files": items(f)}, expect=404)
    await alice.post("/collections/move-files", {"fromCollectionID": other, "toCollectionID": cid, "files": items(f)}, expect=404)


async def test_what_can_not_be_deleted(alice: Person) -> None:
    for kind in ("favorites", "uncategorized"):
        cid = await album(alice, kind)
        for keep in ("true", "false"):
            await alice.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles={keep}", expect=400)
    cid = await album(alice)
    for query in ("", f"collectionID={cid}", "keepFiles=true", f"collectionID={cid}&keepFiles=maybe", "collectionID=x&keepFiles=true"):
        await alice.delete(f"/collections/v3/{cid}?{query}", expect=400)
    assert "isDeleted" not in (await alice.get(f"/collections/{cid}")).json()["collection"]


async def test_a_photo_moved_while_its_target_is_deleted_stays_reachable(world: World, alice: Person) -> None:
    """Whichever comes first: it is in the source, or in the target and so its deletion was refused (collections.md §18.2, 15)."""
    for _ in range(5):
        src, dst = await album(alice), await album(alice)
        ids = set(await photo(world, alice, src, 20))
        await asyncio.gather(
            alice.post("/collections/move-files", {"fromCollectionID": src, "toCollectionID": dst, "files": items(*ids)}, expect=(200, 404)),
            alice.delete(f"/collections/v3/{dst}?collectionID={dst}&keepFiles=true", expect=(200, 409)),
        )
        gone = (await alice.get(f"/collections/{dst}")).json()["collection"].get("isDeleted", False)
        assert await live(alice, src) | (set() if gone else await live(alice, dst)) == ids


async def test_the_diff_pages_without_splitting_a_stamp(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kernel.sync.PAGE", 5)
    cid = await album(alice)
    batches = [await photo(world, alice, cid, n) for n in (3, 3, 7, 1)]
    since, seen, pages = 0, [], []
    while True:
        r = (await alice.get(f"/collections/v2/diff?collectionID={cid}&sinceTime={since}")).json()
        pages.append([f["id"] for f in r["diff"]])
        seen += pages[-1]
        assert r["diff"]
        since = r["diff"][-1]["updationTime"]
        if not r["hasMore"]:
            break
    assert seen == [i for b in batches for i in b]
    assert pages == [batches[0], batches[1], batches[2], batches[3]]
    assert await diff(alice, cid, since) == []
