"""What a hosted server would sell, told for one where everything is unlocked: no plans, and one that everybody has.

The subscription is `app.accounts`' (the account's details carry it too) and the limit behind it `app.kernel.quota`'s: nothing here decides
whether an upload is accepted.
"""

from __future__ import annotations

import re

from ..accounts import service as accounts
from ..http.query import Needed, Query
from ..kernel import family, quota
from ..kernel.access import Account, Session
from ..kernel.errors import BadRequest, CodedBadRequest, NotFound, TooMany
from ..kernel.parts import Kernel
from .wire import BonusDetails, Country, Current, Discount, FreePlan, NewCode, Plans, Purchase, ReferralPlan, ReferralView


async def current(kernel: Kernel, actor: Session) -> Current:
    """The subscription of the actor's account (misc.md §9)."""
    return Current(subscription=await kernel.db.read(accounts.subscription, kernel.config, actor.user_id))


async def verify(kernel: Kernel, actor: Session, ask: Purchase) -> Current:
    """The apps' way back to the free plan; 400 for every purchase, because nothing is sold here."""
    if ask.product_id != "free":
        raise BadRequest(log=f"purchase of {ask.product_id!r}")
    return await current(kernel, actor)


async def plans(kernel: Kernel, actor: Session) -> Plans:
    """Nothing to buy; the storage is the actor's own, whatever the apps call it."""
    return Plans(free_plan=FreePlan(storage=(await kernel.db.read(quota.shown, kernel.config, actor.user_id)).limit))


async def public_plans(kernel: Kernel) -> Plans:
    """The same for who has no account: the storage that new ones get."""
    return Plans(free_plan=FreePlan(storage=quota.told(kernel.config, kernel.config.quota.default or quota.UNLIMITED)))


# --- what needs a payment provider: there is none, and these answer as museum does without one
async def account_country(actor: Account) -> Country:
    return Country()


async def no_provider() -> None:
    """400: no subscription of this server is a provider's."""
    raise BadRequest(log="no payment provider")


async def bonus_details() -> BonusDetails:
    return BonusDetails()


async def referral_view(kernel: Kernel, actor: Session) -> ReferralView:
    """Switched off: the apps show that it is not available."""
    admin_id = await kernel.db.read(family.admin_of, actor.user_id)
    return ReferralView(plan_info=ReferralPlan(), is_family_member=admin_id not in (None, actor.user_id))


class Claim(Query):
    code: Needed[str]


async def claim(query: Claim) -> None:
    """No code exists, so every one is unknown."""
    raise NotFound("Invalid code", code="INVALID_CODE")


class ChangeLimitReached(TooMany):
    """429: one's code is changed as often as it may be, which is never."""

    code = "REFERRAL_CHANGE_LIMIT_REACHED"


async def change_code(ask: NewCode) -> None:
    """There is no code to change; 400 BAD_REQUEST for what could be none."""
    if not re.fullmatch("[A-Za-z0-9]{4,20}", ask.code):
        raise CodedBadRequest("code must be of 4 to 20 letters and digits")
    raise ChangeLimitReached("codes are not changed on this server")


async def claim_discount(ask: Discount) -> None:
    """No provider gives discounts here: 400, as for every unknown one."""
    raise BadRequest(log=f"no provider {ask.provider_name!r}")
