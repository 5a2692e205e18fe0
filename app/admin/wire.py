"""What administrators' routes read and answer (misc.md §12). Times are µs, sizes bytes."""

from __future__ import annotations

from typing import Any

from msgspec import field

from ..accounts.wire import Details, Subscription
from ..kernel.fields import Address, Batch, Few, Key, Line, Title, Word
from ..kernel.wire import Body, Lean, Needed, Reply


class User(Reply):
    """An account as museum's tools read it: `ID` in capitals."""

    id: int = field(name="ID", default=0)
    email: str = ""
    name: str = ""
    hash: str = ""
    creation_time: int = 0
    family_admin_id: int | None = None
    is_two_factor_enabled: bool = False
    is_email_mfa_enabled: bool = False


class Token(Reply):
    creation_time: int
    last_used_time: int
    ua: str
    is_deleted: bool
    app: str


class UserDetails(Lean):
    user: User
    subscription: Subscription | None = None
    details: Details | None = None
    tokens: list[Token] | None = None
    auth_codes: int | None = None


class Users(Reply):
    users: list[User]


class Deleted(Reply):
    is_subscription_cancelled: bool
    user_id: int


class Whom(Body):
    user_id: Needed[int]


class NewSubscription(Body):
    """`storage` bytes until `expiry_time`. What a payment provider would say is read and of no use here."""

    user_id: Needed[int]
    storage: Needed[int]
    product_id: Needed[Word]
    expiry_time: Needed[int]
    transaction_id: Needed[Word] = field(name="transactionID")
    payment_provider: Word = ""
    attributes: dict[str, Any] | None = None


class EmailMfa(Body):
    user_id: Needed[int]
    email_mfa: bool | None = field(default=None, name="emailMFA")


class NewCode(Body):
    email: Needed[Address]
    code: Needed[Word]
    app: Needed[Word]
    expiry_time: Needed[int]


class EndSession(Body):
    token: Needed[Key]
    user_id: Needed[int]


class NewAddress(Body):
    user_id: Needed[int]
    email: Needed[Address]


class Recover(Body):
    user_id: Needed[int]
    email_id: Needed[Address]


class Deletion(Reply):
    """A deleted account; `deletion_starts_at`: when its data goes for good."""

    user_id: int
    user_created_at: int
    scheduled_at: int
    deletion_starts_at: int
    storage_consumed: int
    authenticator_entry_count: int


class Deletions(Reply):
    scheduled_deletions: list[Deletion]


class Hash(Reply):
    hash: str


class Hashes(Body):
    hashes: Needed[Batch[Line]]


class Emails(Reply):
    emails: list[str]


class NewMail(Body):
    """`body` is HTML. From whom mails come says the configuration; `from_name` stands before that address."""

    to: Few[Address] = field(default_factory=list)
    from_name: Line = ""
    from_email: Address = ""
    subject: Line = ""
    body: Title = ""


class NewFlag(Body):
    user_id: Needed[int]
    key: Needed[Word]
    value: Line | None = None


class NewBonus(Body):
    """Bytes on top of the limit. What museum's operators test with (`testing`, `storageInMB`, `minute`) is not taken."""

    bonus_type: Needed[Word]
    action: Needed[Word]
    user_id: Needed[int]
    year: int = 0
    storage_in_gb: int = field(default=0, name="storageInGB")
    testing: bool = False
