"""What people are told about their family, outside the apps."""

from __future__ import annotations

import logging
from enum import Enum

from ..kernel.logs import NOTICE
from ..kernel.parts import Kernel
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


async def tell(kernel: Kernel, occasion: Occasion, row: Row) -> None:
    """Without mail the operator reads it in the log: accounts by number, and the link of an invitation, which has to be handed on."""
    to = row.member_id if occasion in TO_THE_MEMBER else row.admin_id
    about = f" {link(kernel, row)}" if occasion is Occasion.INVITED else ""
    log.log(NOTICE, "no mail is sent, account %d is not told: %s%s", to, occasion.value, about)
