"""Stamps and pages: the only place that hands out update times.

Why no reader ever misses a change. Every cursor a client keeps belongs to one person, or to one album whose readers all include its
owner. Each person has one row in `feeds`. A transaction that changes anything a person can see first locks the albums it touches
(so that their members stand still), then the feed rows of everybody who will see the change, both in id order; only then does it take

    stamp = max(clock, greatest of those feeds + 1)

and writes it to those feeds, the albums and the changed rows. The locks are held until COMMIT. So of two transactions that any one
reader could confuse, the later to take its stamp waits for the earlier to commit, sees its stamp in the shared feed row and goes
beyond it: stamps rise in commit order within everything one cursor covers, over any number of processes, whatever the clocks do.
On SQLite the single writer makes the locks free; on PostgreSQL they are row locks (READ COMMITTED: statements after a lock see what
the lock's previous holder committed). Deadlocks cannot arise: the order is always account, albums by id, feeds by id. The locks are
FOR NO KEY UPDATE, because a row that refers to an account or album takes FOR KEY SHARE on it, whenever it is inserted, in no order: that
must not wait for these locks, nor they for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ..db import Tx
from ..db.engine import Part, Row

R = TypeVar("R")
PAGE = 2500  # rows of a diff page (files.md §9.2, collections.md §3.1)
BUDGET = 16 << 20  # characters of the large texts on a page; an honest one has a quarter of it


def lock_account(tx: Tx, user_id: int) -> None:
    """Everything that moves a person's own files between albums, trash and nothing takes this lock first, so it happens in a row."""
    tx.lock("SELECT user_id FROM users WHERE user_id = :user_id FOR NO KEY UPDATE", user_id=user_id)


def lock_collections(tx: Tx, collection_ids: Iterable[int]) -> None:
    """Lock albums in id order: afterwards their rows, shares and memberships stand still until COMMIT."""
    tx.lock(
        "SELECT collection_id FROM collections WHERE collection_id IN (:ids[]) ORDER BY collection_id FOR NO KEY UPDATE",
        ids=sorted(set(collection_ids)),
    )


def open_feed(tx: Tx, user_id: int, now: int) -> None:
    """The feed of a new account."""
    tx.run("INSERT INTO feeds (user_id, stamp) VALUES (:user_id, :now)", user_id=user_id, now=now)


def stamp(tx: Tx, now: int, users: Iterable[int]) -> int:
    """A stamp (µs) above everything these people's cursors can have met; their feeds are locked until COMMIT."""
    sql = "SELECT user_id, stamp FROM feeds WHERE user_id IN (:ids[]) ORDER BY user_id FOR NO KEY UPDATE"
    return _advance(tx, now, tx.all(sql, ids=sorted(set(users))))


def _advance(tx: Tx, now: int, feeds: Sequence[Row]) -> int:
    """A stamp beyond these locked feeds (person, stamp), written to them."""
    value = max(now, *(s + 1 for _, s in feeds)) if feeds else now
    tx.send("UPDATE feeds SET stamp = :value WHERE user_id IN (:ids[])", value=value, ids=[user for user, _ in feeds])
    return value


def stamp_collections(tx: Tx, now: int, collection_ids: Iterable[int], also: Iterable[int] = ()) -> int:
    """One stamp for a change inside these (locked) albums: written to the albums and to the feeds of all who see them, and `also`."""
    ids = sorted(set(collection_ids))
    return stamp_locked(tx, now, lock_feeds(tx, ids, also), ids)


def lock_feeds(tx: Tx, collection_ids: Iterable[int], also: Iterable[int] = ()) -> list[Row]:
    """(person, stamp) of everybody who sees these (locked) albums, and `also`, locked until COMMIT."""
    return tx.all(
        "SELECT f.user_id, f.stamp FROM feeds f WHERE f.user_id IN ("
        "  SELECT owner_id FROM collections WHERE collection_id IN (:ids[]) "
        "  UNION SELECT to_user_id FROM collection_shares WHERE collection_id IN (:ids[]) AND NOT is_deleted "
        "  UNION SELECT user_id FROM users WHERE user_id IN (:also[])) ORDER BY f.user_id FOR NO KEY UPDATE",
        ids=sorted(set(collection_ids)),
        also=sorted(set(also)),
    )


def stamp_locked(tx: Tx, now: int, feeds: Sequence[Row], collection_ids: Iterable[int]) -> int:
    """`stamp_collections` of albums whose feeds are locked."""
    value = _advance(tx, now, feeds)
    ids = sorted(set(collection_ids))
    tx.send("UPDATE collections SET updation_time = :value WHERE collection_id IN (:ids[])", value=value, ids=ids)
    return value


def feed(tx: Tx, user_id: int) -> int:
    """The greatest stamp this person's cursors can have met: a poll at or beyond it has nothing to fetch."""
    return int(tx.value("SELECT stamp FROM feeds WHERE user_id = :user_id", user_id=user_id) or 0)


def newest(tx: Tx, users: Iterable[int]) -> int:
    """The greatest stamp in the feeds of these people: as long as it stands still, nothing that any of them can see has changed."""
    return int(tx.value("SELECT MAX(stamp) FROM feeds WHERE user_id IN (:ids[])", ids=sorted(users)) or 0)


def page(fetch: Callable[[int, int, int], Sequence[R]], since: int, when: Callable[[R], int], limit: int = PAGE) -> tuple[list[R], bool]:
    """One diff page (files.md §9.2): (rows, hasMore), ascending, never splitting rows with equal stamps and never empty with more to come.

    `fetch(since, n, budget)` gives at most n rows with a stamp > since, ascending, or a `Part` of them whose large texts are within a budget of
    characters; `when` reads a row's stamp.
    """
    size, budget = limit + 1, BUDGET
    rows = fetch(since, size, budget)
    if not _goes_on(rows, size):
        return list(rows), False
    last = when(rows[-1])
    whole = [r for r in rows if when(r) != last]
    if whole:
        return whole, True
    while _goes_on(rows, size) and when(rows[-1]) == last:  # one stamp fills the page: all rows of it, however many
        size, budget = size * 4, budget * 4
        rows = fetch(since, size, budget)
    group = [r for r in rows if when(r) == last]
    return group, len(group) < len(rows)


def _goes_on(rows: Sequence[R], size: int) -> bool:
    return len(rows) == size or (isinstance(rows, Part) and rows.cut)
