"""What people are told about their family, outside the apps."""

from __future__ import annotations

import logging
from enum import Enum

from ..db import Tx
from ..kernel import people
from ..kernel.errors import NotFound
from ..kernel.logs import NOTICE
from ..kernel.parts import Kernel
from ..mail import service as mail
from .invitations import link
from .queries import Row

log = logging.getLogger("darkroom.families")


class Occasion(Enum):
    """Why somebody is written to; the value is what the mail says in one line (misc.md §14)."""

    INVITED = "You've been invited to join a family"
    ACCEPTED = "Your invitation was accepted"
    LEFT = "A member has left your family"
    REMOVED = "You have been removed from the family"


TO_THE_MEMBER = frozenset({Occasion.INVITED, Occasion.REMOVED})


_TEXTS = {
    Occasion.INVITED: ("{other} invites you to a family: you store on one plan, and nobody sees the other's photos unless they are shared.",),
    Occasion.ACCEPTED: ("{other} is now in your family and stores on your plan.",),
    Occasion.LEFT: ("{other} has left your family. What they store no longer counts on your plan.",),
    Occasion.REMOVED: ("{other} has taken you out of the family. Your photos are still there and count on your own plan.",),
}


async def tell(kernel: Kernel, occasion: Occasion, row: Row) -> None:
    """Write to whom it concerns. Without mail the operator reads it in the log: accounts by number. An invitation's link is no line of a log:
    `darkroom family invite`, done again, prints it."""
    to, other = (row.member_id, row.admin_id) if occasion in TO_THE_MEMBER else (row.admin_id, row.member_id)
    if not mail.is_on(kernel.config):
        hint = ". `darkroom family invite ADMIN EMAIL` prints the link to hand on" if occasion is Occasion.INVITED else ""
        log.log(NOTICE, "no mail is sent, account %d is not told: %s (by account %d)%s", to, occasion.value, other, hint)
        return
    where = link(kernel, row) if occasion is Occasion.INVITED else ""
    name = await kernel.db.read(_name, kernel, other)
    texts = tuple(text.format(other=name) for text in _TEXTS[occasion])
    await mail.post_to(kernel, to, mail.Mail(occasion.value, texts, link=where, action="Join the family"))


def _name(tx: Tx, kernel: Kernel, user_id: int) -> str:
    try:
        return people.email_of(tx, kernel.crypto, user_id)
    except NotFound:
        return "Somebody whose account is gone"
