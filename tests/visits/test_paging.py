"""A large album is read by its visitors as by its members: in pages, nothing twice and nothing lost."""

from __future__ import annotations

from typing import Any

from app.db import Tx
from app.kernel import sync
from tests.collections.scenes import _insert_photo
from tests.inprocess import Api, Person, World
from tests.visits.scenes import linked

PHOTOS = 5000


def _fill(tx: Tx, owner_id: int, cid: int) -> None:
    for n in range(PHOTOS):
        _insert_photo(tx, owner_id, cid, n // 7 + 1)  # seven of one stamp


async def _pages(reader: Api, path: str) -> list[list[dict[str, Any]]]:
    found, since, more = [], 0, True
    while more:
        page = (await reader.get(f"{path}sinceTime={since}")).json()
        found.append(page["diff"])
        since, more = max(f["updationTime"] for f in page["diff"]), page["hasMore"]
    return found


async def test_an_album_of_5000_photos(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    await world.kernel.db.write("test.photos", _fill, alice.user_id, cid)
    theirs = await _pages(visitor, "/public-collection/diff?")
    mine = await _pages(alice, f"/collections/v2/diff?collectionID={cid}&")
    assert [[f["id"] for f in page] for page in theirs] == [[f["id"] for f in page] for page in mine]
    assert len({f["id"] for page in theirs for f in page}) == PHOTOS
    assert len(theirs) >= PHOTOS // sync.PAGE
    for page in theirs[:-1]:
        assert page[-1]["updationTime"] > page[0]["updationTime"]
    assert all(not {"magicMetadata", "action"} & set(f) for page in theirs for f in page)
