"""Families as tests need them."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from app.db import Tx
from app.families import invitations, queries
from tests.inprocess import Person, World


async def members(who: Person) -> list[dict[str, Any]]:
    return list((await who.get("/family/members")).json()["members"])


async def place(admin: Person, who: Person) -> dict[str, Any]:
    (found,) = [m for m in await members(admin) if m["email"] == who.email]
    return found


async def token_of(world: World, admin: Person, guest: Person) -> str:
    """What the mail of the invitation holds."""

    def look(tx: Tx) -> str:
        row = queries.of_pair(tx, admin.user_id, guest.user_id)
        assert row is not None
        return invitations.link(world.kernel, row)

    return unquote((await world.kernel.db.read(look)).partition("inviteToken=")[2])


async def join(world: World, admin: Person, *guests: Person) -> None:
    """These people in one family, which the first leads."""
    await admin.post("/family/create")
    for guest in guests:
        await admin.post("/family/add-member", {"email": guest.email})
        await world.anon().post("/family/accept-invite", {"token": await token_of(world, admin, guest)})


async def set_quota(world: World, who: Person, size: int) -> None:
    await world.kernel.db.write("test.quota", lambda tx: tx.run("UPDATE users SET quota = :size WHERE user_id = :id", size=size, id=who.user_id))
