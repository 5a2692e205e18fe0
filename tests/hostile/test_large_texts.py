"""Lists whose rows carry the largest texts there may be: pages end early, nothing is left out, nothing comes twice."""

from __future__ import annotations

import pytest

from app.contacts import queries as contacts
from app.entities import queries as entities
from app.http import traffic
from app.http.traffic import Traffic
from app.kernel import sync
from app.kernel.errors import Unavailable
from tests.collections import scenes
from tests.entities.test_entities import diff, key, make
from tests.files import photos
from tests.inprocess import Person, World

LARGE = "A" * 4000
ROWS = 120


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "BUDGET", 10 * len(LARGE))
    monkeypatch.setattr(entities, "PAGE", 10 * len(LARGE))
    monkeypatch.setattr(contacts, "PAGE", 10 * len(LARGE))


async def _files(world: World, who: Person, album: int, *, together: int = 0) -> list[int]:
    """Photos of one stamp each, the last so many of one stamp."""
    made: list[int] = []
    for _ in range(ROWS):
        world.clock.advance(1)
        made += await scenes.photo(world, who, album)
    if together:
        made += await scenes.photo(world, who, album, together)
    await world.kernel.db.write("t", lambda tx: tx.run("UPDATE files SET encrypted_metadata = :m WHERE owner_id = :u", m=LARGE, u=who.user_id))
    return made


async def test_an_albums_pages_end_early(world: World, alice: Person) -> None:
    album = await scenes.album(alice)
    files = await _files(world, alice, album, together=60)
    since, seen, sizes, more = 0, list[int](), list[int](), True
    while more:
        page = (await alice.get(f"/collections/v2/diff?collectionID={album}&sinceTime={since}")).json()
        seen += [f["id"] for f in page["diff"]]
        sizes.append(len(page["diff"]))
        since, more = max(f["updationTime"] for f in page["diff"]), page["hasMore"]
    assert seen == files
    assert max(sizes[:-1]) <= 10 + 33, "not many more than the budget holds"
    assert sizes[-1] >= 60, "one stamp is never split"


async def test_the_trash_does(world: World, alice: Person) -> None:
    album = await scenes.album(alice)
    files = await _files(world, alice, album)
    for file_id in files:
        world.clock.advance(1)
        await photos.trash(alice, (file_id, album))
    since, seen, more, pages = 0, list[int](), True, 0
    while more:
        page = (await alice.get(f"/trash/v2/diff?sinceTime={since}")).json()
        seen += [t["file"]["id"] for t in page["diff"]]
        since, more, pages = max(t["updatedAt"] for t in page["diff"]), page["hasMore"], pages + 1
    assert seen == files
    assert pages > 2


async def test_listings_end_at_one_time_for_own_and_shared_albums(world: World, alice: Person, bob: Person) -> None:
    albums: set[int] = set()
    for _ in range(50):
        for who in (alice, bob):
            world.clock.advance(1)
            album = await scenes.album(who, encryptedName=LARGE)
            albums.add(album)
            if who is bob:
                await scenes.share(bob, album, alice)
    for path, names in (("/collections/v2?sinceTime={}", ["collections"]), ("/collections/v3?sinceTime={}&sharedSinceTime={}", ["owned", "shared"])):
        since, seen, rounds = [0, 0], list[int](), 0
        while True:
            lists = (await alice.get(path.format(*since))).json()
            got = [c["id"] for name in names for c in lists[name]]
            if not got:
                break
            seen += got
            rounds += 1
            for i, name in enumerate(names):
                since[i] = max([since[i], *(c["updationTime"] for c in lists[name])])
        assert sorted(seen) == sorted(albums), path
        assert rounds > 1


async def test_records_do(world: World, alice: Person) -> None:
    await key(alice)
    made = []
    for _ in range(60):
        world.clock.advance(1)
        made.append((await make(alice, encryptedData=LARGE))["id"])
    since, seen = 0, list[str]()
    while page := await diff(alice, since=since):
        assert len(page) < 60
        seen += [e["id"] for e in page]
        since = page[-1]["updatedAt"]
    assert seen == made


def test_answers_that_nobody_takes_are_bounded_for_each_payer() -> None:
    registry = Traffic(100)
    slow = [registry.take_off("10.0.0.1") for _ in range(3)]
    registry.hold_answer(slow[0], 2 * traffic.ACCOUNT_MEMORY)  # one always fits
    registry.hold_answer(slow[1], traffic.SMALL)
    with pytest.raises(Unavailable):
        registry.hold_answer(slow[2], traffic.SMALL + 1)
    other = registry.take_off("10.0.0.2")
    registry.hold_answer(other, traffic.SMALL + 1)
    for flight in (*slow, other):
        registry.land(flight)
    assert not registry._memory
    assert not any(registry._all.values())


def test_who_reads_slowly_keeps_nobody_from_sending() -> None:
    registry = Traffic(100)
    slow = [registry.take_off(f"10.0.0.{n}") for n in range(9)]
    for flight in slow:
        registry.hold_answer(flight, traffic.ALL_MEMORY // 8)
    sending = [registry.take_off("10.1.0.1") for _ in range(2)]
    for flight in sending:
        registry.hold(flight, traffic.STRANGER_MEMORY // 2)
    for flight in (*slow, *sending):
        registry.land(flight)
    assert not registry._memory
