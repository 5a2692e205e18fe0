"""Routes of /billing/*, /storage-bonus/* and /offers/* (misc.md §9–§11)."""

from __future__ import annotations

from ..http.answer import Answer, reply
from ..http.auth import anyone, session
from ..http.request import Request
from ..http.routing import get, post
from ..kernel.access import Session
from ..kernel.errors import BadRequest, NotFound
from . import service, wire


async def user_plans(request: Request, actor: Session) -> Answer:
    return reply(service.plans(request.kernel))


async def public_plans(request: Request, actor: None) -> Answer:
    return reply(service.plans(request.kernel))


async def subscription(request: Request, actor: Session) -> Answer:
    return reply(await service.current(request.kernel, actor))


async def verify(request: Request, actor: Session) -> Answer:
    return reply(await service.verify(request.kernel, actor, await request.json(wire.Purchase)))


async def usage(request: Request, actor: Session) -> Answer:
    return reply(wire.Message(message="This endpoint is deprecated."), 410)


async def bonus_details(request: Request, actor: Session) -> Answer:
    return reply(wire.BonusDetails())


async def referral_view(request: Request, actor: Session) -> Answer:
    return reply(wire.ReferralView(plan_info=wire.ReferralPlan()))


async def claim(request: Request, actor: Session) -> Answer:
    """No code exists, so every one is unknown."""
    if not request.query.get("code"):
        raise BadRequest(log="no code")
    raise NotFound("Invalid code", code="INVALID_CODE")


async def offers(request: Request, actor: None) -> Answer:
    return reply(wire.Offers())


ROUTES = [
    get("/billing/user-plans", session, user_plans),
    get("/billing/plans/v2", anyone, public_plans),
    get("/billing/subscription", session, subscription),
    post("/billing/verify-subscription", session, verify),
    get("/billing/usage", session, usage),
    get("/storage-bonus/details", session, bonus_details),
    get("/storage-bonus/referral-view", session, referral_view),
    post("/storage-bonus/referral-claim", session, claim),
    get("/offers/black-friday", anyone, offers),
]
