"""Guests who add photos through a link that collects."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from app.kernel.clock import DAY
from app.kernel.config import Config, Links, Storage
from app.visits import bounds
from tests.collections.scenes import album
from tests.files import photos
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import md5, put
from tests.visits.scenes import SECRET, Visitor, change, end, linked

FILE, THUMB = b"f" * 1000, b"t" * 100
OFF = {"code": "PUBLIC_COLLECT_DISABLED", "message": "User has not enabled collecting photos for this url"}
MIB = 1 << 20


async def collecting(world: World, who: Person, **options: Any) -> tuple[int, Visitor]:
    return await linked(world, who, enableCollect=True, **options)


async def uploaded(world: World, guest: Visitor, content: bytes) -> str:
    """The key of bytes that a guest has put."""
    made = (await guest.post("/public-collection/upload-url", {"contentLength": len(content), "contentMD5": md5(content)})).json()
    await put(world.anon(), made["url"], content, promised=content)
    return str(made["objectKey"])


async def ready(world: World, guest: Visitor, cid: int) -> dict[str, Any]:
    """A commit whose objects a guest has uploaded."""
    return {
        "collectionID": cid,
        "encryptedKey": "key",
        "keyDecryptionNonce": "nonce",
        "file": {"objectKey": await uploaded(world, guest, FILE), "decryptionHeader": "fh", "size": len(FILE)},
        "thumbnail": {"objectKey": await uploaded(world, guest, THUMB), "decryptionHeader": "th", "size": len(THUMB)},
        "metadata": {"encryptedData": "bWV0YQ==", "decryptionHeader": "mh"},
        "pubMagicMetadata": photos.MAGIC,
    }


async def test_it_works(world: World, alice: Person) -> None:
    cid, guest = await collecting(world, alice)
    body = await ready(world, guest, cid)
    assert body["file"]["objectKey"].startswith(f"{alice.user_id}/")
    made = (await guest.post("/public-collection/file", body)).json()
    assert (made["ownerID"], made["collectionID"], made["isDeleted"]) == (alice.user_id, cid, False)
    (row,) = (await alice.get(f"/collections/v2/diff?collectionID={cid}&sinceTime=0")).json()["diff"]
    assert (row["id"], row["ownerID"]) == (made["id"], alice.user_id)
    assert (await alice.get("/users/details/v2")).json()["usage"] == len(FILE) + len(THUMB)
    assert [r["id"] for r in await guest.diff()] == [made["id"]]
    assert (await guest.post("/public-collection/file", body)).json()["id"] == made["id"]
    assert (await alice.get("/users/details/v2")).json()["usage"] == len(FILE) + len(THUMB)


async def test_large_ones_come_in_parts_whose_digests_are_said_in_advance(world: World, alice: Person) -> None:
    _, guest = await collecting(world, alice)
    body = {"contentLength": 11 * MIB, "partLength": 5 * MIB, "partMd5s": [md5(b"x")] * 3}
    made = (await guest.post("/public-collection/multipart-upload-url", body)).json()
    assert set(made) == {"objectKey", "partURLs", "completeURL"}
    assert len(set(made["partURLs"])) == 3
    for digests in (None, []):
        await guest.post("/public-collection/multipart-upload-url", {**body, "partMd5s": digests}, expect=400)


@pytest.mark.parametrize("body", [{}, {"contentLength": 0, "contentMD5": md5(b"x")}, {"contentLength": 5, "contentMD5": "x"}])
async def test_urls_are_asked_for_like_the_owners(world: World, alice: Person, body: dict[str, Any]) -> None:
    _, guest = await collecting(world, alice)
    await guest.post("/public-collection/upload-url", body, expect=400)
    for path in ("upload-urls?count=1", "multipart-upload-urls?count=1"):
        await guest.get(f"/public-collection/{path}", expect=404)


async def test_collecting_must_be_switched_on(world: World, alice: Person) -> None:
    cid, guest = await collecting(world, alice)
    body = await ready(world, guest, cid)
    await change(alice, cid, enableCollect=False)
    for path, sent in (
        ("upload-url", {"contentLength": 5, "contentMD5": md5(b"x")}),
        ("multipart-upload-url", {"contentLength": 5, "partLength": 5, "partMd5s": [md5(b"x")]}),
        ("file", body),
    ):
        assert (await guest.post(f"/public-collection/{path}", sent, expect=405)).json() == OFF


async def test_the_password_is_asked_for(world: World, alice: Person) -> None:
    cid, guest = await collecting(world, alice)
    await change(alice, cid, **SECRET)
    await guest.post("/public-collection/upload-url", {"contentLength": 5, "contentMD5": md5(b"x")}, expect=401)
    await guest.unlock()
    await guest.post("/public-collection/upload-url", {"contentLength": 5, "contentMD5": md5(b"x")})


async def test_a_link_that_ended_takes_nothing(world: World, alice: Person) -> None:
    cid, guest = await collecting(world, alice)
    body = await ready(world, guest, cid)
    await end(alice, cid)
    await guest.post("/public-collection/file", body, expect=410)
    assert (await alice.get(f"/collections/v2/diff?collectionID={cid}&sinceTime=0")).json()["diff"] == []


async def test_a_guest_takes_nothing_that_was_not_given_to_guests_of_this_link(world: World, alice: Person, bob: Person) -> None:
    cid, guest = await collecting(world, alice)
    other, elsewhere = await collecting(world, alice)
    mine = await photos.body(world, alice, cid)
    body, theirs = await ready(world, guest, cid), await ready(world, elsewhere, other)
    bobs = await photos.body(world, bob, await album(bob))
    for keys in (mine, theirs, bobs):
        for part in ("file", "thumbnail"):
            await guest.post("/public-collection/file", {**body, part: keys[part]}, expect=400)
    await guest.post("/public-collection/file", {**body, "collectionID": other}, expect=400)
    never = {**body["file"], "objectKey": f"{alice.user_id}/00000000-0000-4000-8000-000000000000"}
    await guest.post("/public-collection/file", {**body, "file": never}, expect=400)
    await alice.post("/files", mine)
    await guest.post("/public-collection/file", body)


async def test_a_commit_is_checked_like_the_owners(world: World, alice: Person) -> None:
    cid, guest = await collecting(world, alice)
    body = await ready(world, guest, cid)
    await guest.post("/public-collection/file", {**body, "thumbnail": {**body["thumbnail"], "objectKey": body["file"]["objectKey"]}}, expect=400)
    await guest.post("/public-collection/file", {**body, "file": {**body["file"], "size": 5}}, expect=400)
    for name in ("encryptedKey", "keyDecryptionNonce"):
        await guest.post("/public-collection/file", {**body, name: ""}, expect=400)
    await guest.post("/public-collection/file", {**body, "id": 77})


async def test_the_owners_quota_holds(world: World, alice: Person) -> None:
    cid, guest = await collecting(world, alice)
    body = await ready(world, guest, cid)
    await world.kernel.db.write("t", lambda tx: tx.run("UPDATE users SET quota = 1 WHERE user_id = :u", u=alice.user_id))
    exact = world.kernel.config.quota.model_copy(update={"tolerance": 0})  # a copy: the default is every world's
    object.__setattr__(world.kernel, "config", world.kernel.config.model_copy(update={"quota": exact}))
    await guest.post("/public-collection/file", body, expect=426)
    await guest.post("/public-collection/upload-url", {"contentLength": 5, "contentMD5": md5(b"x")}, expect=426)


def bounded(engine: str, data_dir: Path, **links: Any) -> AbstractAsyncContextManager[World]:
    storage = (Storage(kind="memory"),)
    return open_world(engine, data_dir, config=Config(data_dir=data_dir, public_url="http://darkroom.test", storage=storage, links=Links(**links)))


def asked(size: int) -> dict[str, Any]:
    return {"contentLength": size, "contentMD5": md5(b"x")}


async def test_a_link_brings_no_more_in_a_day_than_the_operator_allows(engine: str, tmp_path: Path) -> None:
    async with bounded(engine, tmp_path, collect_limit=2000) as world:
        alice = await world.person("alice")
        cid, guest = await collecting(world, alice)
        await guest.post("/public-collection/file", await ready(world, guest, cid))
        second = await ready(world, guest, cid)
        await guest.post("/public-collection/file", second, expect=426)
        assert len(await guest.diff()) == 1
        world.clock.advance(DAY)
        await guest.post("/public-collection/file", second)


async def test_a_link_brings_no_more_files_in_a_day_than_the_operator_allows(engine: str, tmp_path: Path) -> None:
    async with bounded(engine, tmp_path, collect_limit=0, collect_files=2) as world:
        alice = await world.person("alice")
        cid, guest = await collecting(world, alice)
        first, second = await ready(world, guest, cid), await ready(world, guest, cid)
        await guest.post("/public-collection/file", first)
        for _ in range(3):  # an answer that was lost: the same file is not brought again
            await guest.post("/public-collection/file", first)
        await guest.post("/public-collection/file", second)
        await guest.post("/public-collection/upload-url", asked(5), expect=426)
        await guest.post("/public-collection/multipart-upload-url", {"contentLength": 5, "partLength": 5, "partMd5s": [md5(b"x")]}, expect=426)
        assert len(await guest.diff()) == 2
        world.clock.advance(DAY)
        await guest.post("/public-collection/file", await ready(world, guest, cid))


async def test_what_is_written_about_the_files_is_bounded_too(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "TEXT", 5000)
    cid, guest = await collecting(world, alice)
    body = await ready(world, guest, cid)
    await guest.post("/public-collection/file", {**body, "metadata": {"encryptedData": "A" * 5000, "decryptionHeader": "mh"}}, expect=426)
    await guest.post("/public-collection/file", {**body, "pubMagicMetadata": {**photos.MAGIC, "data": "A" * 5000}}, expect=426)
    await guest.post("/public-collection/file", body)


async def test_what_guests_ask_for_and_never_commit_is_bounded(engine: str, tmp_path: Path) -> None:
    """For each network, and for all together; what is committed is open no longer."""
    async with bounded(engine, tmp_path, collect_limit=4000) as world:
        alice = await world.person("alice")
        cid, guest = await collecting(world, alice)
        await guest.post("/public-collection/file", await ready(world, guest, cid))
        for body in ({"contentLength": -5000, "contentMD5": md5(b"x")}, asked(0), asked(1 << 60)):
            await guest.post("/public-collection/upload-url", body, expect=400)
        await guest.post("/public-collection/upload-url", asked(4000))
        await guest.post("/public-collection/upload-url", asked(1), expect=426)
        await guest.post("/public-collection/multipart-upload-url", {"contentLength": 5, "partLength": 5, "partMd5s": [md5(b"x")]}, expect=426)
        second, third = (Visitor(world, guest.carried["x-auth-access-token"]) for _ in range(2))
        await second.post("/public-collection/upload-url", asked(2000))
        await second.post("/public-collection/file", await ready(world, second, cid))
        await second.post("/public-collection/upload-url", asked(2000))
        await third.post("/public-collection/upload-url", asked(1), expect=426)
        world.clock.advance(DAY)
        await guest.post("/public-collection/upload-url", asked(4000))


async def test_no_more_objects_are_open_than_files_may_come(engine: str, tmp_path: Path) -> None:
    async with bounded(engine, tmp_path, collect_files=2) as world:
        alice = await world.person("alice")
        _, guest = await collecting(world, alice)
        for _ in range(4):
            await guest.post("/public-collection/upload-url", asked(5))
        await guest.post("/public-collection/upload-url", asked(5), expect=426)
        _, other = await collecting(world, alice)
        await other.post("/public-collection/upload-url", asked(5))
