"""How many addresses one may look up (accounts.md §6)."""

from __future__ import annotations

import pytest

from app.kernel import people
from app.kernel.clock import DAY, MINUTE
from app.kernel.errors import TooMany
from tests.inprocess import Person, World


async def test_the_same_address_is_free(world: World, alice: Person, bob: Person) -> None:
    for _ in range(70):
        assert await people.look_up(world.kernel, alice.user_id, f" {bob.email.upper()}") == bob.user_id


async def test_unknown_addresses_run_out_first(world: World, alice: Person, bob: Person) -> None:
    find = people.look_up
    for n in range(5):
        assert await find(world.kernel, alice.user_id, f"nobody{n}@example.net") is None
    for _ in range(2):  # what was refused is not free the next time
        with pytest.raises(TooMany):
            await find(world.kernel, alice.user_id, "nobody5@example.net")
    assert await find(world.kernel, alice.user_id, "nobody0@example.net") is None, "known already"
    with pytest.raises(TooMany):
        await find(world.kernel, alice.user_id, bob.email)  # somebody's new address waits too: the refusal says nothing
    assert await find(world.kernel, bob.user_id, "nobody5@example.net") is None, "every person has an own one"
    world.clock.advance(MINUTE + 1)
    assert await find(world.kernel, alice.user_id, bob.email) == bob.user_id
    for n in range(5):
        await find(world.kernel, alice.user_id, f"later{n}@example.net")
    world.clock.advance(MINUTE + 1)
    with pytest.raises(TooMany):
        await find(world.kernel, alice.user_id, "eleventh@example.net")
    world.clock.advance(DAY)
    assert await find(world.kernel, alice.user_id, "eleventh@example.net") is None


async def test_fifty_people_a_day(world: World, alice: Person) -> None:
    many = [await world.person("p", keys=False) for _ in range(51)]
    for p in many[:50]:
        assert await people.look_up(world.kernel, alice.user_id, p.email) == p.user_id
    with pytest.raises(TooMany):
        await people.look_up(world.kernel, alice.user_id, many[50].email)


async def test_the_route_says_429_without_a_text(alice: Person) -> None:
    for n in range(5):
        await alice.get(f"/users/public-key?email=nobody{n}@example.net", expect=404)
    assert (await alice.get("/users/public-key?email=nobody9@example.net", expect=429)).json() == {}
