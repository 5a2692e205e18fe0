"""16 writers and 4 readers over HTTP: on PostgreSQL against two server processes on one database and one folder of objects, on SQLite one.

No reader misses a change, none is sent in circles, and each mirror built from diffs equals a fresh full sync. `-m slow` races for a minute.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.db import race
from tests.db.race import Race, Reader
from tests.db.wire import UNBOUND, Wire
from tests.engines import drop_postgres, new_postgres
from tests.wire.process import RunningServer, start_server

SEED = int(os.environ.get("DARKROOM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)


@pytest.fixture
def servers(engine: str, tmp_path: Path) -> Iterator[list[RunningServer]]:
    """Whose database, when they have stopped, knows of no deadlock."""
    if engine == "sqlite":
        running = [start_server(tmp_path, extra_toml=UNBOUND)]
        yield running
        running[0].stop()
        return
    url = new_postgres()
    objects = f'{UNBOUND}[[storage]]\nkind = "filesystem"\npath = "{tmp_path / "objects-of-both"}"\n'
    (tmp_path / "objects-of-both").mkdir()
    running = []
    try:
        for n in range(2):
            home = tmp_path / f"server{n}"
            (home / "data").mkdir(parents=True)
            if running:  # the second is given the first's keys, as an operator would
                shutil.copy(running[0].data_dir / "secrets.toml", home / "data")
            running.append(start_server(home, database_url=url, extra_toml=objects))
        yield running
        for server in running:
            server.stop()
        assert deadlocks(url) == 0, "locks are taken in one order, and none that a foreign key's check waits for"
    finally:
        for server in running:
            server.kill()
        drop_postgres(url)


def deadlocks(url: str) -> int:
    """How many the server has broken; a connection's are counted at its end."""
    with psycopg.connect(url) as db:
        (count,) = db.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone() or (0,)
        return int(count)


async def compete(urls: list[str], seconds: float) -> Race:
    wire = Wire(urls, SEED)
    try:
        *owners, viewer = await wire.people()
        contest = Race(wire.call, wire.stage, owners, SEED)
        readers = [Reader(contest, who) for who in (*owners, viewer)]
        await race.run(contest, readers, [owners[n % 3] for n in range(16)], most=1 << 30, seconds=seconds)
        return contest
    finally:
        await wire.close()


def test_no_reader_misses_a_change(servers: list[RunningServer]) -> None:
    contest = asyncio.run(compete([s.url for s in servers], 6))
    assert contest.counts["commit 200"] > 5


@pytest.mark.slow
def test_no_reader_misses_a_change_in_a_minute(servers: list[RunningServer]) -> None:
    contest = asyncio.run(compete([s.url for s in servers], 60))
    assert contest.counts["commit 200"] > 100
