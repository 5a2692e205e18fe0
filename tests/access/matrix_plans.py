"""Plans and bonuses of which there are none (misc.md §9, §10)."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, Row, Rows, Statuses, anybody, people, same
from tests.access.scene import INTRUDERS, Scene
from tests.inprocess import Api

NOT_SOLD = people(400, 400, 400, 400, 400, 400)


async def prepare(s: Scene) -> None:
    """PAGE is the owner with a token for payments."""
    s.people["PAGE"] = Api(s.world.app, (await s.owner.get("/users/payment-token")).json()["paymentToken"], ip="10.7.2.1")


def _pages(status: int) -> Statuses:
    return {"PAGE": status, "OWNER": 401, "STRANGER": 401, **dict.fromkeys(INTRUDERS, 401)}


ROWS: Rows = {
    ("GET", "/billing/user-plans"): Row(same("/billing/user-plans"), EVERYBODY),
    ("GET", "/billing/plans/v2"): Row(same("/billing/plans/v2"), anybody()),
    ("GET", "/billing/subscription"): Row(same("/billing/subscription"), EVERYBODY),
    ("POST", "/billing/verify-subscription"): Row(
        same("/billing/verify-subscription", {"paymentProvider": "stripe", "productID": "free"}), EVERYBODY
    ),
    ("GET", "/storage-bonus/details"): Row(same("/storage-bonus/details"), EVERYBODY),
    ("GET", "/storage-bonus/referral-view"): Row(same("/storage-bonus/referral-view"), EVERYBODY),
    ("POST", "/billing/stripe/activate-subscription"): Row(same("/billing/stripe/activate-subscription"), NOT_SOLD),
    ("POST", "/billing/stripe/cancel-subscription"): Row(same("/billing/stripe/cancel-subscription"), NOT_SOLD),
    ("GET", "/billing/stripe/customer-portal"): Row(same("/billing/stripe/customer-portal?redirectURL=a"), NOT_SOLD),
    ("GET", "/billing/stripe-account-country"): Row(same("/billing/stripe-account-country"), _pages(200)),
    ("GET", "/billing/stripe/checkout-session"): Row(same("/billing/stripe/checkout-session?productID=a&redirectURL=b"), _pages(400)),
    ("POST", "/billing/stripe/update-subscription"): Row(same("/billing/stripe/update-subscription", {"productID": "a"}), _pages(400)),
    ("POST", "/discount/claim"): Row(same("/discount/claim", {"providerName": "Kagi", "email": "a@example.org"}), anybody(400)),
    ("POST", "/storage-bonus/change-code"): Row(same("/storage-bonus/change-code", {"code": "ABC123"}), people(429, 429, 429, 429, 429, 429)),
    ("POST", "/storage-bonus/referral-claim"): Row(same("/storage-bonus/referral-claim?code=ABC123"), people(404, 404, 404, 404, 404, 404)),
}
