"""Stamps and pages: no reader misses a change, gets one twice or is sent in circles."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.db import Database, Tx
from app.kernel import sync
from tests.engines import open_database
from tests.inprocess import Person, World
from tests.rows import insert

Row = tuple[int, int]  # (stamp, identity)
when = itemgetter(0)


def source(rows: list[Row]):  # type: ignore[no-untyped-def]  # a closure of the type that page wants
    asked: list[int] = []

    def fetch(since: int, n: int, _: int) -> Sequence[Row]:
        asked.append(n)
        return [r for r in rows if r[0] > since][:n]

    return fetch, asked


# --- pages
@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.lists(st.integers(1, 12), max_size=60), st.integers(1, 9))
@example([1] * 50, 1)
@example([1] * 50 + [2] * 50, 7)
@example([1, 2, 2, 2, 2, 2, 2, 2, 3], 3)
@example([], 5)
def test_paging_delivers_each_row_once_and_ends(stamps: list[int], limit: int) -> None:
    rows = [(s, i) for i, s in enumerate(sorted(stamps))]
    fetch, _ = source(rows)
    cursor, got, pages = 0, list[Row](), 0
    more = True
    while more:
        page, more = sync.page(fetch, cursor, when, limit)
        got += page
        pages += 1
        assert pages <= len(set(stamps)) + 1, "it goes on for ever"
        if page:
            split = {s for s, _ in page} & {s for s, _ in rows if (s, _) not in page}
            assert not split, "equal stamps were parted"
            assert page == sorted(page)
            assert page[0][0] > cursor
            cursor = page[-1][0]
        else:
            assert not more or not [r for r in rows if r[0] > cursor]
    assert got == rows


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=60), st.integers(1, 9), st.integers(0, 12))
def test_an_empty_page_is_the_last(stamps: list[int], limit: int, since: int) -> None:
    fetch, _ = source([(s, i) for i, s in enumerate(sorted(stamps))])
    page, more = sync.page(fetch, since, when, limit)
    assert page or not more
    assert more or len(page) <= limit or len({when(row) for row in page}) == 1, "one stamp may be more than a page, and be the last"


def test_a_page_of_the_exact_size_is_whole() -> None:
    fetch, asked = source([(1, 0), (2, 1), (3, 2)])
    assert sync.page(fetch, 0, when, 3) == ([(1, 0), (2, 1), (3, 2)], False)
    assert sync.page(fetch, 0, when, 2) == ([(1, 0), (2, 1)], True)
    assert asked == [4, 3]


def test_one_stamp_larger_than_a_page_comes_whole_in_few_questions() -> None:
    rows = [(5, i) for i in range(10_000)]
    fetch, asked = source([*rows, (6, -1)])
    assert sync.page(fetch, 0, when, 10) == (rows, True)
    assert len(asked) < 9
    assert sync.page(fetch, 5, when, 10) == ([(6, -1)], False)


# --- stamps
def _users(tx: Tx, n: int, now: int) -> list[int]:
    users = []
    for _ in range(n):
        users.append(insert(tx, "users", now=now))
        sync.open_feed(tx, users[-1], now)
    return users


def _feeds(tx: Tx) -> list[int]:
    return [s for (s,) in tx.all("SELECT stamp FROM feeds ORDER BY user_id")]


@pytest.fixture
async def db(engine: str, tmp_path: Path):  # type: ignore[no-untyped-def]  # an async generator fixture
    async with open_database(engine, tmp_path) as opened:
        yield opened


async def test_stamps_rise_even_when_the_clock_steps_back(db: Database) -> None:
    (user,) = await db.write("t", _users, 1, 1000)
    stamps = [await db.write("t", sync.stamp, now, [user]) for now in (1000, 1000, 500, -7, 0, 2000, 1999, 2000)]
    assert stamps == [1001, 1002, 1003, 1004, 1005, 2000, 2001, 2002]
    assert await db.read(sync.feed, user) == 2002


async def test_a_stamp_is_above_every_feed_it_touches(db: Database) -> None:
    a, b, c = await db.write("t", _users, 3, 10)
    assert await db.write("t", sync.stamp, 5000, [b]) == 5000
    assert await db.write("t", sync.stamp, 100, [c, a, b, a]) == 5001
    assert await db.read(_feeds) == [5001, 5001, 5001]
    assert await db.write("t", sync.stamp, 100, [c]) == 5002
    assert await db.read(_feeds) == [5001, 5001, 5002], "strangers' feeds do not move"


async def test_a_change_nobody_sees_takes_the_clock(db: Database) -> None:
    assert await db.write("t", sync.stamp, 77, []) == 77
    assert await db.write("t", sync.stamp, 77, [12345]) == 77
    assert await db.read(sync.feed, 12345) == 0


async def test_a_rolled_back_stamp_is_not_kept(db: Database) -> None:
    (user,) = await db.write("t", _users, 1, 1000)

    def fail(tx: Tx) -> None:
        sync.stamp(tx, 9000, [user])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await db.write("t", fail)
    assert await db.read(sync.feed, user) == 1000


def _album(tx: Tx, owner: int) -> int:
    return insert(tx, "collections", owner_id=owner)


def _share(tx: Tx, album: int, user: int, gone: bool = False) -> None:
    insert(tx, "collection_shares", collection_id=album, to_user_id=user, is_deleted=gone)


async def test_an_albums_stamp_reaches_all_its_readers(world: World, alice: Person, bob: Person, carol: Person) -> None:
    db = world.kernel.db
    album, other = [await db.write("t", _album, alice.user_id) for _ in range(2)]
    await db.write("t", _share, album, bob.user_id)
    await db.write("t", _share, album, carol.user_id, True)
    before = await db.read(sync.feed, carol.user_id)

    def change(tx: Tx, also: list[int]) -> int:
        sync.lock_account(tx, alice.user_id)
        sync.lock_collections(tx, [other, album, album])
        return sync.stamp_collections(tx, 5, [album, album], also=also)

    stamp = await db.write("t", change, [])
    assert stamp > world.clock.now()
    assert [await db.read(sync.feed, p.user_id) for p in (alice, bob, carol)] == [stamp, stamp, before]
    times: dict[int, int] = dict(await db.read(lambda tx: tx.all("SELECT collection_id, updation_time FROM collections")))
    assert times == {album: stamp, other: 1}
    assert await db.write("t", change, [carol.user_id]) == stamp + 1
    assert await db.read(sync.feed, carol.user_id) == stamp + 1
