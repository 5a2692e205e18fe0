"""What people are told about trust and recovery, outside the apps. By mail, or where none is sent in the log."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum

from ..db import Tx
from ..kernel import people
from ..kernel.errors import NotFound
from ..kernel.logs import NOTICE
from ..kernel.parts import Kernel
from ..mail import service as mail

log = logging.getLogger("darkroom.legacy")


class Occasion(Enum):
    """Why somebody is written to; the value is what the mail says in one line (misc.md §14)."""

    INVITED = "You have been added as a trusted contact"
    INVITE_SENT = "Trusted contact invited"
    ACCEPTED = "Trusted contact added"
    DENIED = "Legacy invite rejected"
    LEFT = "Trusted contact removed"
    REVOKED = "Legacy account access removed"
    STARTED = "Account recovery initiated"
    STOPPED = "Account recovery cancelled"
    REJECTED = "Account recovery blocked"
    DUE = "Account recovery due"
    READY = "Account recoverable"
    RECOVERED_OWNER = "Account password reset"
    RECOVERED_CONTACT = "Account recovery successful"
    KIT_STARTED = "Legacy Kit recovery initiated"
    KIT_DUE = "Legacy Kit recovery due"
    KIT_READY = "Account recoverable with a Legacy Kit"
    KIT_RECOVERED = "Legacy Kit recovery completed"


@dataclass(frozen=True, slots=True)
class Notice:
    """`to` is the account that is told, `about` the other one (with kits: the same), `days` what is left of a waiting time."""

    occasion: Occasion
    to: int
    about: int
    days: int | None = None


_HELP = "If you did not expect this, log in now and look at your trusted contacts and sessions, or ask who runs this server."


async def tell(kernel: Kernel, *notices: Notice) -> None:
    """Write to these people. Without mail the operator reads it in the log: accounts by number, no addresses."""
    for n in notices:
        left = "" if n.days is None else f", {n.days} days left"
        if mail.is_on(kernel.config):
            await mail.post_to(kernel, n.to, await _mail(kernel, n))
        else:
            log.log(NOTICE, "no mail is sent, account %d is not told: %s (account %d%s)", n.to, n.occasion.value, n.about, left)


async def _mail(kernel: Kernel, n: Notice) -> mail.Mail:
    about = "your own account" if n.about == n.to else await kernel.db.read(_name, kernel, n.about)
    days = () if n.days is None else (f"{n.days} days are left of the waiting time.",)
    return mail.Mail(n.occasion.value, (f"{n.occasion.value}. This is about {about}.", *days, _HELP))


def _name(tx: Tx, kernel: Kernel, user_id: int) -> str:
    try:
        return people.email_of(tx, kernel.crypto, user_id)
    except NotFound:
        return "an account that is gone"
