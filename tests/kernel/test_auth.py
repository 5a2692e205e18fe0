"""From a credential to an actor: tokens, apps, age, and when a token was last used."""

from __future__ import annotations

from app.db import Tx
from app.kernel import sessions
from app.kernel.clock import DAY, MINUTE
from tests.inprocess import AUTH, LOCKER, PHOTOS, Person, World

ANY_APP, STORAGE = "/remote-store/feature-flags", "/user-entity/entity/diff?type=x&sinceTime=0&limit=1"


async def test_the_header_wins_over_the_query(alice: Person, bob: Person) -> None:
    path = "/billing/subscription"
    assert (await alice.get(f"{path}?token={alice.token}", token=None)).json()["subscription"]["userID"] == alice.user_id
    assert (await alice.get(f"{path}?token={bob.token}")).json()["subscription"]["userID"] == alice.user_id
    await alice.get(f"{path}?token={alice.token}", token="A" * 44, expect=401)


async def test_refusals_name_the_reason_and_nothing_else(world: World, alice: Person) -> None:
    for query in ("", "?token=", "?Token=x"):
        assert (await alice.get(ANY_APP + query, token=None, expect=401)).json() == {"error": "missing token"}
    for token in ("x", "A" * 44, " ", (alice.token or "")[:-1], (alice.token or "").swapcase(), (alice.token or "") + "=", "é", "x" * 100_000):
        assert (await alice.get(ANY_APP, token=token, expect=401)).json() == {"error": "invalid token"}


async def test_a_token_is_good_in_its_own_app_only(world: World, alice: Person) -> None:
    devices = {PHOTOS: alice, AUTH: await world.in_app(alice, AUTH), LOCKER: await world.in_app(alice, LOCKER)}
    for own, device in devices.items():
        for package in devices:
            expect = 200 if package == own else 401
            await device.get(ANY_APP, headers={"x-client-package": package}, expect=expect)
    await alice.get(ANY_APP, headers={"x-client-package": ""})


async def test_the_auth_app_stores_no_files(world: World, alice: Person) -> None:
    assert (await (await world.in_app(alice, AUTH)).get(STORAGE, expect=403)).json() == {"error": "invalid app for endpoint"}
    await (await world.in_app(alice, LOCKER)).get(STORAGE)
    await alice.get(STORAGE)


async def test_a_token_that_rested_a_year_is_expired(world: World, alice: Person) -> None:
    world.clock.advance(365 * DAY)
    await alice.get(ANY_APP)
    world.clock.advance(1)
    assert (await alice.get(ANY_APP, expect=401)).json() == {"error": "token expired"}


async def test_a_revoked_token_fails_at_once(world: World, alice: Person) -> None:
    await alice.get(ANY_APP)
    await world.kernel.db.write("t", lambda tx: tx.run("DELETE FROM sessions"))
    assert (await alice.get(ANY_APP, expect=401)).json() == {"error": "invalid token"}


def _last_used(tx: Tx) -> list[tuple[int, str, str]]:
    return [(a, b, c) for a, b, c in tx.all("SELECT last_used_at, ip, user_agent FROM sessions")]


async def test_use_is_noted_once_a_minute_and_never_in_the_way(world: World, alice: Person) -> None:
    db, touches = world.kernel.db, world.kernel.last_used
    made = world.clock.now()
    await alice.get(ANY_APP)
    world.clock.advance(MINUTE)
    await alice.get(ANY_APP)
    assert touches.take() == []
    world.clock.advance(1)
    first = world.clock.now()
    await alice.get(ANY_APP, headers={"user-agent": "first" + "x" * 1000})
    world.clock.advance(5)
    await alice.get(ANY_APP, headers={"user-agent": "second"})
    assert await db.read(_last_used) == [(made, "10.0.0.1", "test")]
    seen = touches.take()
    assert touches.take() == []
    await db.write("t", sessions.touch, seen)
    assert await db.read(_last_used) == [(first, alice.ip, ("first" + "x" * 1000)[:512])]


async def test_refused_tokens_leave_no_trace(world: World, alice: Person) -> None:
    world.clock.advance(DAY)
    await alice.get(ANY_APP, token="A" * 44, expect=401)
    await alice.get(ANY_APP, headers={"x-client-package": AUTH}, expect=401)
    assert world.kernel.last_used.take() == []
