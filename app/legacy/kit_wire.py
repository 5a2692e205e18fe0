"""Wire shapes of /legacy-kits/* (misc.md §7). Times are µs; `waitTill` is what is left."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from ..accounts.wire import KeyAttributes
from ..kernel.errors import AppError, BadRequest, CodedBadRequest
from ..kernel.fields import Address, Few, Key, Line, Title, Word
from ..kernel.wire import Body, Lean, Needed, Reply
from ..login.wire import SrpSetup, SrpUpdate


# --- the owner's
class NewKit(Body, kw_only=True):
    """POST /legacy-kits. The client makes the id; the notice may be 0, and must be there."""

    id: Needed[Word]
    variant: Needed[int]
    notice_period_in_hours: int | None = None
    encrypted_recovery_blob: Needed[Title]
    auth_public_key: Needed[Key]
    encrypted_owner_blob: Needed[Title]


class NewNotice(Body):
    kit_id: Needed[Word]
    notice_period_in_hours: int | None = None

    def check(self) -> None:
        super().check()
        if self.notice_period_in_hours is None:
            raise BadRequest(log="noticePeriodInHours is required")


class OneKit(Body):
    kit_id: Needed[Word]


class Session(Reply):
    id: str
    kit_id: str
    status: str
    wait_till: int
    created_at: int


class Kit(Lean):
    """`active_recovery_session` vanishes without one."""

    id: str
    variant: int
    notice_period_in_hours: int
    legacy_url: str
    encrypted_owner_blob: str
    created_at: int
    updated_at: int
    active_recovery_session: Session | None = None


class Kits(Reply):
    kits: list[Kit]


class KitContent(Reply):
    id: str
    variant: int
    encrypted_owner_blob: str


class Initiator(Lean):
    """Who opened the kit; the parts vanish where they were not said."""

    ip: str
    user_agent: str
    used_part_indexes: list[int] | None = None


class UnderWay(Reply):
    session: Session | None
    initiators: list[Initiator]


# --- the finder's
class Challenge(Reply):
    kit_id: str
    encrypted_challenge: str
    expires_at: int


class Open(Body):
    """`challenge` is the opened one, as text; `email` is for a mail of the client's choice and not needed here."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest

    kit_id: Needed[Word]
    challenge: Needed[Line]
    used_part_indexes: Few[int] | None = None
    email: Address | None = None


class Opened(Reply):
    session: Session
    session_token: str


class Proof(Body):
    """A session of a recovery, and the token that proves the right to it."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest

    session_id: Needed[Word]
    session_token: Needed[Word]


class BeginPassword(Proof, kw_only=True):
    setup_srp_request: Needed[SrpSetup] = field(name="setupSRPRequest")


class SetPassword(Proof, kw_only=True):
    update_srp_and_keys_request: Needed[SrpUpdate]


class KitKeys(Reply):
    encrypted_recovery_blob: str
    user_key_attr: KeyAttributes
