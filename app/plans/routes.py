"""Routes of /billing/* and /storage-bonus/* (misc.md §9, §10)."""

from __future__ import annotations

from ..http.auth import anyone, payment_page, session
from ..http.routing import get, post
from ..kernel.errors import NotFound
from . import service

ROUTES = [
    get("/billing/user-plans", session, service.plans),
    get("/billing/plans/v2", anyone, service.public_plans),
    get("/billing/subscription", session, service.current, errors=(NotFound,)),
    post("/billing/verify-subscription", session, service.verify, keeps=False, errors=(NotFound,)),
    get("/storage-bonus/details", session, service.bonus_details),
    get("/storage-bonus/referral-view", session, service.referral_view),
    post("/billing/stripe/activate-subscription", session, service.no_provider),
    post("/billing/stripe/cancel-subscription", session, service.no_provider),
    get("/billing/stripe/customer-portal", session, service.no_provider),
    get("/billing/stripe-account-country", payment_page, service.account_country),
    get("/billing/stripe/checkout-session", payment_page, service.no_provider),
    post("/billing/stripe/update-subscription", payment_page, service.no_provider),
    post("/storage-bonus/referral-claim", session, service.claim, errors=(NotFound,)),
    post("/storage-bonus/change-code", session, service.change_code, errors=(service.ChangeLimitReached,)),
    post("/discount/claim", anyone, service.claim_discount, limit="sensitive"),
]
