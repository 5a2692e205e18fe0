"""Guesses at the password of a link, of either kind, from many addresses: counted together, and one network cannot use up what all have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from app.kernel.clock import SECOND
from app.kernel.config import Limit
from tests.file_links import test_file_links as files
from tests.inprocess import Person, World
from tests.visits.scenes import SECRET, Visitor, change, linked

DAY_S = 86_400


async def album_link(world: World, alice: Person) -> tuple[str, str]:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, **SECRET)
    return visitor.carried["x-auth-access-token"], "/public-collection/verify-password"


async def file_link(world: World, alice: Person) -> tuple[str, str]:
    _, file_id = await files.photo(world, alice)
    made = await files.link(alice, file_id)
    await files.change(alice, made, **SECRET)
    return files.visitor(world, made).carried["x-auth-access-token"], "/file-link/verify-password"


@pytest.mark.parametrize("make", [album_link, file_link])
async def test_guesses_of_all_addresses_are_added_up(
    world: World, alice: Person, make: Callable[[World, Person], Awaitable[tuple[str, str]]]
) -> None:
    changed = {
        "link_password": Limit(count=0, seconds=60),
        "link_password_total": Limit(count=6, seconds=DAY_S),
        "guesses": Limit(count=3, seconds=9),
    }
    limits = world.kernel.config.limits.model_copy(update=changed)
    object.__setattr__(world.kernel, "config", world.kernel.config.model_copy(update={"limits": limits}))
    object.__setattr__(world.kernel.limiter, "_limits", limits)
    token, path = await make(world, alice)

    async def guess(password: object, visitor: Visitor | None = None) -> int:
        return (await (visitor or Visitor(world, token)).post(path, {"passHash": password}, expect=None)).status

    lonely, family = Visitor(world, token), Visitor(world, token)
    assert [await guess("x", lonely) for _ in range(10)] == [401] * 3 + [429] * 7, "a network has its own budget"
    assert await guess(SECRET["passHash"], lonely) == 429, "and nobody learns what was right"
    assert [await guess(SECRET["passHash"], family) for _ in range(8)] == [200] * 8, "right ones do not count"
    assert [await guess("x") for _ in range(5)] == [401] * 3 + [429] * 2, "those of all networks are added up; refused ones are not"
    assert await guess(SECRET["passHash"]) == 429
    world.clock.advance((DAY_S + 1) * SECOND)
    assert await guess(SECRET["passHash"], lonely) == 200
