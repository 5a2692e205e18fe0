"""POST /files: the reply, what the album shows, every refusal, repetition (files.md §3.1, §3.2)."""

from __future__ import annotations

import pytest

from tests.files import photos
from tests.files.photos import UNKNOWN, changed
from tests.inprocess import LOCKER, Person, World


async def test_the_reply_is_the_request_completed(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    ask = await photos.body(world, alice, album, pubMagicMetadata=photos.MAGIC, magicMetadata={**photos.MAGIC, "version": 7})
    made = (await alice.post("/files", ask)).json()
    assert made == {
        **ask,
        "id": made["id"],
        "ownerID": alice.user_id,
        "collectionOwnerID": None,
        "metadata": {**ask["metadata"], "size": 0},
        "isDeleted": False,
        "updationTime": made["updationTime"],
        "info": {"fileSize": 1000, "thumbSize": 100},
    }
    assert made["id"] >= 10_000_000
    (row,) = await photos.diff(alice, album)
    assert row["updationTime"] == made["updationTime"] == row["collectionAddedAt"] == await photos.version(alice, album)
    assert row["encryptedKey"] == ask["encryptedKey"]
    assert row["file"] == {"decryptionHeader": ask["file"]["decryptionHeader"], "size": 0}
    assert row["pubMagicMetadata"] == photos.MAGIC
    assert row["magicMetadata"]["version"] == 7
    assert await photos.used(world, alice) == (1100, 1)


async def test_sizes_are_optional_and_server_fields_ignored(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    ask = await photos.body(world, alice, album)
    ask = {**changed(ask, file__size=None, thumbnail__size=0), "ownerID": 5, "updationTime": 7, "isDeleted": True, "info": {"fileSize": 1}, "x": []}
    made = (await alice.post("/files", ask)).json()
    assert made["info"] == {"fileSize": 1000, "thumbSize": 100}
    row = await photos.entry(alice, album, made["id"])
    assert (row["ownerID"], row["isDeleted"], row["info"]["fileSize"]) == (alice.user_id, False, 1000)
    assert row["updationTime"] > 7


async def test_texts_come_back_unchanged(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    ask = await photos.body(world, alice, album)
    ask = changed(ask, encryptedKey="bm90K2J4LwA", keyDecryptionNonce="a-_b", metadata__encryptedData='é "<&', metadata__decryptionHeader="x")
    made = (await alice.post("/files", ask)).json()
    row = await photos.entry(alice, album, made["id"])
    assert (row["encryptedKey"], row["keyDecryptionNonce"], row["metadata"]["encryptedData"]) == ("bm90K2J4LwA", "a-_b", 'é "<&')


async def test_the_same_commit_again_is_the_same_file(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    world.clock.advance(1_000_000)
    again = (await alice.post("/files", made["request"])).json()
    assert again == {k: v for k, v in made.items() if k != "request"}
    assert len(await photos.diff(alice, album)) == 1
    assert await photos.used(world, alice) == (1100, 1)
    assert await photos.version(alice, album) == made["updationTime"]


async def test_a_repetition_needs_no_space(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    await world.kernel.db.write("test.quota", lambda tx: tx.run("UPDATE users SET quota = 1"))
    assert (await alice.post("/files", made["request"])).json()["id"] == made["id"]


async def test_used_objects_with_other_content_are_refused(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    ask = made["request"]
    other = await photos.body(world, alice, album)
    for wrong in (
        changed(ask, file__decryptionHeader="x"),
        changed(ask, thumbnail__decryptionHeader="x"),
        changed(ask, metadata__encryptedData="x"),
        changed(ask, metadata__decryptionHeader="x"),
        changed(other, thumbnail=ask["thumbnail"]),
        changed(other, file=ask["file"]),
        changed(ask, file=ask["thumbnail"], thumbnail=ask["file"]),
    ):
        assert (await alice.post("/files", wrong, expect=400)).json() == {}
    assert [f["id"] for f in await photos.diff(alice, album)] == [made["id"]]
    assert (await alice.post("/files", other)).json()["id"] != made["id"]
    assert await photos.used(world, alice) == (2200, 2)


async def test_objects_of_a_deleted_file_are_refused(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    await photos.purge(alice, made["id"], album)
    await alice.post("/files", made["request"], expect=400)
    assert await photos.used(world, alice) == (0, 0)


async def test_missing_or_wrong_fields_are_refused(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    ask = await photos.body(world, alice, album)
    gone = (
        "encryptedKey", "keyDecryptionNonce", "file", "thumbnail", "metadata", "file__decryptionHeader", "thumbnail__decryptionHeader",
        "metadata__decryptionHeader", "file__objectKey", "thumbnail__objectKey",
    )  # fmt: skip
    cases = [changed(ask, **{field: None}) for field in gone]
    cases += [changed(ask, encryptedKey=""), changed(ask, file__decryptionHeader=""), changed(ask, file__size="12"), changed(ask, file__size=1 << 70)]
    cases += [{**ask, kind: {**photos.MAGIC, k: v}} for kind in ("magicMetadata", "pubMagicMetadata")
              for k, v in (("version", 0), ("count", 0), ("data", ""), ("header", ""))]  # fmt: skip
    cases += [{**ask, "pubMagicMetadata": {}}, {}, {"file": None}, changed(ask, thumbnail=ask["file"])]
    for wrong in cases:
        assert (await alice.post("/files", wrong, expect=400)).json() == {}
    assert (await alice.post("/files", [], expect=400)).json() == {}
    assert await photos.diff(alice, album) == []
    assert await photos.used(world, alice) == (0, 0)


async def test_wrong_sizes_are_refused(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    ask = await photos.body(world, alice, album)
    for wrong in (changed(ask, file__size=999), changed(ask, file__size=1001), changed(ask, thumbnail__size=1), changed(ask, file__size=-1)):
        assert (await alice.post("/files", wrong, expect=400)).json() == {}
    assert await photos.used(world, alice) == (0, 0)
    await alice.post("/files", ask)


async def test_objects_of_somebody_else_are_refused(world: World, alice: Person, bob: Person) -> None:
    hers = await photos.body(world, alice, await photos.album(alice))
    album = await photos.album(bob)
    his = await photos.body(world, bob, album)
    for part in ("file", "thumbnail"):
        wrong = changed(his, **{f"{part}__objectKey": hers[part]["objectKey"]})
        assert (await bob.post("/files", wrong, expect=400)).json() == {}
    assert await photos.diff(bob, album) == []
    await alice.post("/files", hers)


async def test_keys_that_were_not_issued_or_have_no_bytes(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    ask = await photos.body(world, alice, album)
    invented = f"{alice.user_id}/00000000-0000-4000-8000-000000000000"
    empty = world.kernel.crypto.mint_key(alice.user_id)
    for part in ("file", "thumbnail"):
        for key in (invented, f"{alice.user_id}/file-data/1/mldata", f"{alice.user_id}/../x"):
            refused = await alice.post("/files", changed(ask, **{f"{part}__objectKey": key}), expect=400)
            assert refused.json()["code"] == "BAD_REQUEST"
        refused = await alice.post("/files", changed(ask, **{f"{part}__objectKey": empty}), expect=503)
        assert refused.json() == {"code": "OBJECT_SIZE_FETCH_FAILED", "message": ""}
    assert await photos.used(world, alice) == (0, 0)


async def test_albums_that_cannot_take_it(world: World, alice: Person, bob: Person) -> None:
    album, his = await photos.album(alice), await photos.album(bob)
    await photos.share(bob, his, alice, "ADMIN")
    ask = await photos.body(world, alice, album)
    assert (await alice.post("/files", changed(ask, collectionID=UNKNOWN), expect=404)).json() == {}
    assert (await alice.post("/files", changed(ask, collectionID=None), expect=404)).json() == {}
    assert (await alice.post("/files", changed(ask, collectionID=his), expect=403)).json() == {}
    locker = await world.in_app(alice, LOCKER)
    assert (await locker.post("/files", ask, expect=400)).json() == {}
    missing = changed(ask, file__objectKey=world.kernel.crypto.mint_key(alice.user_id), collectionID=UNKNOWN)
    await alice.post("/files", missing, expect=404)  # the album is looked at before the bytes
    await alice.delete(f"/collections/v3/{album}?collectionID={album}&keepFiles=false")
    assert (await alice.post("/files", ask, expect=404)).json()["code"] == "COLLECTION_DELETED"
    assert await photos.used(world, alice) == (0, 0)


async def test_too_large_and_too_much(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    limit = world.kernel.config.quota.max_file
    ask = await photos.body(world, alice, album, size=limit + 1)
    assert (await alice.post("/files", ask, expect=413)).json() == {}
    await world.kernel.db.write("test.quota", lambda tx: tx.run("UPDATE users SET quota = 1000000"))
    free = 1_000_000 + world.kernel.config.quota.tolerance
    await photos.commit(world, alice, album, size=free - 1100, thumb=100)
    assert (await alice.post("/files", await photos.body(world, alice, album, size=901), expect=426)).json() == {}
    await photos.commit(world, alice, album, size=900)
    assert await photos.used(world, alice) == (free, 2)


async def test_an_ended_plan(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    await world.kernel.db.write("test.plan", lambda tx: tx.run("UPDATE users SET plan_ends_at = 5"))
    assert (await alice.post("/files", await photos.body(world, alice, album), expect=402)).json() == {}


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_a_session_is_needed(world: World, alice: Person, token: str | None) -> None:
    album = await photos.album(alice)
    await alice.post("/files", await photos.body(world, alice, album), token=token, expect=401)
    assert await photos.diff(alice, album) == []
