"""Things about trust that happen at the same moment."""

from __future__ import annotations

import asyncio

from app.closing.deletion import close
from tests.inprocess import Person, World
from tests.legacy.scenes import NOTHING, answer, by_friend, info, invite, move, start, trust


async def test_two_people_who_trust_each_other_go_at_once(world: World, alice: Person, bob: Person, carol: Person) -> None:
    for owner, friend in ((alice, bob), (bob, alice), (alice, carol), (carol, bob)):
        await trust(owner, friend)
    now = world.clock.now()
    await asyncio.gather(*(world.kernel.db.write("test.close", close, world.kernel, p.user_id, "{}", now) for p in (alice, bob)))
    states = await world.kernel.db.read(lambda tx: tx.all("SELECT DISTINCT encrypted_key FROM emergency_contacts"))
    assert states == [(None,)]
    assert await info(carol) == NOTHING


async def test_accepting_and_revoking_at_once(alice: Person, bob: Person) -> None:
    for _ in range(5):
        await invite(alice, bob)
        await asyncio.gather(move(bob, alice, bob, "ACCEPTED"), move(alice, alice, bob, "REVOKED"))
        assert await info(alice) == NOTHING == await info(bob)  # whoever was first, the owner's word stands


async def test_a_new_password_and_a_refusal_at_once(world: World, alice: Person, bob: Person) -> None:
    await trust(alice, bob)
    begun = await start(alice, bob)
    await answer(alice, alice, bob, begun, "approve")
    change = by_friend(bob, begun)
    await change.begin()
    done, _ = await asyncio.gather(change.finish(), answer(alice, alice, bob, begun, "reject", expect=(200, 401)))
    (status,) = await world.kernel.db.read(lambda tx: tx.one("SELECT status FROM emergency_recoveries")) or ("",)
    assert (done.status, status) in ((200, "RECOVERED"), (400, "REJECTED"))
    assert await change.logs_in(world) == (done.status == 200)
