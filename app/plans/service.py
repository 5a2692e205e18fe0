"""What a hosted server would sell, told for one where everything is unlocked: one free product, no plans.

The subscription is `app.accounts`' (the account's details carry it too) and the limit behind it `app.quota`'s: nothing here decides
whether an upload is accepted.
"""

from __future__ import annotations

from ..accounts import service as accounts
from ..kernel import quota
from ..kernel.access import Session
from ..kernel.errors import BadRequest
from ..kernel.parts import Kernel
from .wire import FreePlan, Plans, Purchase


async def current(kernel: Kernel, actor: Session) -> dict[str, object]:
    """`{"subscription"}` of the actor's account (misc.md §9)."""
    return {"subscription": await kernel.db.read(accounts.subscription, kernel.config, actor.user_id)}


async def verify(kernel: Kernel, actor: Session, ask: Purchase) -> dict[str, object]:
    """The apps' way back to the free plan; 400 for every purchase, because nothing is sold here."""
    if ask.product_id != "free":
        raise BadRequest(log=f"purchase of {ask.product_id!r}")
    return await current(kernel, actor)


def plans(kernel: Kernel) -> Plans:
    """No plans, and the storage of an account without an own limit."""
    return Plans(free_plan=FreePlan(storage=kernel.config.quota.default or quota.UNLIMITED))
