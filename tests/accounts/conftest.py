"""People who sign up through the front door."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.accounts.newcomer import Newcomer
from tests.inprocess import World

Meet = Callable[[str], Newcomer]


@pytest.fixture
def meet(world: World) -> Meet:
    """`meet("dora")`: somebody who has not signed up yet."""
    return lambda name: Newcomer(world, f"{name}@example.net", world.anon())


@pytest.fixture
async def dora(meet: Meet) -> Newcomer:
    """A complete account: keys and password."""
    return await meet("dora").complete()
