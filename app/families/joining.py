"""What the invited do (misc.md §8): look at an invitation, accept it, leave again. The token is all that is asked of who accepts."""

from __future__ import annotations

from ..db import Tx
from ..kernel import people, quota
from ..kernel.access import Session
from ..kernel.errors import BadRequest
from ..kernel.parts import Kernel
from . import invitations, service
from .notices import Occasion, tell
from .queries import Row
from .wire import Acceptance, Invitation, Joined


async def invite_info(kernel: Kernel, token: str) -> Invitation:
    """Who invites; 404 for no such invitation, 400 when it is no longer open."""
    return await kernel.db.read(_info, kernel, token)


def _info(tx: Tx, kernel: Kernel, token: str) -> Invitation:
    row = invitations.opened(tx, kernel, token)
    if row.status != "INVITED":
        raise BadRequest(log=f"the invitation is {row.status}")
    return Invitation(id=row.id, admin_email=people.email_of(tx, kernel.crypto, row.admin_id))


async def accept_invite(kernel: Kernel, ask: Acceptance) -> Joined:
    """Join; the same again answers the same. 404 unknown, 401 taken back or declined, 406 for who is in another family by now."""
    joined, row, is_new = await kernel.db.write("families.accept", _accept, kernel, ask.token)
    if is_new:
        await tell(kernel, Occasion.ACCEPTED, row)
    return joined


def _accept(tx: Tx, kernel: Kernel, token: str) -> tuple[Joined, Row, bool]:
    row = invitations.opened(tx, kernel, token)
    is_new = service.join(tx, row)
    plan = quota.shown(tx, kernel.config, row.admin_id)
    email = people.email_of(tx, kernel.crypto, row.admin_id)
    return Joined(admin_email=email, storage=plan.limit, expiry_time=plan.ends_at), row, is_new


async def leave(kernel: Kernel, actor: Session) -> None:
    """Leave one's family; nothing to do outside one, 403 for its admin."""
    row = await kernel.db.write("families.leave", service.leave, actor.user_id)
    if row is not None:
        await tell(kernel, Occasion.LEFT, row)
