"""The race of `race.py` in process, fast: on PostgreSQL through two engines, as two server processes would; clocks go forwards and backwards."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.db import Tx
from app.db.postgres.database import PostgresDatabase
from app.kernel import sync
from app.kernel.clock import SECOND, ManualClock
from app.kernel.limits import RateLimiter
from app.kernel.parts import Kernel
from app.kernel.sessions import LastUsed
from app.main import create_app
from tests.db import race
from tests.db.race import Race, Reader, Somebody
from tests.engines import PATIENT
from tests.files import photos
from tests.inprocess import Api, Person, World

SEED = int(os.environ.get("DARKROOM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)


@asynccontextmanager
async def kernels(world: World) -> AsyncIterator[list[Kernel]]:
    """The world's kernel and, where several processes may serve one database, a second with nothing in memory in common."""
    db = world.kernel.db
    if not isinstance(db, PostgresDatabase):
        yield [world.kernel]
        return
    second = PostgresDatabase(db.url, 8, PATIENT)
    await second.start()
    try:
        clock = ManualClock(world.clock.now())
        limiter = RateLimiter(world.kernel.config.limits, second, clock, shared=True)
        yield [world.kernel, dataclasses.replace(world.kernel, db=second, clock=clock, limiter=limiter, last_used=LastUsed())]
    finally:
        await second.stop()


async def people(world: World, count: int) -> list[Somebody]:
    """Owners whose home albums are shared with all the others as collaborators, and a viewer of all of them, the last."""
    made = [await world.person(f"p{n}") for n in range(count + 1)]
    out = [Somebody(p.email, p.email, p.user_id, p.token or "") for p in made]
    for person, somebody in zip(made[:-1], out, strict=False):
        somebody.home, somebody.spare = await photos.album(person), await photos.album(person)
        for other in made:
            if other is not person:
                await photos.share(person, somebody.home, other, "VIEWER" if other is made[-1] else "COLLABORATOR")
    return out


@pytest.mark.parametrize("page", [7, 2500])
async def test_no_reader_misses_a_change(world: World, page: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Seven rows a page, so that pages end in the middle of everything, and a whole library a page."""
    caplog.set_level(logging.DEBUG, "darkroom.db")  # which transactions were tried again, and why
    monkeypatch.setattr("tests.inprocess.strict.check", lambda *_: None)  # most of the race's time; others look at such answers
    monkeypatch.setattr(sync, "PAGE", page)
    monkeypatch.setattr(sync.page, "__defaults__", (page,))
    async with kernels(world) as kernels_:
        apps = [create_app(k) for k in kernels_]
        jitter = random.Random(SEED)
        *owners, viewer = await people(world, 3)

        async def call(who: Somebody, method: str, path: str, body: Any) -> tuple[int, Any]:
            app = jitter.choice(apps)
            clock = app.kernel.clock
            assert isinstance(clock, ManualClock)
            clock.advance(jitter.randrange(-SECOND, 2 * SECOND))
            answer = await Api(app, who.token, ip=f"10.1.1.{who.user_id % 250}").call(method, path, body, expect=None)
            return answer.status, answer.json() if answer.content else None

        async def stage(who: Somebody) -> str:
            return await photos.staged(world, Person(None, who.user_id, who.email, who.token), 10)

        contest = Race(call, stage, owners, SEED)
        readers = [Reader(contest, who) for who in (*owners, viewer)]
        await race.run(contest, readers, [owners[n % 3] for n in range(16)], most=12)
        await the_books_agree(world)
    deadlocks = [line for line in caplog.messages if "DeadlockDetected" in line]
    assert deadlocks == [], "locks are taken in one order, and none that a foreign key's check waits for"


async def the_books_agree(world: World) -> None:
    wrong = await world.kernel.db.scan(
        lambda tx: tx.all(
            "SELECT u.user_id, u.bytes, u.files, COALESCE(sum(f.file_size + f.thumb_size), 0), count(f.file_id) FROM usage u "
            "LEFT JOIN files f ON f.owner_id = u.user_id AND f.app = u.app AND NOT f.is_deleted GROUP BY u.user_id, u.bytes, u.files "
            "HAVING u.bytes <> COALESCE(sum(f.file_size + f.thumb_size), 0) OR u.files <> count(f.file_id)"
        )
    )
    assert wrong == []
    homeless = await world.kernel.db.scan(
        lambda tx: tx.all(
            "SELECT f.file_id FROM files f LEFT JOIN trash t ON t.file_id = f.file_id AND NOT t.is_restored "
            "WHERE (CASE WHEN f.is_deleted THEN 1 WHEN t.file_id IS NOT NULL THEN 1 ELSE 0 END) = (CASE WHEN EXISTS "
            "(SELECT 1 FROM collection_files m WHERE m.file_id = f.file_id AND NOT m.is_deleted) THEN 1 ELSE 0 END)"
        )
    )
    assert homeless == [], "live in an album, in the trash or gone: exactly one of these"


async def test_rows_that_refer_to_locked_ones_are_inserted_meanwhile(world: World, alice: Person, bob: Person) -> None:
    """The check of a foreign key takes a lock of its own: were the rows locked FOR UPDATE, two of these could wait for each other."""
    if not isinstance(world.kernel.db, PostgresDatabase):
        return  # a single writer
    album = await photos.album(alice)
    held, done = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        sync.lock_account(tx, alice.user_id)
        sync.lock_collections(tx, [album])
        sync.stamp_collections(tx, 0, [album])
        tx.value("SELECT 1")
        held.set()
        assert done.wait(20)

    def refer(tx: Tx) -> None:
        assert held.wait(20)
        tx.run("SET LOCAL lock_timeout = '1s'")
        tx.run("INSERT INTO objects (object_key, owner_id, store, size, state, created_at) VALUES ('k', :u, 'm', 1, 'pending', 1)", u=alice.user_id)
        tx.run(
            "INSERT INTO collection_shares (collection_id, to_user_id, role, encrypted_key, updation_time, shared_at) "
            "VALUES (:album, :bob, 'VIEWER', '', 1, 1)",
            album=album,
            bob=bob.user_id,
        )

    async def other() -> None:
        try:
            await world.kernel.db.write("test.refer", refer)
        finally:
            done.set()

    await asyncio.gather(world.kernel.db.write("test.hold", hold), other())
