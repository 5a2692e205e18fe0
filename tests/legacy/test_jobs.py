"""What happens to recoveries by themselves: reminders, readiness, forgetting (misc.md §15)."""

from __future__ import annotations

import logging

import pytest

from app.kernel.clock import DAY, HOUR
from app.legacy import waiting
from app.legacy.jobs import remind, sweep
from tests.inprocess import Person, World
from tests.legacy.scenes import info, make_kit, proof, start, trust


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [r.getMessage() for r in caplog.records if r.name == "darkroom.legacy"]
    caplog.clear()
    return lines


async def days(world: World, n: int) -> None:
    """Time passes, and the job comes by every hour."""
    for _ in range(n * 24):
        world.clock.advance(HOUR)
        await remind(world.kernel)


async def test_an_owner_is_reminded_until_the_time_is_over(world: World, alice: Person, bob: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await trust(alice, bob)
    await start(alice, bob)
    caplog.clear()
    left = []
    for _ in range(30):
        await days(world, 1)
        left += [line for line in said(caplog) if "due" in line]
    assert [line.split(", ")[-1] for line in left] == [f"{n} days left)" for n in (23, 16, 9, 2)]
    (status,) = await world.kernel.db.read(lambda tx: tx.one("SELECT status FROM emergency_recoveries")) or ("",)
    assert status == "READY"
    assert (await info(bob))["othersRecoverySession"][0]["status"] == "READY"
    caplog.clear()
    await days(world, 2)
    assert said(caplog) == []


async def test_both_are_told_when_the_time_is_over(world: World, alice: Person, bob: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await trust(alice, bob, 2)
    kit = await make_kit(alice, 24)
    await start(alice, bob)
    opened = await kit.open(world.anon())
    caplog.clear()
    world.clock.advance(3 * DAY)
    await remind(world.kernel)
    told = said(caplog)
    assert len([line for line in told if "recoverable" in line]) == 3
    assert (await world.anon().post("/legacy-kits/recovery/session", proof(opened))).json()["status"] == "READY"
    await remind(world.kernel)
    assert said(caplog) == []


def test_when_the_job_looks() -> None:
    assert waiting.first_look(0, 30 * DAY) == 7 * DAY
    assert waiting.first_look(0, 7 * DAY) == DAY
    assert waiting.first_look(0, HOUR) == HOUR
    assert waiting.next_look(7 * DAY, 30 * DAY, 7 * DAY) == (14 * DAY, True)
    assert waiting.next_look(21 * DAY, 30 * DAY, 21 * DAY + HOUR) == (28 * DAY, True)
    assert waiting.next_look(28 * DAY, 30 * DAY, 28 * DAY + HOUR) == (30 * DAY, True)
    assert waiting.next_look(29 * DAY, 30 * DAY, 29 * DAY) == (30 * DAY, False)
    assert waiting.next_look(7 * DAY, 30 * DAY, 20 * DAY) == (21 * DAY, True)  # the server was off
    assert waiting.next_look(24 * DAY, 30 * DAY, 29 * DAY) == (30 * DAY, True)


async def test_what_is_over_is_forgotten(world: World, alice: Person) -> None:
    kit, finder = await make_kit(alice), world.anon()
    opened = await kit.open(finder)
    await alice.delete(f"/legacy-kits/{kit.id}")
    kept = await make_kit(alice)
    await sweep(world.kernel)
    assert (await finder.post("/legacy-kits/recovery/session", proof(opened))).json()["status"] == "BLOCKED"
    world.clock.advance(31 * DAY)
    await sweep(world.kernel)
    await finder.post("/legacy-kits/recovery/session", proof(opened), expect=404)
    assert await world.kernel.db.read(lambda tx: tx.all("SELECT id FROM legacy_kits")) == [(kept.id,)]


async def test_kits_of_an_account_that_cannot_come_back_are_forgotten(world: World, alice: Person) -> None:
    await make_kit(alice)
    now = world.clock.now()
    await world.kernel.db.write("test.delete", lambda tx: tx.run("UPDATE users SET deleted_at = :now WHERE user_id = :u", now=now, u=alice.user_id))

    async def left() -> int:
        return int(await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM legacy_kits")))

    await sweep(world.kernel)
    assert await left() == 1
    for wait in (9, 31):
        world.clock.advance(wait * DAY)
        await sweep(world.kernel)
    assert await left() == 0
