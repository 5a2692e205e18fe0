"""What deleting one's account and undoing that read and answer (accounts.md §5.14)."""

from __future__ import annotations

from ..kernel.fields import Key, Line, Title
from ..kernel.wire import Body, Needed, Reply


class DeleteChallenge(Reply):
    allow_delete: bool
    encrypted_challenge: str
    apps: list[str]


class DeleteAccount(Body):
    """`reason` (web, desktop) goes before `reason_category` (mobile)."""

    challenge: Needed[Key]
    reason: Line = ""
    reason_category: Line = ""
    feedback: Title = ""  # a person's own words


class AccountDeleted(Reply):
    is_subscription_cancelled: bool
    user_id: int


class RecoveryLink(Body):
    """POST /users/recover-account, …/validate: the signed token of the link."""

    token: Needed[Line]


class Recovery(Reply):
    """`status`: ready, recovered."""

    status: str
