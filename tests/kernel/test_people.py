"""Finding people by address (app.kernel.people)."""

from __future__ import annotations

import pytest

from app.accounts import service as accounts
from app.kernel import people
from app.kernel.errors import BadRequest
from tests.inprocess import World
from tests.newcomer import Newcomer


async def test_others_may_look_up_people(world: World, dora: Newcomer) -> None:
    crypto = world.kernel.crypto
    assert await world.kernel.db.read(people.find, crypto, " DORA@example.net") == dora.user_id
    assert await world.kernel.db.read(people.find, crypto, "nobody@example.net") is None
    assert await world.kernel.db.read(people.email_of, crypto, dora.user_id) == dora.email
    with pytest.raises(Exception, match="no account 5"):
        await world.kernel.db.read(people.email_of, crypto, 5)
    with pytest.raises(Exception, match="no account 5"):
        await world.kernel.db.read(accounts.subscription, world.kernel.config, 5)


@pytest.mark.parametrize("text", [" Dora@Example.net\n", "dora@localhost", "\u00fc@b\u00fccher.example"])
def test_usable_addresses(text: str) -> None:
    assert people.usable_address(text) == text.strip().lower()


@pytest.mark.parametrize("text", ["", "  ", "dora", "@example.net", "dora@", "a\x1b[2J@example.net", "a@" + "b" * 320])
def test_addresses_that_no_mail_system_takes(text: str) -> None:
    with pytest.raises(BadRequest):
        people.usable_address(text)
