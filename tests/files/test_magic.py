"""Private and public magic metadata: versions, counts, batches, who sees it (files.md §4.2)."""

from __future__ import annotations

import asyncio

import pytest

from tests.files import photos
from tests.files.photos import MAGIC, UNKNOWN, Json
from tests.inprocess import Person, World

KINDS = [("/files/magic-metadata", "magicMetadata"), ("/files/public-magic-metadata", "pubMagicMetadata")]
both = pytest.mark.parametrize(("path", "field"), KINDS)


def items(file_id: int, version: int = 1, count: int = 1, data: str = "ZGF0YQ==") -> Json:
    return {"id": file_id, "magicMetadata": {**MAGIC, "version": version, "count": count, "data": data}}


@both
async def test_versions_go_up_by_one(world: World, alice: Person, path: str, field: str) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    assert (await alice.put(path, {"metadataList": [items(made["id"], 1)]})).content == b""
    row = await photos.entry(alice, album, made["id"])
    assert row[field] == {**MAGIC, "version": 2}
    assert row["updationTime"] == await photos.version(alice, album) > made["updationTime"]
    for version in (2, 3):
        await alice.put(path, {"metadataList": [items(made["id"], version, data="bmV3")]})
    assert (await photos.entry(alice, album, made["id"]))[field] == {**MAGIC, "version": 4, "data": "bmV3"}


@both
async def test_a_stale_version_or_a_shrunken_count_is_a_conflict(world: World, alice: Person, path: str, field: str) -> None:
    album = await photos.album(alice)
    given: Json = {field: {**MAGIC, "version": 5, "count": 6}}
    made = await photos.commit(world, alice, album, **given)
    before = await photos.entry(alice, album, made["id"])
    for stale in (items(made["id"], 4, 6), items(made["id"], 6, 6), items(made["id"], 5, 3), items(made["id"], 0, 6)):
        assert (await alice.put(path, {"metadataList": [stale]}, expect=409)).json() == {}
    assert await photos.entry(alice, album, made["id"]) == before
    await alice.put(path, {"metadataList": [items(made["id"], 5, 4)]})
    assert (await photos.entry(alice, album, made["id"]))[field]["count"] == 4


@both
async def test_a_batch_is_all_or_nothing(world: World, alice: Person, bob: Person, path: str, field: str) -> None:
    album, his = await photos.album(alice), await photos.album(bob)
    ids = [(await photos.commit(world, alice, album))["id"] for _ in range(3)]
    theirs = (await photos.commit(world, bob, his))["id"]
    gone = (await photos.commit(world, alice, album))["id"]
    await photos.purge(alice, gone, album)
    await alice.put(path, {"metadataList": [items(i) for i in ids]})
    before = await photos.diff(alice, album)
    assert [f.get(field, {}).get("version") for f in before if f["id"] in ids] == [2, 2, 2]
    assert len({f["updationTime"] for f in before if f["id"] in ids}) == 1
    good = [items(ids[0], 2), items(ids[1], 2)]
    malformed = {"id": ids[2], "magicMetadata": {"version": 2, "count": 1}}
    for wrong, status in ((items(ids[2], 1), 409), (items(theirs), 403), (items(UNKNOWN), 404), (items(gone), 404), (malformed, 400)):
        assert (await alice.put(path, {"metadataList": [*good, wrong]}, expect=status)).json() == {}
    assert await photos.diff(alice, album) == before


@both
async def test_refusals(world: World, alice: Person, bob: Person, path: str, field: str) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    await photos.share(alice, album, bob, "COLLABORATOR")
    bodies: list[object] = [{}, {"metadataList": None}, {"metadataList": "x"}, [], {"metadataList": [items(made["id"], 1 << 70)]}]
    for body in bodies:
        assert (await alice.put(path, body, expect=400)).json() == {}
    assert (await bob.put(path, {"metadataList": [items(made["id"])]}, expect=403)).json() == {}
    for bad in ({}, {"version": 0, "count": 1, "data": "a", "header": "b"}, {**MAGIC, "data": ""}, {**MAGIC, "header": ""}, {**MAGIC, "count": 0}):
        assert (await alice.put(path, {"metadataList": [{"id": made["id"], "magicMetadata": bad}]}, expect=400)).json() == {}
    assert (await alice.put(path, {"metadataList": [{"id": made["id"]}]}, expect=400)).json() == {}
    for version, count in ((1 << 53, 1), ((1 << 53) - 1, 1), (1, 1 << 53), ((1 << 63) - 1, 1), (1, -(1 << 63))):  # no client could read it
        assert (await alice.put(path, {"metadataList": [items(made["id"], version, count)]}, expect=400)).json() == {}
    most = 1000 if field == "magicMetadata" else 10_000
    assert (await alice.put(path, {"metadataList": [items(i) for i in range(1, most + 1)]}, expect=404)).json() == {}
    assert (await alice.put(path, {"metadataList": [items(i) for i in range(1, most + 2)]}, expect=413)).json() == {}
    assert field not in await photos.entry(alice, album, made["id"])
    assert (await alice.put(path, {"metadataList": []})).content == b""


async def test_a_file_named_twice_takes_the_later_item(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    await alice.put(KINDS[0][0], {"metadataList": [items(made["id"]), items(made["id"], data="bGFzdA==")]})
    assert (await photos.entry(alice, album, made["id"]))["magicMetadata"] == {**MAGIC, "version": 2, "data": "bGFzdA=="}


async def test_skip_version_tells_nobody(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    path = KINDS[0][0]
    await alice.put(path, {"metadataList": [items(made["id"])], "skipVersion": True})
    assert await photos.version(alice, album) == made["updationTime"]
    assert await photos.diff(alice, album, made["updationTime"]) == []
    assert (await photos.entry(alice, album, made["id"]))["magicMetadata"]["version"] == 2
    await alice.put(path, {"metadataList": [items(made["id"])], "skipVersion": True}, expect=409)
    await alice.put(path, {"metadataList": [items(made["id"], 2)], "skipVersion": False})
    assert len(await photos.diff(alice, album, made["updationTime"])) == 1


async def test_others_see_the_public_part_only(world: World, alice: Person, bob: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    await photos.share(alice, album, bob)
    for path, _ in KINDS:
        await alice.put(path, {"metadataList": [items(made["id"])]})
    row = await photos.entry(bob, album, made["id"])
    assert "magicMetadata" not in row
    assert row["pubMagicMetadata"]["version"] == 2


async def test_of_writers_of_one_version_one_wins(world: World, alice: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    await alice.put(KINDS[1][0], {"metadataList": [items(made["id"])]})
    bodies = [{"metadataList": [items(made["id"], 2, data=f"d{n}")]} for n in range(8)]
    answers = await asyncio.gather(*(alice.put(KINDS[1][0], b, expect=(200, 409)) for b in bodies))
    won = [b for b, a in zip(bodies, answers, strict=True) if a.status == 200]
    assert len(won) == 1
    stored = (await photos.entry(alice, album, made["id"]))["pubMagicMetadata"]
    assert (stored["version"], stored["data"]) == (3, won[0]["metadataList"][0]["magicMetadata"]["data"])
