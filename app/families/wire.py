"""Wire shapes of /family/* (misc.md §8)."""

from __future__ import annotations

from ..kernel.fields import Address, Word
from ..kernel.wire import Body, Needed, Reply


class NewMember(Body):
    """POST /family/add-member; `storage_limit` in bytes, null for the whole plan."""

    email: Needed[Address]
    storage_limit: int | None = None


class NewLimit(Body):
    """POST /family/modify-storage."""

    id: Needed[Word]
    storage_limit: int | None = None


class Acceptance(Body):
    """POST /family/accept-invite."""

    token: Needed[Word]


class Member(Reply):
    """`status`: SELF, INVITED, ACCEPTED; of who is only invited neither `user_id` nor `usage` (bytes) is told."""

    id: str
    email: str
    status: str
    storage_limit: int | None
    user_id: int | None
    usage: int
    is_admin: bool


class Members(Reply):
    """`storage` in bytes, 0 once the plan has ended; `expiry_time` µs."""

    members: list[Member]
    storage: int
    expiry_time: int
    admin_bonus: int = 0


class Invitation(Reply):
    id: str
    admin_email: str


class Joined(Reply):
    admin_email: str
    storage: int
    expiry_time: int
