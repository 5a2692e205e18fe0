"""Somebody with a second factor."""

from __future__ import annotations

import pytest

from tests.inprocess import World
from tests.newcomer import Newcomer
from tests.second_factor.phone import Phone, enable


@pytest.fixture
async def dora(world: World) -> Newcomer:
    """A complete account: keys and password."""
    return await Newcomer(world, "dora@example.net", world.anon()).complete()


@pytest.fixture
async def phone(world: World, dora: Newcomer) -> Phone:
    """Dora's authenticator app, asked for at every log-in."""
    return await enable(world, dora.api)
