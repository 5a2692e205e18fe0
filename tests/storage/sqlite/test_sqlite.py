"""What is the sqlite store's own: groups, room given back, one process, a file that went away. The rest is the contract's."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage_backends import KeyTaken, NoSpace, SqliteStore, Unavailable
from storage_backends.sqlite import FILE, is_marked

from ..bodies import ALICE, BOB, MIB, OTHER, PHOTO, VIDEO, filler, keys, put, read, upload


class Counting(SqliteStore):
    """Counts the points that its groups reach, and can be held up before a commit."""

    def __init__(self, root: Path) -> None:
        self.points: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        super().__init__("small", root)

    def _reached(self, point: str) -> None:
        self.points.append(point)
        if point == "done":
            self.gate.wait(10)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Counting]:
    made = Counting(tmp_path)
    yield made
    made.gate.set()
    await made.close()


async def test_uploads_that_arrive_together_share_a_commit(store: Counting) -> None:
    store.gate.clear()
    first = asyncio.create_task(put(store, ALICE, PHOTO))
    while "done" not in store.points:
        await asyncio.sleep(0.001)
    rest = [asyncio.create_task(put(store, f"{BOB}{n}", PHOTO)) for n in range(20)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in (first, *rest))  # nobody is answered before the commit
    store.gate.set()
    await asyncio.gather(first, *rest)
    assert store.points.count("committed") == 2
    assert len(await keys(store)) == 21


async def test_one_that_fails_does_not_undo_the_others_of_its_group(store: Counting) -> None:
    await put(store, ALICE, PHOTO)
    taken, done = await asyncio.gather(put(store, ALICE, OTHER), put(store, BOB, OTHER), return_exceptions=True)
    assert isinstance(taken, KeyTaken)
    assert not isinstance(done, BaseException)
    assert await read(store, ALICE) == PHOTO
    await store.discard(taken.staged)
    assert _objects(store) == 2


async def test_a_full_disk_fails_the_group_and_leaves_nothing(store: Counting) -> None:
    pages = store._file._writer.execute("PRAGMA page_count").fetchone()[0]
    store._file._writer.execute(f"PRAGMA max_page_count = {pages + 40}")
    results = await asyncio.gather(*(put(store, f"{ALICE}{n}", PHOTO) for n in range(3)), return_exceptions=True)
    assert any(isinstance(result, NoSpace) for result in results)
    for n, result in enumerate(results):
        assert (await store.head(f"{ALICE}{n}") is None) == isinstance(result, NoSpace)
    with pytest.raises(NoSpace):
        await put(store, BOB, VIDEO)
    assert await store.sweep(1 << 62) == 0  # what was written of it before the disk was full is gone


async def test_room_is_given_back_by_sweeping(store: Counting, tmp_path: Path) -> None:
    for n in range(40):
        await put(store, f"{ALICE}{n}", filler(MIB, n))
    for n in range(39):
        await store.delete(f"{ALICE}{n}")
    store._file._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (tmp_path / FILE).stat().st_size
    await store.sweep(0)
    store._file._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (tmp_path / FILE).stat().st_size < before / 2
    assert await read(store, f"{ALICE}39") == filler(MIB, 39)


async def test_another_process_may_not_have_it_as_well(store: Counting, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="in use by another process"):
        SqliteStore("small", tmp_path)


async def test_a_file_that_was_taken_away(store: Counting, tmp_path: Path) -> None:
    await put(store, ALICE, PHOTO)
    os.rename(tmp_path / FILE, tmp_path / "away.db")
    for call in (put(store, BOB, PHOTO), store.head(BOB), store.marker(), store.check(), store.delete(ALICE)):
        with pytest.raises(Unavailable):
            await call
    os.rename(tmp_path / "away.db", tmp_path / FILE)
    assert await read(store, ALICE) == PHOTO


async def test_what_an_ended_process_left_goes_and_its_uploads_stay(tmp_path: Path) -> None:
    first = Counting(tmp_path)
    await put(first, ALICE, PHOTO)
    with pytest.raises(KeyTaken):
        await put(first, ALICE, OTHER)
    upload_id, parts = await upload(first, BOB, PHOTO)
    await first.close()
    second = Counting(tmp_path)
    assert await second.sweep_temporary() == 1
    with pytest.raises(KeyTaken) as mine:
        await put(second, ALICE, OTHER)
    assert await second.sweep_temporary() == 0  # it is this process's
    await second.discard(mine.value.staged)
    await second.complete_multipart(BOB, upload_id, parts, length=None)
    assert await read(second, BOB) == PHOTO
    assert _objects(second) == 2
    await second.close()


async def test_the_mark_is_seen_without_opening_the_store(store: Counting, tmp_path: Path) -> None:
    assert not is_marked(tmp_path / "elsewhere")
    assert not is_marked(tmp_path)
    await store.mark("instance")
    assert is_marked(tmp_path)


async def test_nobody_else_can_read_the_file(store: Counting, tmp_path: Path) -> None:
    await put(store, ALICE, PHOTO)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob(f"{FILE}*")} == {0}


async def test_reads_go_on_while_somebody_writes(store: Counting) -> None:
    await put(store, ALICE, VIDEO)
    store.gate.clear()
    writing = asyncio.create_task(put(store, BOB, PHOTO))
    assert await read(store, ALICE) == VIDEO
    assert await store.head(BOB) is None
    store.gate.set()
    await writing


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    await store.close()
    await store.close()
    with pytest.raises(Unavailable):
        await put(store, ALICE, PHOTO)


def _objects(store: Counting) -> int:
    with sqlite3.connect(store._file._path) as db:
        return int(db.execute("SELECT COUNT(*) FROM objects").fetchone()[0])
