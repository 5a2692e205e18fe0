"""Routes of /billing/* and /storage-bonus/* (misc.md §9, §10)."""

from __future__ import annotations

from ..http.auth import anyone, session
from ..http.routing import get, post
from ..kernel.errors import NotFound
from . import service

ROUTES = [
    get("/billing/user-plans", session, service.plans),
    get("/billing/plans/v2", anyone, service.plans),
    get("/billing/subscription", session, service.current, errors=(NotFound,)),
    post("/billing/verify-subscription", session, service.verify, errors=(NotFound,)),
    get("/storage-bonus/details", session, service.bonus_details),
    get("/storage-bonus/referral-view", session, service.referral_view),
    post("/storage-bonus/referral-claim", session, service.claim, errors=(NotFound,)),
]
