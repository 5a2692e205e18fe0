"""The ledger and the limits: who may store how much more, and that nothing is charged that was refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.db import Database, Tx
from app.kernel import quota, sync
from app.kernel.config import Config, Locker, Quota
from app.kernel.errors import AppError, PaymentRequired, StorageFull
from tests.inprocess import Person, World

MIB = 1 << 20
LIMIT, SLACK, NOW = 100 * MIB, 10 * MIB, 1_000_000
CONFIG = Config(quota=Quota(default=LIMIT, tolerance=SLACK), locker=Locker(files=3, storage=20 * MIB))


@pytest.fixture
def db(world: World) -> Database:
    return world.kernel.db


def _set(tx: Tx, user_id: int, own: int | None, ends_at: int | None = None) -> None:
    tx.run("UPDATE users SET quota = :own, plan_ends_at = :ends_at WHERE user_id = :user_id", user_id=user_id, own=own, ends_at=ends_at)


async def charge(db: Database, p: Person, size: int, files: int = 1, app: str = "photos", config: Config = CONFIG) -> None:
    await db.write("t", quota.charge_checked, config, p.user_id, app, size, NOW, files)


async def check(db: Database, p: Person, size: int | None, app: str = "photos", config: Config = CONFIG, **more: Any) -> None:
    await db.read(quota.check, config, p.user_id, app, size, NOW, **more)


async def test_the_limit_of_an_account(db: Database, alice: Person) -> None:
    assert await db.read(quota.plan, CONFIG, alice.user_id) == quota.Plan(LIMIT, None)
    assert await db.read(quota.plan, CONFIG, 1) == quota.Plan(LIMIT, None)
    for own, limit in ((7, 7), (0, quota.UNLIMITED)):
        await db.write("t", _set, alice.user_id, own, 55)
        assert await db.read(quota.plan, CONFIG, alice.user_id) == quota.Plan(limit, 55)
    open_end = Config(quota=Quota(default=0))
    assert (await db.read(quota.plan, open_end, 1)).limit == quota.UNLIMITED < 1 << 53


async def test_the_ledger_adds_up_per_account_and_app(db: Database, alice: Person, bob: Person) -> None:
    assert await db.read(quota.used, alice.user_id, "photos") == (0, 0)
    for size, files in ((5, 1), (7, 2), (-4, -1)):
        await db.write("t", quota.charge, alice.user_id, "photos", size, files)
    await charge(db, bob, 3)
    await charge(db, alice, 9, app="locker")
    assert [await db.read(quota.used, p.user_id, app) for p, app in ((alice, "photos"), (alice, "locker"), (bob, "photos"), (bob, "locker"))] == [
        (8, 2), (9, 1), (3, 1), (0, 0),
    ]  # fmt: skip


async def test_a_sized_request_may_pass_the_limit_by_the_tolerance(db: Database, alice: Person) -> None:
    await charge(db, alice, LIMIT)
    await check(db, alice, SLACK)
    with pytest.raises(StorageFull):
        await check(db, alice, SLACK + 1)
    with pytest.raises(StorageFull):
        await charge(db, alice, SLACK + 1)
    assert await db.read(quota.used, alice.user_id, "photos") == (LIMIT, 1), "a refused charge changes nothing"
    await check(db, alice, None)  # exactly at the limit is not beyond it
    await charge(db, alice, SLACK)
    with pytest.raises(StorageFull):
        await check(db, alice, None)
    with pytest.raises(StorageFull):
        await charge(db, alice, 1)


async def test_giving_back_is_never_refused(db: Database, alice: Person) -> None:
    await charge(db, alice, LIMIT)
    await db.write("t", _set, alice.user_id, 1, NOW - 1)
    await charge(db, alice, -LIMIT, -1)
    assert await db.read(quota.used, alice.user_id, "photos") == (0, 0)


async def test_replacing_a_file_is_checked_by_its_growth(db: Database, alice: Person) -> None:
    await charge(db, alice, LIMIT + SLACK)
    await charge(db, alice, -1, 0)
    await charge(db, alice, 0, 0)
    with pytest.raises(StorageFull):
        await charge(db, alice, 2, 0)


async def test_an_ended_plan(db: Database, alice: Person) -> None:
    await db.write("t", _set, alice.user_id, None, NOW - 1)
    for size in (None, 0, 1):
        with pytest.raises(PaymentRequired):
            await check(db, alice, size)
    await db.write("t", _set, alice.user_id, None, NOW)
    await check(db, alice, 1)


async def test_the_limit_of_locker_is_its_own(db: Database, alice: Person) -> None:
    await charge(db, alice, LIMIT)
    for _ in range(2):
        await charge(db, alice, 5 * MIB, app="locker")
    with pytest.raises(StorageFull):
        await charge(db, alice, 10 * MIB, app="locker")  # its limit has no slack and is never reached
    await charge(db, alice, 10 * MIB - 1, app="locker")
    with pytest.raises(AppError) as refused:
        await charge(db, alice, 0, app="locker")
    assert (refused.value.status, refused.value.code) == (403, "FILE_LIMIT_REACHED")
    with pytest.raises(AppError):
        await check(db, alice, None, "locker")
    await check(db, alice, 0, "locker", files=0)
    assert await db.read(quota.used, alice.user_id, "locker") == (20 * MIB - 1, 3)


async def test_locker_without_limits(db: Database, alice: Person) -> None:
    config = Config(quota=Quota(default=1, tolerance=0))
    for _ in range(4):
        await charge(db, alice, LIMIT, app="locker", config=config)
    await check(db, alice, None, "locker", config)


async def test_commits_at_once_do_not_pass_the_limit_together(db: Database, alice: Person) -> None:
    def commit(tx: Tx) -> None:
        sync.lock_account(tx, alice.user_id)
        quota.charge_checked(tx, CONFIG, alice.user_id, "photos", 10 * MIB, NOW)

    got = await asyncio.gather(*(db.write("t", commit) for _ in range(24)), return_exceptions=True)
    assert sorted(type(g).__name__ for g in got) == ["NoneType"] * 11 + ["StorageFull"] * 13
    assert await db.read(quota.used, alice.user_id, "photos") == (110 * MIB, 11)
