"""Wire shapes of /emergency-contacts/* (misc.md §6). Times are µs; `waitTill` is what is left."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from ..accounts.wire import KeyAttributes
from ..kernel.errors import AppError, CodedBadRequest
from ..kernel.fields import Address, Key, Word
from ..kernel.wire import Body, Needed, Reply
from ..login.wire import SrpSetup, SrpUpdate


class Invite(Body):
    """POST /emergency-contacts/add. The key is the owner's recovery key sealed to the trusted person; 30 days without a number."""

    email: Needed[Address]
    encrypted_key: Needed[Key]
    recovery_notice_in_days: int | None = None


class Pair(Body):
    """An account and who is trusted with it."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest

    user_id: Needed[int]
    emergency_contact_id: Needed[int]


class NewState(Pair, kw_only=True):
    state: Needed[Word]


class NewNotice(Body):
    refusal: ClassVar[type[AppError]] = CodedBadRequest

    emergency_contact_id: Needed[int]
    recovery_notice_in_days: Needed[int]


class OneRecovery(Pair, kw_only=True):
    id: Needed[Word]


class BeginPassword(Body):
    refusal: ClassVar[type[AppError]] = CodedBadRequest

    recovery_id: Needed[Word]
    setup_srp_request: Needed[SrpSetup] = field(name="setupSRPRequest")


class SetPassword(Body):
    refusal: ClassVar[type[AppError]] = CodedBadRequest

    recovery_id: Needed[Word]
    update_srp_and_keys_request: Needed[SrpUpdate]


class User(Reply):
    id: int
    email: str


class Trust(Reply):
    user: User
    emergency_contact: User
    state: str
    recovery_notice_in_days: int


class Recovery(Reply):
    id: str
    user: User
    emergency_contact: User
    status: str
    wait_till: int
    created_at: int


class Info(Reply):
    """First the caller as the owner, then as the trusted person of others."""

    contacts: list[Trust]
    recover_sessions: list[Recovery]
    others_emergency_contact: list[Trust]
    others_recovery_session: list[Recovery]


class Keys(Reply):
    """What a trusted person needs to open the account."""

    encrypted_key: str
    user_key_attr: KeyAttributes
