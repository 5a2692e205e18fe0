"""Plans and bonuses of which there are none (misc.md §9, §10)."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, Row, Rows, anybody, people, same

ROWS: Rows = {
    ("GET", "/billing/user-plans"): Row(same("/billing/user-plans"), EVERYBODY),
    ("GET", "/billing/plans/v2"): Row(same("/billing/plans/v2"), anybody()),
    ("GET", "/billing/subscription"): Row(same("/billing/subscription"), EVERYBODY),
    ("POST", "/billing/verify-subscription"): Row(
        same("/billing/verify-subscription", {"paymentProvider": "stripe", "productID": "free"}), EVERYBODY
    ),
    ("GET", "/storage-bonus/details"): Row(same("/storage-bonus/details"), EVERYBODY),
    ("GET", "/storage-bonus/referral-view"): Row(same("/storage-bonus/referral-view"), EVERYBODY),
    ("POST", "/storage-bonus/referral-claim"): Row(same("/storage-bonus/referral-claim?code=ABC123"), people(404, 404, 404, 404, 404, 404)),
}
