"""Wire shapes of /billing/* and /storage-bonus/* (misc.md §9, §10)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ..accounts.wire import Subscription
from ..kernel.errors import AppError, CodedBadRequest
from ..kernel.fields import Address, Title, Word
from ..kernel.wire import Body, Needed, Reply


class Purchase(Body):
    """POST /billing/verify-subscription; nothing is required."""

    payment_provider: Word = ""
    product_id: Word = ""
    verification_data: Title = ""


class FreePlan(Reply):
    """`storage` in bytes for `duration` periods."""

    storage: int
    duration: int = 100
    period: str = "year"


class Plans(Reply):
    """GET /billing/user-plans, GET /billing/plans/v2: there is nothing to buy, so `plans` stays empty."""

    free_plan: FreePlan
    plans: tuple[()] = ()


class Current(Reply):
    """The account's subscription, in the shape that its details have too."""

    subscription: Subscription


class Country(Reply):
    """GET /billing/stripe-account-country: what museum says of everybody without a subscription."""

    stripe_account_country: str = "US"


class NewCode(Body):
    """POST /storage-bonus/change-code."""

    code: Word = ""
    refusal: ClassVar[type[AppError]] = CodedBadRequest


class Discount(Body):
    """POST /discount/claim."""

    provider_name: Needed[Word]
    email: Needed[Address]


class BonusDetails(Reply):
    """GET /storage-bonus/details: nobody refers anybody here."""

    referral_stats: tuple[()] = ()
    bonuses: tuple[()] = ()
    ref_count: int = 0
    ref_upgrade_count: int = 0
    has_applied_code: bool = False


class ReferralPlan(Reply):
    """`is_enabled` false: the apps show their "not available" state."""

    is_enabled: bool = False
    plan_type: str = "10_GB_ON_UPGRADE"
    storage_in_gb: int = msgspec.field(default=10, name="storageInGB")
    max_claimable_storage_in_gb: int = msgspec.field(default=2000, name="maxClaimableStorageInGB")


class ReferralView(Reply):
    """GET /storage-bonus/referral-view."""

    plan_info: ReferralPlan
    code: str = ""
    enable_apply_code: bool = False
    has_applied_code: bool = False
    claimed_storage: int = 0
    is_family_member: bool = False
    code_change_attempts: int = 0
    remaining_code_change_attempts: int = 0
