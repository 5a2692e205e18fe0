"""Video previews: from the upload URL to range reads, what may be registered, what never changes (files.md §8.2, §8.3, §8.6)."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from app.filedata import names
from app.kernel.clock import DAY, Ids
from app.kernel.config import Config, Quota, Storage
from app.kernel.crypto import Crypto, Secrets
from app.objects import deletion
from tests.families.scenes import join
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import document, make_file, row, send, share, stored_bytes, uploaded

UNKNOWN = 1


@pytest.fixture
async def video(world: World, alice: Person) -> int:
    file_id = await make_file(world, alice, await uploaded(alice, b"file"))
    await share(world, alice, alice, file_id)  # an album holds it
    return file_id


async def ask_url(person: Person, file_id: object, **query: object) -> Any:
    text = "&".join(f"{k}={v}" for k, v in {"fileID": file_id, "type": "vid_preview", **query}.items())
    return (await person.get(f"/files/data/preview-upload-url?{text}")).json()


def video_body(file_id: int, name: str, size: int, **more: object) -> dict[str, object]:
    return {"fileID": file_id, "objectID": name, "objectSize": size, "playlist": "cGxheWxpc3Q=", "playlistHeader": "aGVhZGVy", **more}


async def register(person: Person, file_id: int, data: bytes) -> tuple[dict[str, str], dict[str, object]]:
    """Upload and register; (the upload, what was registered)."""
    made = await ask_url(person, file_id)
    await send(person, "PUT", made["url"], data, expect=200)
    what = video_body(file_id, made["objectID"], len(data))
    assert (await person.put("/files/video-data", what)).json() == {}
    return made, what


async def preview(person: Person, file_id: int, expect: int = 200) -> Any:
    return (await person.get(f"/files/data/preview?fileID={file_id}&type=vid_preview", expect=expect)).json()


async def test_it_works(world: World, alice: Person, video: int) -> None:
    assert (await preview(alice, video, 404))["code"] == "NOT_FOUND"
    made, what = await register(alice, video, b"0123456789")
    assert made["objectID"].startswith("pv_")
    assert len(made["objectID"]) == 25
    got = (await alice.get(f"/files/data/fetch?fileID={video}&type=vid_preview")).json()["data"]
    assert (got["encryptedData"], got["decryptionHeader"]) == (what["playlist"], what["playlistHeader"])
    assert (await alice.post("/files/data/fetch", {"type": "vid_preview", "fileIDs": [video]})).json()["data"] == [got]
    url = (await preview(alice, video))["url"]
    assert (await send(alice, "GET", url, Range="bytes=2-4", expect=206)).content == b"234"
    (status,) = (await alice.post("/files/data/status-diff", {"lastUpdatedAt": 0})).json()["diff"]
    assert (status["objectID"], status["type"]) == (made["objectID"], "vid_preview")
    assert status["size"] > 10


async def test_in_parts(world: World, alice: Person, video: int) -> None:
    made = await ask_url(alice, video, isMultiPart="true", count=2)
    assert set(made) == {"objectID", "partURLs", "completeURL"}
    tags = [(await send(alice, "PUT", url, d, expect=200)).headers["etag"] for url, d in zip(made["partURLs"], (b"one", b"two"), strict=True)]
    await send(alice, "POST", made["completeURL"], document(tags), expect=200)
    await alice.put("/files/video-data", video_body(video, made["objectID"], 6))
    assert (await send(alice, "GET", (await preview(alice, video))["url"], expect=200)).content == b"onetwo"


async def test_the_same_again_changes_nothing(world: World, alice: Person, video: int) -> None:
    made, what = await register(alice, video, b"12345")
    (before,) = (await alice.post("/files/data/status-diff", {"lastUpdatedAt": 0})).json()["diff"]
    assert (await alice.put("/files/video-data", {**what, "playlist": "b3RoZXI="})).json() == {}
    assert (await alice.post("/files/data/status-diff", {"lastUpdatedAt": before["updatedAt"]})).json() == {"diff": None}
    assert (await alice.get(f"/files/data/fetch?fileID={video}&type=vid_preview")).json()["data"]["encryptedData"] == what["playlist"]
    await send(alice, "PUT", made["url"], b"other bytes", expect=409)
    assert (await send(alice, "GET", (await preview(alice, video))["url"], expect=200)).content == b"12345"


async def test_the_same_twice_at_once(world: World, alice: Person, video: int) -> None:
    made = await ask_url(alice, video)
    await send(alice, "PUT", made["url"], b"12345", expect=200)
    await asyncio.gather(*(alice.put("/files/video-data", video_body(video, made["objectID"], 5)) for _ in range(4)))
    assert len((await alice.post("/files/data/status-diff", {"lastUpdatedAt": 0})).json()["diff"]) == 1
    pending = await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM objects WHERE state = 'pending'"))
    assert pending == 0


async def test_a_new_preview_replaces_the_old_one_and_its_bytes_go(world: World, alice: Person, video: int) -> None:
    await register(alice, video, b"first")
    world.clock.advance(2 * DAY)  # the second within a day would go at once
    old = (await preview(alice, video))["url"]
    await register(alice, video, b"second")
    assert (await send(alice, "GET", (await preview(alice, video))["url"], expect=200)).content == b"second"
    assert (await send(alice, "GET", old, expect=200)).content == b"first"  # whoever is playing it may finish
    key = old.split("/objects/")[1].split("?")[0]
    world.clock.advance(7 * DAY)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) is None
    assert (await send(alice, "GET", (await preview(alice, video))["url"], expect=200)).content == b"second"


async def test_what_cannot_be_registered(world: World, alice: Person, bob: Person, video: int) -> None:
    made = await ask_url(alice, video)
    good = video_body(video, made["objectID"], 5)
    assert (await alice.put("/files/video-data", good, expect=404)).json() == {}  # the bytes never came
    await send(alice, "PUT", made["url"], b"12345", expect=200)
    for change in ({"objectSize": 0}, {"playlist": ""}, {"playlistHeader": ""}, {"objectID": ""}, {"fileID": 0}, {"objectSize": "5"}):
        refused = (await alice.put("/files/video-data", {**good, **change}, expect=400)).json()
        assert refused == {"code": "BAD_REQUEST", "message": "invalid request body"}
    other = await make_file(world, alice, await uploaded(alice, b"other"))
    await share(world, alice, alice, other)
    for change in ({"objectSize": 4}, {"objectSize": -1}, {"objectID": "pv_" + "a" * 22}, {"objectID": "pv_" + "z" * 22}, {"objectID": "x"},
                   {"objectID": made["objectID"] + "0"}, {"objectID": "pi_" + made["objectID"][3:]}, {"fileID": other},
                   {"fileID": UNKNOWN}):  # fmt: skip
        assert (await alice.put("/files/video-data", {**good, **change}, expect=400)).json() == {}
    await share(world, alice, bob, video)
    assert (await bob.put("/files/video-data", good, expect=403)).json() == {}
    await preview(alice, video, 404)
    left = await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM objects WHERE state = 'pending'"))
    assert left == 1  # the blob alone: no playlist of a refused request stays
    await alice.put("/files/video-data", good)


async def test_upload_url_refusals(world: World, alice: Person, bob: Person, video: int) -> None:
    async def ask(person: Person, status: int, **query: object) -> Any:
        text = "&".join(f"{k}={v}" for k, v in {"fileID": video, "type": "vid_preview", **query}.items())
        return (await person.get(f"/files/data/preview-upload-url?{text}", expect=status)).json()

    assert (await ask(alice, 400, type="mldata"))["code"] == "BAD_REQUEST"
    for query in ({"type": ""}, {"fileID": ""}, {"fileID": "x"}, {"fileID": UNKNOWN}, {"isMultiPart": "maybe"}):
        assert await ask(alice, 400, **query) == {}
    for count in ({}, {"count": 0}, {"count": 10_001}, {"count": "x"}):
        assert (await ask(alice, 400, isMultiPart="true", **count))["code"] == "BAD_REQUEST"
    await share(world, alice, bob, video)
    assert await ask(bob, 403) == {}
    for off in ("", "false", "0"):
        assert (await ask(alice, 200, type="img_preview", isMultiPart=off))["objectID"].startswith("pi_")
    await world.kernel.db.write("test.trash", lambda tx: tx.run("UPDATE collection_files SET is_deleted = TRUE"))
    assert await ask(alice, 404) == {}
    await alice.put("/files/video-data", video_body(video, "pv_" + "a" * 22, 5), expect=404)


async def test_who_may_watch(world: World, alice: Person, bob: Person, carol: Person, video: int) -> None:
    await register(alice, video, b"12345")
    await share(world, alice, bob, video)
    assert (await preview(bob, video))["url"]
    assert await preview(carol, video, 403) == {}
    assert (await preview(alice, UNKNOWN, 404))["code"] == "NOT_FOUND"
    for query in (f"fileID={video}&type=mldata", f"fileID={video}", "type=vid_preview", "fileID=x&type=vid_preview"):
        assert (await alice.get(f"/files/data/preview?{query}", expect=400)).json()["code"] == "BAD_REQUEST"


async def test_derived_data_has_a_bound_of_its_own(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", quota=Quota(default=1000, tolerance=0), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        files = [await make_file(world, alice, await uploaded(alice, b"%d" % n)) for n in range(2)]
        for file_id in files:
            await share(world, alice, alice, file_id)
        await register(alice, files[0], bytes(600))
        made = await ask_url(alice, files[1])
        await send(alice, "PUT", made["url"], bytes(500), expect=200)
        await alice.put("/files/video-data", video_body(files[1], made["objectID"], 500), expect=426)
        await alice.post("/files/upload-url", {"contentLength": 900, "contentMD5": "kAFQmDzST7DWlj99KOF/cg=="})  # the quota itself is untouched


async def test_a_familys_derived_data_counts_on_its_one_plan(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", quota=Quota(default=1000, tolerance=0), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice, bob, carol = await world.person("alice"), await world.person("bob"), await world.person("carol")
        await join(world, alice, bob)
        for who, fits in ((alice, True), (bob, False), (carol, True)):
            file_id = await make_file(world, who, await uploaded(who, who.email.encode()))
            await share(world, who, who, file_id)
            made = await ask_url(who, file_id)
            await send(who, "PUT", made["url"], bytes(600), expect=200)
            await who.put("/files/video-data", video_body(file_id, made["objectID"], 600), expect=200 if fits else 426)
        await bob.delete("/family/leave")
        bobs = await make_file(world, bob, await uploaded(bob, b"another"))
        await share(world, bob, bob, bobs)
        made = await ask_url(bob, bobs)
        await send(bob, "PUT", made["url"], bytes(600), expect=200)
        await bob.put("/files/video-data", video_body(bobs, made["objectID"], 600))


def test_names_are_keys_in_disguise() -> None:
    rng = random.Random(5)
    crypto = Crypto(Secrets.generate(Ids(rng)), Ids(rng))
    for _ in range(200):
        owner, file_id = rng.randrange(1, 1 << 53), rng.randrange(1, 1 << 53)
        key = crypto.mint_key(owner)
        name = names.name_of(crypto, file_id, "vid_preview", key)
        assert names.key_of(crypto, owner, file_id, "vid_preview", name) == key
        assert names.key_of(crypto, owner, file_id + 1, "vid_preview", name) is None
        assert names.key_of(crypto, owner + 1, file_id, "vid_preview", name) is None
        assert names.key_of(crypto, owner, file_id, "img_preview", name) is None
        assert len(name) == 25
        assert name[3:].isalnum()


async def test_a_name_survives_until_the_object_is_registered(world: World, alice: Person, video: int) -> None:
    made = await ask_url(alice, video)
    key = made["url"].split("/objects/")[1].split("?")[0]
    assert await row(world, key) is None
    assert names.key_of(world.kernel.crypto, alice.user_id, video, "vid_preview", made["objectID"]) == key
