"""Background jobs: leases, failures, recording when sessions were used."""

from __future__ import annotations

import asyncio

from app.kernel.clock import DAY, MINUTE, SECOND
from app.kernel.jobs import Job, is_leased, run_jobs, run_leased, take_lease
from app.kernel.parts import Kernel
from tests.inprocess import Person, World


async def test_a_lease_belongs_to_its_holder_until_it_ends(world: World) -> None:
    async def take(holder: str, now: int) -> bool:
        return await world.kernel.db.write("test.lease", take_lease, "sweep", holder, now, now + 10)

    assert await take("one", 100) is True
    assert await take("two", 105) is False
    assert await take("one", 106) is True  # its holder may renew it
    assert await take("two", 115) is False
    assert await take("two", 116) is True
    assert await take("one", 117) is False


async def test_a_lease_that_was_taken_under_a_clock_in_the_future_holds_nobody_up(world: World) -> None:
    async def take(holder: str, now: int) -> bool:
        return await world.kernel.db.write("test.lease", take_lease, "sweep", holder, now, now + 60 * SECOND)

    now = world.clock.now()
    assert await take("one", now + 365 * DAY)
    assert not await world.kernel.db.read(is_leased, "sweep", now)
    assert await take("two", now), "the clock was set right since"
    assert await world.kernel.db.read(is_leased, "sweep", now)
    assert not await take("one", now + 1)


async def test_of_two_processes_one_runs_a_job(world: World) -> None:
    ran: list[str] = []

    async def work(kernel: Kernel) -> None:
        ran.append("x")

    job = Job("work", 60, work)
    await asyncio.gather(*(run_leased(world.kernel, job, holder) for holder in ("one", "two", "three")))
    assert ran == ["x"]


async def test_a_failing_job_is_tried_again_at_its_next_turn(world: World) -> None:
    tries: list[int] = []

    async def work(kernel: Kernel) -> None:
        tries.append(kernel.clock.now())
        raise RuntimeError("no")

    job = Job("work", 60, work)
    await run_leased(world.kernel, job, "one")
    world.clock.advance(60 * SECOND)
    await run_leased(world.kernel, job, "two")
    assert len(tries) == 2


async def test_the_scheduler_records_session_use_and_stops_when_told(world: World, alice: Person) -> None:
    ran = asyncio.Event()

    async def work(kernel: Kernel) -> None:
        ran.set()

    world.clock.advance(2 * MINUTE)
    await alice.get("/authenticator/entity/diff?sinceTime=0&limit=5")
    task = asyncio.create_task(run_jobs(world.kernel, [Job("work", 60, work)]))
    await asyncio.wait_for(ran.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    used = await world.kernel.db.read(lambda tx: tx.value("SELECT last_used_at FROM sessions WHERE user_id = :u", u=alice.user_id))
    assert used == world.clock.now()
