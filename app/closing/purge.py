"""What becomes of a closed account's data once it cannot be restored any more: it goes, a batch at a time, so that nobody else waits."""

from __future__ import annotations

import logging

from ..accounts import service as accounts
from ..authenticator import service as authenticator
from ..db import Tx
from ..entities import service as entities
from ..kernel.clock import DAY
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from ..remote_store import service as remote_store
from ..second_factor import service as second_factor
from ..trash import service as trash
from . import restoring

FILES = 500  # in one transaction
ACCOUNTS = 50
KEPT = restoring.LIFETIME + DAY
"""A link that restores lives for a week, from when it was asked for; the day is for the operator who asks on the last."""
log = logging.getLogger("darkroom.closing")


async def purge(kernel: Kernel) -> None:
    """Every account that was deleted long enough ago. What a run does not finish, the next one does."""
    now = kernel.clock.now()
    for user_id in await kernel.db.scan(accounts.to_purge, now - KEPT, ACCOUNTS):
        while await kernel.db.write("closing.purge_files", trash.forget_person, kernel, user_id, now, FILES) == FILES:
            pass
        await kernel.db.write("closing.purge", _forget, user_id, now)
        log.info("the data of account %d, deleted more than %d days ago, is gone", user_id, KEPT // DAY)


def _forget(tx: Tx, user_id: int, now: int) -> None:
    authenticator.forget_person(tx, user_id)
    entities.forget_person(tx, user_id)
    remote_store.forget_person(tx, user_id)
    second_factor.forget(tx, user_id)
    accounts.forget_person(tx, user_id, now)


JOBS = (Job("closing.purge", 3600, purge),)
