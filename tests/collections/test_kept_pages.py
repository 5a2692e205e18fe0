"""Diff pages are kept while nothing in them changes, and never told to the wrong person. `tests/model` compares them after every step."""

from __future__ import annotations

import pytest

from app.collections import feed
from app.kernel.kept import Kept
from tests.collections.scenes import album, photo, share
from tests.inprocess import Person, Response, World


@pytest.fixture(autouse=True)
def keep_everything(world: World) -> None:
    world.kernel.pages.least = 0


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the pages that are made."""
    count: list[int] = []
    real = feed._page
    monkeypatch.setattr(feed, "_page", lambda *args: count.append(1) or real(*args))
    return count


async def page(who: Person, collection: int, since: int = 0, **headers: str) -> Response:
    return await who.get(f"/collections/v2/diff?collectionID={collection}&sinceTime={since}", headers=headers)


async def test_a_page_is_made_once(alice: Person, world: World, made: list[int]) -> None:
    mine = await album(alice)
    await photo(world, alice, mine, 3)
    first, again = await page(alice, mine), await page(alice, mine)
    assert first.content == again.content
    assert len(first.json()["diff"]) == 3
    assert len(made) == 1


async def test_a_change_makes_it_anew(alice: Person, world: World, made: list[int]) -> None:
    mine = await album(alice)
    [one, two] = await photo(world, alice, mine, 2)
    await page(alice, mine)
    await alice.post("/files/trash", {"items": [{"fileID": one, "collectionID": mine}]})
    assert {f["id"]: f["isDeleted"] for f in (await page(alice, mine)).json()["diff"]} == {one: True, two: False}
    assert len(made) == 2


async def test_a_file_that_is_gone_for_good_is_gone_from_kept_pages(alice: Person, world: World) -> None:
    mine = await album(alice)
    [one] = await photo(world, alice, mine)
    await alice.post("/files/trash", {"items": [{"fileID": one, "collectionID": mine}]})
    before = await page(alice, mine)
    await alice.post("/trash/delete", {"fileIDs": [one]})
    after = await page(alice, mine)
    assert before.json()["diff"][0]["updationTime"] == after.json()["diff"][0]["updationTime"]
    assert before.content != after.content  # its keys and metadata went, though the album did not change


async def test_owners_of_files_and_others_see_their_own(alice: Person, bob: Person, carol: Person, world: World, made: list[int]) -> None:
    mine = await album(alice)
    [one] = await photo(world, alice, mine)
    for other in (bob, carol):
        await share(alice, mine, other)
    change = {"id": one, "magicMetadata": {"version": 1, "count": 1, "data": "cHJpdmF0ZQ==", "header": "aA=="}}
    await alice.put("/files/magic-metadata", {"metadataList": [change]})
    assert "magicMetadata" in (await page(alice, mine)).json()["diff"][0]
    assert "magicMetadata" not in (await page(bob, mine)).json()["diff"][0]
    assert (await page(carol, mine)).content == (await page(bob, mine)).content
    assert "magicMetadata" in (await page(alice, mine)).json()["diff"][0]
    assert len(made) == 2  # alice's, and one for everybody else


async def test_who_left_the_album_does_not_get_the_kept_page(alice: Person, bob: Person, world: World) -> None:
    mine = await album(alice)
    await photo(world, alice, mine)
    await share(alice, mine, bob)
    await page(bob, mine)
    await alice.post("/collections/unshare", {"collectionID": mine, "email": bob.email})
    assert (await bob.get(f"/collections/v2/diff?collectionID={mine}&sinceTime=0", expect=None)).status == 404


def test_the_memory_is_bounded() -> None:
    kept: Kept[str] = Kept(most=100, least=5)
    for n in range(10):
        kept.put(n, "page", 20)
        kept.get(0)
    assert [n for n in range(10) if kept.get(n)] == [0, 9]
    kept.put("small", "page", 4)
    kept.put("large", "page", 60)
    assert kept.get("small") is None
    assert kept.get("large") is None
    kept.put(0, "other", 25)
    assert kept._size == 90
