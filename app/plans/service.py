"""What a hosted server would sell, told for one where everything is unlocked: one free product, no plans.

The subscription is `app.accounts`' (the account's details carry it too) and the limit behind it `app.kernel.quota`'s: nothing here decides
whether an upload is accepted.
"""

from __future__ import annotations

from ..accounts import service as accounts
from ..http.query import Needed, Query
from ..kernel import quota
from ..kernel.access import Session
from ..kernel.errors import BadRequest, NotFound
from ..kernel.parts import Kernel
from .wire import BonusDetails, Current, FreePlan, Plans, Purchase, ReferralPlan, ReferralView


async def current(kernel: Kernel, actor: Session) -> Current:
    """The subscription of the actor's account (misc.md §9)."""
    return Current(subscription=await kernel.db.read(accounts.subscription, kernel.config, actor.user_id))


async def verify(kernel: Kernel, actor: Session, ask: Purchase) -> Current:
    """The apps' way back to the free plan; 400 for every purchase, because nothing is sold here."""
    if ask.product_id != "free":
        raise BadRequest(log=f"purchase of {ask.product_id!r}")
    return await current(kernel, actor)


async def plans(kernel: Kernel) -> Plans:
    """No plans, and the storage of an account without an own limit."""
    return Plans(free_plan=FreePlan(storage=kernel.config.quota.default or quota.UNLIMITED))


async def bonus_details() -> BonusDetails:
    return BonusDetails()


async def referral_view() -> ReferralView:
    return ReferralView(plan_info=ReferralPlan())


class Claim(Query):
    code: Needed[str]


async def claim(query: Claim) -> None:
    """No code exists, so every one is unknown."""
    raise NotFound("Invalid code", code="INVALID_CODE")
