"""What the routes of /users/* read and answer (accounts.md §5). Binary fields are padded standard base64; times are µs."""

from __future__ import annotations

from typing import Any

from msgspec import field

from ..kernel.errors import BadRequest
from ..kernel.fields import Address, Key, Line, Word
from ..kernel.wire import Body, Lean, Needed, Reply


# --- codes by e-mail
class CodeRequest(Body):
    """`purpose`: signup, login, change; anything else is unspecific."""

    email: Address = ""
    purpose: Word = ""


class CodeProof(Body):
    """A code and the address it was sent to; `source` ("how did you hear of us") is kept for a new account."""

    email: Address = ""
    ott: Word = ""
    source: Line = ""


# --- keys
class KeyAttributes(Body):
    """What a client needs to open its keys with the password; asked for and answered in the same shape (accounts.md §5.5)."""

    kek_salt: Needed[Key]
    encrypted_key: Needed[Key]
    key_decryption_nonce: Needed[Key]
    public_key: Needed[Key]
    encrypted_secret_key: Needed[Key]
    secret_key_decryption_nonce: Needed[Key]
    mem_limit: Needed[int]
    ops_limit: Needed[int]
    kek_hash: Key = ""
    master_key_encrypted_with_recovery_key: Key = ""
    master_key_decryption_nonce: Key = ""
    recovery_key_encrypted_with_master_key: Key = ""
    recovery_key_decryption_nonce: Key = ""


class NewAttributes(Body):
    key_attributes: Needed[KeyAttributes]


class RecoveryKey(Body):
    master_key_encrypted_with_recovery_key: Needed[Key]
    master_key_decryption_nonce: Needed[Key]
    recovery_key_encrypted_with_master_key: Needed[Key]
    recovery_key_decryption_nonce: Needed[Key]


class Validity(Lean):
    has_set_keys: bool
    key_attributes: KeyAttributes | None = None


class PublicKey(Reply):
    public_key: str


# --- log-in
class Authorised(Lean):
    """EmailAuthorizationResponse (accounts.md §5.3): the four session and URL fields are texts, "" where not applicable."""

    id: int
    passkey_session_id: str
    accounts_url: str
    two_factor_session_id: str
    two_factor_session_id_v2: str
    key_attributes: KeyAttributes | None = None
    encrypted_token: str = ""
    token: str = ""
    srp_m2: str = ""


# --- password log-in (SRP)
class SrpAttributes(Reply):
    srp_user_id: str
    srp_salt: str
    mem_limit: int
    ops_limit: int
    kek_salt: str
    is_email_mfa_enabled: bool


class SrpAttributesReply(Reply):
    attributes: SrpAttributes


class SrpStart(Body):
    srp_user_id: Needed[Word]
    srp_a: Needed[Key]


class SrpStarted(Reply):
    session_id: str
    srp_b: str


class SrpProof(Body):
    session_id: Needed[Word]
    srp_user_id: Needed[Word]
    srp_m1: Key = ""


class SrpSetup(Body):
    srp_user_id: Needed[Word]
    srp_salt: Needed[Key]
    srp_verifier: Needed[Key]
    srp_a: Needed[Key]


class SrpSetupStarted(Reply):
    setup_id: str
    srp_b: str


class SrpComplete(Body):
    setup_id: Needed[Word]
    srp_m1: Needed[Key]


class UpdatedKeys(Body):
    """The part of the key attributes that a new password changes."""

    kek_salt: Needed[Key]
    encrypted_key: Needed[Key]
    key_decryption_nonce: Needed[Key]
    mem_limit: Needed[int]
    ops_limit: Needed[int]


class SrpUpdate(Body):
    """A new password. `log_out_other_devices` absent or null means true."""

    setup_id: Needed[Word]
    srp_m1: Needed[Key]
    updated_key_attr: Needed[UpdatedKeys]
    log_out_other_devices: bool | None = None


class SrpCompleted(Reply):
    setup_id: str
    srp_m2: str


# --- sessions
class Device(Reply):
    """One session in the list; `token` is the caller's own token or the handle of another session."""

    token: str
    creation_time: int
    ip: str
    ua: str
    pretty_ua: str = field(name="prettyUA")
    last_used_time: int


class Devices(Reply):
    sessions: list[Device]


# --- the account
class Event(Body):
    """Nothing is required (misc.md §11)."""

    event: Word = ""


class EmailMfa(Body):
    """`isEnabled` must be given; false is a value."""

    is_enabled: bool | None = None

    def check(self) -> None:
        if self.is_enabled is None:
            raise BadRequest(log="isEnabled is required")


class Subscription(Reply):
    """What an account may store, in the shape of a hosted plan (accounts.md §5.11)."""

    id: int
    user_id: int
    product_id: str
    storage: int
    original_transaction_id: str
    expiry_time: int
    payment_provider: str
    attributes: dict[str, Any]
    price: str
    period: str


class Profile(Reply):
    can_disable_email_mfa: bool
    is_email_mfa_enabled: bool
    is_two_factor_enabled: bool
    passkey_count: int


class Bonuses(Reply):
    storage_bonuses: list[dict[str, Any]]


class LockerFamilyUsage(Reply):
    family_file_count: int


class Details(Lean):
    """`file_count` and `shared_collections_count` vanish for memoryCount=false, `locker_family_usage` outside Locker."""

    email: str
    usage: int
    subscription: Subscription
    storage_bonus: int
    profile_data: Profile
    bonus_data: Bonuses
    file_count: int | None = None
    shared_collections_count: int | None = None
    locker_family_usage: LockerFamilyUsage | None = None


class LockerUsage(Reply):
    is_paid: bool
    is_family: bool
    used_file_count: int
    file_limit: int
    remaining_file_count: int
    used_storage: int
    storage_limit: int
    remaining_storage: int
    user_file_count: int
    user_storage: int


class DeletionSummary(Reply):
    photos_and_videos_count: int
    authenticator_codes_count: int
    locker_records_count: int


class DeleteChallenge(Reply):
    allow_delete: bool
    encrypted_challenge: str
    apps: list[str]


class DeleteAccount(Body):
    """`reason` (web, desktop) goes before `reason_category` (mobile)."""

    challenge: Needed[Key]
    reason: Line = ""
    reason_category: Line = ""
    feedback: Line = ""


class AccountDeleted(Reply):
    is_subscription_cancelled: bool
    user_id: int


class AccountsToken(Reply):
    accounts_token: str
    accounts_url: str


class FamiliesToken(Reply):
    families_token: str
    family_url: str


class PaymentToken(Reply):
    payment_token: str


class TwoFactorStatus(Reply):
    status: bool


class RecoveryStatus(Reply):
    allow_admin_reset: bool
    is_passkey_recovery_enabled: bool
