"""Routes of /billing/*, /storage-bonus/* and /offers/* (misc.md §9–§11)."""

from __future__ import annotations

from ..access import Session
from ..errors import BadRequest, NotFound
from ..http.auth import anyone, session
from ..http.call import Answer, Call, reply
from ..http.routing import Routes
from . import service, wire

routes = Routes()


@routes.get("/billing/user-plans", session)
async def user_plans(call: Call, actor: Session) -> Answer:
    return reply(service.plans(call.kernel))


@routes.get("/billing/plans/v2", anyone)
async def public_plans(call: Call, actor: None) -> Answer:
    return reply(service.plans(call.kernel))


@routes.get("/billing/subscription", session)
async def subscription(call: Call, actor: Session) -> Answer:
    return reply(await service.current(call.kernel, actor))


@routes.post("/billing/verify-subscription", session)
async def verify(call: Call, actor: Session) -> Answer:
    return reply(await service.verify(call.kernel, actor, await call.json(wire.Purchase)))


@routes.get("/billing/usage", session)
async def usage(call: Call, actor: Session) -> Answer:
    return reply(wire.Message(message="This endpoint is deprecated."), 410)


@routes.get("/storage-bonus/details", session)
async def bonus_details(call: Call, actor: Session) -> Answer:
    return reply(wire.BonusDetails())


@routes.get("/storage-bonus/referral-view", session)
async def referral_view(call: Call, actor: Session) -> Answer:
    return reply(wire.ReferralView(plan_info=wire.ReferralPlan()))


@routes.post("/storage-bonus/referral-claim", session)
async def claim(call: Call, actor: Session) -> Answer:
    """No code exists, so every one is unknown."""
    if not call.query.get("code"):
        raise BadRequest(log="no code")
    raise NotFound("Invalid code", code="INVALID_CODE")


@routes.get("/offers/black-friday", anyone)
async def offers(call: Call, actor: None) -> Answer:
    return reply(wire.Offers())
