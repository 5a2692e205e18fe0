"""Memories shared by link: whose photos, for whom, until when."""

from __future__ import annotations

from typing import Any

import pytest

from app.kernel.clock import DAY
from app.memories import service
from app.memories.jobs import forget
from tests.collections.scenes import MAGIC, album, share
from tests.files.photos import body as commit_body
from tests.inprocess import Person, World
from tests.visits.scenes import Visitor

Json = dict[str, Any]


async def photos(world: World, who: Person, n: int = 1) -> tuple[int, list[int]]:
    """(album, files) of new committed photos."""
    cid = await album(who)
    return cid, [int((await who.post("/files", await commit_body(world, who, cid))).json()["id"]) for _ in range(n)]


def body(*file_ids: int, **more: Any) -> Json:
    rows = [{"fileID": f, "encryptedKey": f"a2V5{i}", "keyDecryptionNonce": "bm9uY2U="} for i, f in enumerate(file_ids)]
    return {
        "type": "share", "metadataCipher": "bWV0YQ==", "metadataNonce": "bm9uY2U=", "encryptedKey": "c2VjcmV0", "keyDecryptionNonce": "bm9uY2U=",
        "files": rows, **more,
    }  # fmt: skip


async def memory(who: Person, *file_ids: int) -> Json:
    made: Json = (await who.post("/memory-share", body(*file_ids))).json()["memoryShare"]
    return made


def viewer(world: World, made: Json) -> Visitor:
    return Visitor(world, made["accessToken"])


async def test_it_works(world: World, alice: Person) -> None:
    _, (one, two) = await photos(world, alice, 2)
    await alice.put("/files/magic-metadata", {"metadataList": [{"id": one, "magicMetadata": MAGIC}]})
    made = await memory(alice, two, one)
    assert made["url"] == f"http://darkroom.test/{made['accessToken']}"
    assert (await alice.get(f"/memory-share/{made['id']}")).json() == {"memoryShare": made}
    v = viewer(world, made)
    assert (await v.get("/public-memory/info")).json() == {"memoryShare": made}
    rows = (await v.get("/public-memory/files")).json()["files"]
    assert [(r["file"]["id"], r["position"]) for r in rows] == [(two, 0), (one, 1)]
    f = rows[1]["file"]
    assert (f["encryptedKey"], f["collectionID"], f["isDeleted"]) == ("", 0, False)
    assert "magicMetadata" not in f
    for way in ("download", "preview"):
        assert "/objects/" in (await v.get(f"/public-memory/files/{way}/{one}", expect=307)).headers["location"]
    for way in ("download", "thumbnail"):
        assert "/objects/" in (await v.get(f"/public-memory/files/{way}/v3/{one}")).json()["url"]


async def test_ones_own_are_listed_newest_first(world: World, alice: Person, bob: Person) -> None:
    _, (file_id,) = await photos(world, alice)
    assert (await alice.get("/memory-share")).json() == {"memoryShares": []}
    one = await memory(alice, file_id)
    two = await memory(alice, file_id)
    assert (await alice.get("/memory-share")).json() == {"memoryShares": [two, one]}
    assert (await bob.get("/memory-share")).json() == {"memoryShares": []}
    await bob.get(f"/memory-share/{one['id']}", expect=403)
    await bob.delete(f"/memory-share/{one['id']}", expect=404)
    await alice.get("/memory-share/x", expect=400)


async def test_deleted_is_gone_at_once(world: World, alice: Person) -> None:
    _, (file_id,) = await photos(world, alice)
    made = await memory(alice, file_id)
    v = viewer(world, made)
    await v.get("/public-memory/info")
    assert (await alice.delete(f"/memory-share/{made['id']}")).json() == {}
    for path in ("info", "files", f"files/download/{file_id}", f"files/download/v3/{file_id}"):
        assert (await v.get(f"/public-memory/{path}", expect=410)).json() == {"error": "memory share is deleted"}
    await alice.get(f"/memory-share/{made['id']}", expect=404)
    await alice.delete(f"/memory-share/{made['id']}", expect=404)


async def test_it_is_over_after_a_week_and_what_it_showed_is_forgotten(world: World, alice: Person) -> None:
    _, (file_id,) = await photos(world, alice)
    made = await memory(alice, file_id)
    world.clock.advance(7 * DAY)
    assert (await viewer(world, made).get("/public-memory/info", expect=410)).json() == {"error": "expired token"}
    assert (await alice.get("/memory-share")).json() == {"memoryShares": []}
    await alice.get(f"/memory-share/{made['id']}", expect=404)
    await forget(world.kernel)
    assert await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM memory_share_files")) == 0


