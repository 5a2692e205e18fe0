"""Budgets: per account or neighbourhood, in windows, and across restarts where a secret is guarded."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db import Database
from app.kernel import limits as ratelimit
from app.kernel.clock import DAY, SECOND, ManualClock
from app.kernel.config import Limit, Limits
from app.kernel.errors import Gate
from app.kernel.limits import RateLimiter
from tests.inprocess import World

LIMITS = Limits(
    sensitive=Limit(count=3, seconds=60), preview=Limit(count=3, seconds=60), address=Limit(count=2, seconds=1), public_key=Limit(count=0, seconds=60)
)
DURABLE, FLEETING, OFF = "sensitive", "preview", "public_key"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def db(world: World) -> Database:
    return world.kernel.db


@pytest.fixture
def limiter(db: Database, clock: ManualClock) -> RateLimiter:
    return RateLimiter(LIMITS, db, clock)


async def passes(limiter: RateLimiter, name: str, key: str, times: int = 20) -> int:
    """How many of so many requests get through."""
    return sum([await limiter.left(name, key) for _ in range(times)])


@pytest.mark.parametrize("name", [DURABLE, FLEETING])
class TestWindows:
    async def test_a_budget_is_used_up_and_comes_back(self, limiter: RateLimiter, clock: ManualClock, name: str) -> None:
        assert await passes(limiter, name, "user 1 /x") == 3
        clock.advance(60 * SECOND - 1)
        assert await passes(limiter, name, "user 1 /x") == 0
        clock.advance(1)
        assert await passes(limiter, name, "user 1 /x") == 3

    async def test_refused_requests_do_not_lengthen_the_window(self, limiter: RateLimiter, clock: ManualClock, name: str) -> None:
        for _ in range(12):
            await passes(limiter, name, "user 1 /x", 5)
            clock.advance(5 * SECOND)
        assert await passes(limiter, name, "user 1 /x") == 3

    async def test_nobody_uses_up_anothers(self, limiter: RateLimiter, name: str) -> None:
        for key in ("user 1 /x", "user 2 /x", "user 1 /y", "ip 10.0.0.1 /x", "ip 10.0.0.2 /x", "user 1", "", "ip", "ip nonsense:x", "it's; --"):
            assert await passes(limiter, name, key) == 3, key

    async def test_the_refusal(self, limiter: RateLimiter, name: str) -> None:
        for _ in range(3):
            await limiter.allow(name, "k")
        with pytest.raises(Gate) as e:
            await limiter.allow(name, "k")
        assert (e.value.status, e.value.body()) == (429, b'{"error":"Rate limit breached, try later"}')

    async def test_a_neighbourhood_of_ipv6_is_one_client(self, limiter: RateLimiter, name: str) -> None:
        keys = [f"ip 2001:db8:1:2:{n:x}::1 /x" for n in range(1, 20)]
        assert sum([await limiter.left(name, k) for k in keys]) == 3
        assert await limiter.left(name, "ip 2001:db8:1:3::1 /x")
        assert await limiter.left(name, "ip 2001:db8:1:2::1 /y")

    async def test_a_clock_that_was_ahead_locks_nobody_out(self, limiter: RateLimiter, clock: ManualClock, name: str) -> None:
        clock.advance(900 * DAY)
        assert await passes(limiter, name, "k") == 3
        clock.advance(-900 * DAY)
        assert await passes(limiter, name, "k") == 3

    async def test_a_clock_that_trembles_gives_nothing_away(self, limiter: RateLimiter, clock: ManualClock, name: str) -> None:
        assert await passes(limiter, name, "k") == 3
        for step in (-30 * SECOND, 20 * SECOND, -20 * SECOND, 5 * SECOND):
            clock.advance(step)
            assert await passes(limiter, name, "k") == 0


async def test_a_count_of_nought_is_no_limit(limiter: RateLimiter) -> None:
    assert await passes(limiter, OFF, "k", 500) == 500
    await limiter.allow(OFF, "k")


async def test_only_what_guards_a_secret_survives_a_restart(db: Database, clock: ManualClock) -> None:
    before, after = RateLimiter(LIMITS, db, clock), RateLimiter(LIMITS, db, clock)
    for name, left in ((DURABLE, 0), (FLEETING, 3)):
        assert await passes(before, name, "k") == 3
        assert await passes(after, name, "k") == left


async def test_processes_that_share_a_database_share_the_budget(db: Database, clock: ManualClock) -> None:
    limits = Limits(preview=Limit(count=100, seconds=60))
    several = [RateLimiter(limits, db, clock, shared=True) for _ in range(3)]
    got = 0
    for _ in range(200):
        for limiter in several:
            got += await limiter.left("preview", "k")
    assert 100 <= got <= 115  # a twentieth per process
    clock.advance(60 * SECOND)
    assert await several[0].left("preview", "k")


async def test_every_request_counts_for_its_address(limiter: RateLimiter, clock: ManualClock) -> None:
    assert [limiter.address_ok("10.0.0.1") for _ in range(4)] == [True, True, False, False]
    assert limiter.address_ok("10.0.0.2")
    assert [limiter.address_ok(f"2001:db8::{n}") for n in range(1, 4)] == [True, True, False]
    clock.advance(SECOND)
    assert limiter.address_ok("10.0.0.1")


async def test_no_address_limit(db: Database, clock: ManualClock) -> None:
    limiter = RateLimiter(Limits(address=Limit(count=0, seconds=1)), db, clock)
    assert all(limiter.address_ok("10.0.0.1") for _ in range(5000))


async def test_a_flood_of_addresses_pushes_out_the_oldest_only(limiter: RateLimiter, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratelimit, "_KEEP", 100)
    for n in range(1000):
        limiter.address_ok(f"10.1.{n >> 8}.{n & 255}")
    assert len(limiter._counters) == 100
    assert limiter.address_ok("10.1.3.231")
    assert not limiter.address_ok("10.1.3.231")


async def test_old_counters_are_dropped(limiter: RateLimiter, db: Database, clock: ManualClock) -> None:
    await limiter.left(DURABLE, "old")
    clock.advance(DAY)
    await limiter.left(DURABLE, "new")
    assert await db.write("t", ratelimit.forget, clock.now() - 60 * SECOND) == 1
    assert await db.read(lambda tx: tx.all("SELECT bucket FROM rate_counters")) == [("sensitive:new",)]


def test_each_durable_budget_exists() -> None:
    assert set(Limits.model_fields) >= ratelimit.DURABLE


async def test_the_database_file_is_enough(tmp_path: Path) -> None:
    """A killed process forgets nothing that was answered."""
    from app.db.sqlite import SqliteDatabase

    clock = ManualClock()
    for left in (3, 0):
        db = SqliteDatabase(tmp_path / "darkroom.db")
        await db.start()
        assert await passes(RateLimiter(LIMITS, db, clock), DURABLE, "k") == left
        await db.stop()
