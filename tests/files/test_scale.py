"""Batches take as many statements for a thousand files as for two, and no statement reads a table that grows from end to end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.kernel.clock import DAY
from app.trash.jobs import expire, scrub
from tests.files import photos
from tests.files.plans import watched
from tests.inprocess import Person, World, open_world

Call = Callable[[Person, Person, int, int, list[int]], Awaitable[object]]


def magic(who: Person, ids: list[int]) -> Awaitable[object]:
    return who.put("/files/magic-metadata", {"metadataList": [{"id": i, "magicMetadata": photos.MAGIC} for i in ids]})


CALLS: dict[str, tuple[int, int, Call]] = {  # most files a call, statements a call with its session look-up, the call
    "trash": (1000, 15, lambda alice, bob, src, dst, ids: photos.trash(alice, *[(i, src) for i in ids])),
    "delete": (1000, 12, lambda alice, bob, src, dst, ids: alice.post("/trash/delete", {"fileIDs": ids})),
    "magic": (1000, 12, lambda alice, bob, src, dst, ids: magic(alice, ids)),
    "copy": (100, 17, lambda alice, bob, src, dst, ids: bob.post(
        "/files/copy", {"srcCollectionID": src, "dstCollectionID": dst, "files": photos.items(*ids)})),
    "info": (1000, 3, lambda alice, bob, src, dst, ids: alice.post("/files/info", {"fileIDs": ids})),
    "size": (1000, 2, lambda alice, bob, src, dst, ids: alice.post("/files/size", {"fileIDs": ids})),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
async def test_statements_do_not_grow_with_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    many, budget, call = CALLS[name]
    async with open_world("sqlite", tmp_path) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        src, dst = await photos.album(alice), await photos.album(bob)
        await photos.share(alice, src, bob)
        counts = []
        for n in (2, many):
            ids = await photos.insert(world, alice, src, n)
            if name == "delete":
                await photos.trash(alice, *[(i, src) for i in ids])
            with watched(monkeypatch) as seen:
                await call(alice, bob, src, dst, ids)
            counts.append(len(seen.statements))
        assert counts[0] == counts[1] <= budget, [text[:90] for text, _ in seen.statements]


async def test_a_commit_takes_few_statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_world("sqlite", tmp_path) as world:
        alice = await world.person("alice")
        ask = await photos.body(world, alice, await photos.album(alice))
        with watched(monkeypatch) as seen:
            await alice.post("/files", ask)
        assert len(seen.statements) <= 11, [text[:90] for text, _ in seen.statements]


async def test_an_index_serves_every_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_world("sqlite", tmp_path) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        with watched(monkeypatch) as seen:
            await everything(world, alice, bob)
        assert len({text for text, _ in seen.statements}) > 50
        assert await seen.scans(world) == []


async def everything(world: World, alice: Person, bob: Person) -> None:
    """Every call of files and trash once."""
    src, dst = await photos.album(alice), await photos.album(bob)
    await photos.share(alice, src, bob)
    made, other = await photos.commit(world, alice, src), await photos.commit(world, alice, src)
    await alice.post("/files", made["request"])
    ask = await photos.body(world, alice, src)
    await alice.put("/files/update", {**ask, "id": made["id"]})
    thumb = {"objectKey": await photos.staged(world, alice, 5), "decryptionHeader": "x"}
    await alice.put("/files/thumbnail", {"fileID": made["id"], "thumbnail": thumb})
    await magic(alice, [made["id"]])
    await alice.put("/files/public-magic-metadata", {"metadataList": [{"id": made["id"], "magicMetadata": photos.MAGIC}]})
    await bob.post("/files/copy", {"srcCollectionID": src, "dstCollectionID": dst, "files": photos.items(made["id"])})
    for path in ("/files/size", "/files/info"):
        await alice.post(path, {"fileIDs": [made["id"], other["id"]]})
    for path in ("/files/duplicates", "/files/count"):
        await alice.get(path)
    for path in ("/collections/add-files", "/collections/move-files"):
        ask = {"fromCollectionID": src, "toCollectionID": (await photos.album(alice)), "collectionID": src, "files": photos.items(other["id"])}
        await alice.post(path, ask)
    await photos.trash(alice, (made["id"], src), (other["id"], src))
    await photos.trash_diff(alice)
    await photos.restore(alice, src, other["id"])
    await photos.trash(alice, (other["id"], src))
    await alice.post("/trash/delete", {"fileIDs": [made["id"]]})
    await alice.post("/trash/empty", {"lastUpdatedAt": world.clock.now() + DAY})
    await photos.trash(alice, ((await photos.commit(world, alice, src))["id"], src))
    world.clock.advance(60 * DAY)
    await expire(world.kernel)
    await scrub(world.kernel)
