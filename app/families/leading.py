"""What a family's admin does in the apps (misc.md §8): create, invite, see, limit, remove. Everybody in it sees it."""

from __future__ import annotations

from ..db import Tx
from ..kernel import people
from ..kernel.access import Account
from ..kernel.errors import BadRequest
from ..kernel.parts import Kernel
from . import service
from .notices import Occasion, tell
from .queries import Row
from .wire import Members, NewLimit, NewMember


async def create(kernel: Kernel, actor: Account) -> None:
    """Lead a family; harmless when one does. 402 after the plan's end, 400 for a member of another's."""
    await kernel.db.write("families.create", service.create, kernel, actor.user_id)


async def members(kernel: Kernel, actor: Account) -> Members:
    """Everybody in the actor's family, and for all of them who is invited; 400 outside one."""
    found = await kernel.db.scan(service.members, kernel, actor.user_id)
    if found is None:
        raise BadRequest(log=f"user {actor.user_id} is in no family")
    return found


async def add_member(kernel: Kernel, actor: Account, ask: NewMember) -> None:
    """Invite somebody by address, or send the invitation again. 402 and 400 come before the look-up and its budget."""
    await kernel.db.write("families.may_invite", service.lock_led, kernel, actor.user_id)
    guest = await people.look_up(kernel, actor.user_id, ask.email)
    row = await kernel.db.write("families.invite", _invite, kernel, actor.user_id, guest, ask.storage_limit)
    await tell(kernel, Occasion.INVITED, row)


def _invite(tx: Tx, kernel: Kernel, admin_id: int, guest: int | None, storage_limit: int | None) -> Row:
    service.lock_led(tx, kernel, admin_id)
    return service.invite(tx, kernel, admin_id, guest, storage_limit)


async def remove_member(kernel: Kernel, actor: Account, id: str) -> None:
    """End a member's place; who was removed already stays so. 400 for no UUID or another status, 403 another's family, 404 unknown."""
    row = await kernel.db.write("families.remove", service.remove, actor.user_id, id)
    if row is not None:
        await tell(kernel, Occasion.REMOVED, row)


async def revoke_invite(kernel: Kernel, actor: Account, id: str) -> None:
    """Take an invitation back; refusals as `remove_member`."""
    await kernel.db.write("families.revoke", service.remove, actor.user_id, id, "INVITED", "REVOKED")


async def modify_storage(kernel: Kernel, actor: Account, ask: NewLimit) -> None:
    """Limit a member's part of the plan; null for none. 426 beyond the plan, 400 below what the member stores."""
    await kernel.db.write("families.limit", service.limit, kernel, actor.user_id, ask.id, ask.storage_limit)
