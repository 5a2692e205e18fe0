"""`darkroom family`: the operator's hand on families."""

from __future__ import annotations

import pytest

from app.cli import admin
from app.cli.admin_client import Refused
from tests.families.scenes import members
from tests.inprocess import Person, World


async def test_it_works(world: World, alice: Person, bob: Person, carol: Person) -> None:
    async def do(action: str, member: str = "", size: int | None = None) -> str:
        world.clock.advance(1)
        return str(await admin.run(world.kernel, "family", {"action": action, "admin": alice.email, "member": member, "size": size}))

    await do("create")
    assert "?inviteToken=" in await do("invite", bob.email)
    assert await do("add", bob.email) == ""
    await do("limit", bob.email, 1 << 30)
    await do("invite", carol.email)
    (listed,) = await admin.run(world.kernel, "families", {})
    assert [(m["email"], m["status"], m["limit"]) for m in listed["members"]] == [
        (alice.email, "SELF", None), (bob.email, "ACCEPTED", 1 << 30), (carol.email, "INVITED", None),
    ]  # fmt: skip
    for who in (bob, carol):
        await do("remove", who.email)
    assert len(await members(alice)) == 1
    await do("dissolve")
    assert await admin.run(world.kernel, "families", {}) == []


async def test_refusals(world: World, alice: Person, bob: Person) -> None:
    for action, who, member, text in (
        ("invite", alice.email, bob.email, "leads no family"),
        ("create", "nobody@example.org", "", "no account"),
    ):
        with pytest.raises(Refused, match=text):
            await admin.run(world.kernel, "family", {"action": action, "admin": who, "member": member})
    for who in (alice, bob):
        await admin.run(world.kernel, "family", {"action": "create", "admin": who.email})
    for action, text in (("add", "in a family already"), ("remove", "not in the family")):
        with pytest.raises(Refused, match=text):
            await admin.run(world.kernel, "family", {"action": action, "admin": alice.email, "member": bob.email})