async def test_what_does_not_fit(world: World, alice: Person, bob: Person) -> None:
    _, (one, two) = await photos(world, alice, 2)
    _, (foreign,) = await photos(world, bob)
    good = body(one, two)
    first, second = good["files"]
    for bad in (
        {**good, "type": "party"}, {**good, "files": []}, {**good, "files": None}, {**good, "encryptedKey": ""}, {**good, "keyDecryptionNonce": ""},
        {**good, "files": [first, first]}, {**good, "files": [{**first, "position": -1}]}, {**good, "files": [first, {**second, "fileID": 99}]},
        {**good, "files": [{**first, "position": 3}, {**second, "position": 3}]}, {**good, "files": [{**first, "encryptedKey": ""}]},
        body(*range(1, 102)),
    ):  # fmt: skip
        await alice.post("/memory-share", bad, expect=400)
    await alice.post("/memory-share", body(one, foreign), expect=403)
    assert (await alice.get("/memory-share")).json() == {"memoryShares": []}


async def test_only_its_photos_can_be_fetched(world: World, alice: Person) -> None:
    _, (one, two) = await photos(world, alice, 2)
    v = viewer(world, await memory(alice, one))
    for path in ("download", "preview"):
        for file_id, status in ((two, 404), (99, 404), ("first", 400)):
            await v.get(f"/public-memory/files/{path}/{file_id}", expect=status)
    for path in ("download", "thumbnail"):
        assert (await v.get(f"/public-memory/files/{path}/v3/{two}", expect=400)).json()["code"] == "NOT_FOUND"
    await v.get(f"/public-memory/file-data?fileID={two}&type=vid_preview", expect=404)
    await v.get(f"/public-memory/file-data?fileID={one}&type=vid_preview", expect=404)
    await v.get(f"/public-memory/file-data?fileID={one}&type=vid_preview&preferNoContent=true", expect=204)
    await v.get(f"/public-memory/file-data?fileID={one}&type=mldata", expect=400)
    await v.get(f"/public-memory/files/data/preview?fileID={one}&type=vid_preview", expect=404)


async def test_a_photo_leaves_with_its_album_and_with_the_right_to_read_it(world: World, alice: Person, bob: Person) -> None:
    cid, (one, two) = await photos(world, alice, 2)
    await share(alice, cid, bob)
    bobs, own = viewer(world, await memory(bob, one, two)), viewer(world, await memory(alice, one, two))
    await bobs.get(f"/public-memory/files/download/{one}", expect=307)
    await alice.post("/files/trash", {"items": [{"fileID": two, "collectionID": cid}]})
    for v in (bobs, own):
        assert [r["file"]["id"] for r in (await v.get("/public-memory/files")).json()["files"]] == [one]
        await v.get(f"/public-memory/files/download/{two}", expect=404)
    await alice.post("/collections/unshare", {"collectionID": cid, "email": bob.email})
    assert (await bobs.get("/public-memory/files")).json() == {"files": []}
    await bobs.get(f"/public-memory/files/download/{one}", expect=404)
    await own.get(f"/public-memory/files/download/{one}", expect=307)


async def test_who_has_no_token_or_another_kind(world: World, alice: Person) -> None:
    cid, (file_id,) = await photos(world, alice)
    made = await memory(alice, file_id)
    link = (await alice.post("/collections/share-url", {"collectionID": cid})).json()["result"]["url"].rpartition("=")[2]
    for path in ("info", "files", f"files/download/{file_id}"):
        assert (await world.anon().get(f"/public-memory/{path}", expect=401)).json() == {"error": "missing accessToken", "context": "memory_share"}
        assert (await Visitor(world, link).get(f"/public-memory/{path}", expect=401)).json() == {"error": "invalid token"}
    await viewer(world, made).get("/public-collection/info", expect=401)
    await viewer(world, made).get("/file-link/info", expect=401)


async def test_a_person_shares_no_more_than_the_bound_and_it_ends_with_the_account(
    world: World, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", 1)
    _, (file_id,) = await photos(world, alice)
    made = await memory(alice, file_id)
    await alice.post("/memory-share", body(file_id), expect=429)
    await world.kernel.db.write("t", service.forget_person, alice.user_id, world.clock.now())
    await viewer(world, made).get("/public-memory/info", expect=410)
    rows = await world.kernel.db.read(lambda tx: tx.all("SELECT * FROM memory_shares"))
    assert made["accessToken"] not in str(rows)
