"""Sizes, duplicates, counts (files.md §6), and Locker's files without objects (§4.3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.kernel.config import Config, Locker, Storage
from tests.files import photos
from tests.files.photos import UNKNOWN, Json, changed
from tests.inprocess import LOCKER, Person, World, open_world


async def test_info_in_the_order_asked(world: World, alice: Person, bob: Person) -> None:
    album = await photos.album(alice)
    ids = [(await photos.commit(world, alice, album, size=n, thumb=n + 1))["id"] for n in (10, 20, 30)]
    want = [{"id": i, "fileInfo": {"fileSize": n, "thumbSize": n + 1}} for i, n in zip(reversed(ids), (30, 20, 10), strict=True)]
    assert (await alice.post("/files/info", {"fileIDs": ids[::-1]})).json() == {"filesInfo": want}
    theirs = (await photos.commit(world, bob, await photos.album(bob)))["id"]
    for asked, status in (([UNKNOWN], 400), ([], 400), ([ids[0], ids[0]], 400), ([ids[0], UNKNOWN], 400), ([theirs], 403), ([ids[0], theirs], 403)):
        assert (await alice.post("/files/info", {"fileIDs": asked}, expect=status)).json() == {}
    for body in ({}, {"fileIDs": None}, {"fileIDs": ["1"]}):
        await alice.post("/files/info", body, expect=400)


async def test_size_sums_own_files_and_ignores_others(world: World, alice: Person, bob: Person) -> None:
    album = await photos.album(alice)
    ids = [(await photos.commit(world, alice, album, size=n))["id"] for n in (100, 2000)]
    assert (await alice.post("/files/size", {"fileIDs": [*ids, UNKNOWN]})).json() == {"size": 2100}
    assert (await bob.post("/files/size", {"fileIDs": ids})).json() == {"size": 0}
    assert (await alice.post("/files/size", {"fileIDs": []})).json() == {"size": 0}
    assert (await alice.post("/files/size", {}, expect=400)).json() == {}
    await photos.purge(alice, ids[0], album)
    assert (await alice.post("/files/size", {"fileIDs": ids})).json() == {"size": 2000}


async def test_duplicates_are_files_of_equal_size(world: World, alice: Person, bob: Person) -> None:
    album, his = await photos.album(alice), await photos.album(bob)
    assert (await alice.get("/files/duplicates")).json() == {"duplicates": []}
    a, b, c, d, _ = [(await photos.commit(world, alice, album, size=n))["id"] for n in (500, 500, 900, 900, 501)]
    await photos.commit(world, bob, his, size=501)
    await photos.trash(alice, (a, album))
    want = [{"fileIDs": [c, d], "size": 900}, {"fileIDs": [a, b], "size": 500}]
    assert (await alice.get("/files/duplicates")).json() == {"duplicates": want}
    await photos.purge(alice, a, album)
    assert (await alice.get("/files/duplicates")).json() == {"duplicates": want[:1]}


@pytest.mark.parametrize(
    ("agent", "version", "package", "status"),
    [
        ("ente/0.5.35 (Android 13)", "0.5.35", "io.ente.photos", 426), ("Dart android", "0.0.1", "io.ente.photos.independent", 426),
        ("ente (Android 13)", "0.5.36", "io.ente.photos", 200), ("ente (Android 13)", "0.6.1", "io.ente.photos", 200),
        ("ente (Android 13)", "1.2.40", "io.ente.photos", 200), ("ente (Android 13)", "0.5.35", "io.ente.photos.fdroid", 200),
        ("ente (iOS 17)", "0.5.35", "io.ente.photos", 200), ("ente (Android 13)", "0.5", "io.ente.photos", 200),
    ],
)  # fmt: skip
async def test_very_old_android_builds_must_update_before_they_free_space(alice: Person, agent: str, version: str, package: str, status: int) -> None:
    headers = {"user-agent": agent, "x-client-version": version, "x-client-package": package}
    got = await alice.post("/files/size", {"fileIDs": [1]}, headers=headers, expect=status)
    assert status == 200 or got.content == b""


async def test_the_count_is_public(world: World, alice: Person) -> None:
    anybody = world.anon()
    assert (await anybody.get("/files/count")).json() == {"count": 0}
    made = await photos.commit(world, alice, await photos.album(alice))
    assert (await anybody.get("/files/count")).json() == {"count": made["id"] - 9_522_438}


# --- Locker's files without objects


def note(collection: int) -> Json:
    return {
        "collectionID": collection,
        "encryptedKey": "a2V5",
        "keyDecryptionNonce": "bm9uY2U=",
        "metadata": {"encryptedData": "bWV0YQ==", "decryptionHeader": "aGVhZA=="},
    }


async def test_a_note_has_no_objects_and_no_bytes(world: World, alice: Person) -> None:
    locker = await world.in_app(alice, LOCKER)
    box = await photos.album(locker)
    ask = {**note(box), "pubMagicMetadata": photos.MAGIC}
    made = (await locker.post("/files/meta", ask)).json()
    bare = {"decryptionHeader": "", "size": 0}
    assert made == {
        **ask, "id": made["id"], "ownerID": alice.user_id, "collectionOwnerID": None, "file": bare, "thumbnail": bare,
        "metadata": {**ask["metadata"], "size": 0}, "isDeleted": False, "updationTime": made["updationTime"], "info": {},
    }  # fmt: skip
    row = await photos.entry(locker, box, made["id"])
    assert (row["file"], row["info"], row["pubMagicMetadata"]) == (bare, {}, photos.MAGIC)
    assert row["updationTime"] == await photos.version(locker, box)
    assert await photos.used(world, alice, "locker") == (0, 1)
    assert (await locker.post("/files/size", {"fileIDs": [made["id"]]})).json() == {"size": 0}
    await photos.purge(locker, made["id"], box)
    assert await photos.used(world, alice, "locker") == (0, 0)


async def test_a_note_has_no_content_to_replace(world: World, alice: Person) -> None:
    locker = await world.in_app(alice, LOCKER)
    box = await photos.album(locker)
    made = (await locker.post("/files/meta", note(box))).json()
    ask = await photos.body(world, alice, box)
    await locker.put("/files/update", {**ask, "id": made["id"]}, expect=404)
    await locker.put("/files/thumbnail", {"fileID": made["id"], "thumbnail": ask["thumbnail"]}, expect=404)


async def test_note_refusals(world: World, alice: Person, bob: Person) -> None:
    locker, his = await world.in_app(alice, LOCKER), await world.in_app(bob, LOCKER)
    box, album = await photos.album(locker), await photos.album(alice)
    ask = note(box)
    for wrong in (
        {}, {**ask, "id": 5}, changed(ask, metadata=None), changed(ask, metadata__decryptionHeader=None),
        changed(ask, encryptedKey=None), changed(ask, keyDecryptionNonce=""), {**ask, "collectionID": album},
    ):  # fmt: skip
        assert (await locker.post("/files/meta", wrong, expect=400)).json() == {}
    assert (await locker.post("/files/meta", {**ask, "collectionID": UNKNOWN}, expect=404)).json() == {}
    assert (await his.post("/files/meta", ask, expect=403)).json() == {}
    for body in (ask, note(album)):
        assert (await alice.post("/files/meta", body, expect=400)).json() == {}
    assert await photos.diff(locker, box) == await photos.diff(alice, album) == []


async def test_locker_limits(engine: str, tmp_path: Path) -> None:
    config = Config(
        data_dir=tmp_path, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), locker=Locker(files=2, storage=5000)
    )  # fmt: skip
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        locker = await world.in_app(alice, LOCKER)
        box = await photos.album(locker)
        await locker.post("/files/meta", note(box))
        await locker.post("/files", await photos.body(world, alice, box, size=4900), expect=426)  # reaching it is too much already
        made = await photos.commit(world, locker, box, size=4899)
        refused = await locker.post("/files/meta", note(box), expect=403)
        assert refused.json() == {"code": "FILE_LIMIT_REACHED", "message": "Maximum file limit reached"}
        await photos.trash(locker, (made["id"], box))
        figures = (await locker.get("/users/locker-usage")).json()
        assert [figures[k] for k in ("usedFileCount", "userFileCount", "remainingFileCount", "usedStorage")] == [1, 1, 1, 4999]
        assert (await locker.get("/users/details/v2")).json()["lockerFamilyUsage"] == {"familyFileCount": 1}
        await locker.post("/files/meta", note(box))  # what is in the trash takes up space and no place
        await locker.post("/files/meta", note(box), expect=403)
        await locker.get("/files/upload-eligibility", expect=403)
        await photos.restore(locker, box, made["id"])
        await locker.post("/files/meta", note(box), expect=403)
        assert await photos.used(world, alice, "locker") == (4999, 3)
        assert await photos.used(world, alice) == (0, 0)
