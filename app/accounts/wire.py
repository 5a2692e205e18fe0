"""What the routes of /users/* read and answer (accounts.md §5). Binary fields are padded standard base64; times are µs."""

from __future__ import annotations

from typing import Any

from msgspec import field

from ..errors import BadRequest
from ..wire import Body, Lean, Reply


# --- codes by e-mail
class CodeRequest(Body):
    """`purpose`: signup, login, change; anything else is unspecific."""

    email: str = ""
    purpose: str = ""


class CodeProof(Body):
    """A code and the address it was sent to; `source` ("how did you hear of us") is kept for a new account."""

    email: str = ""
    ott: str = ""
    source: str = ""


# --- keys
class KeyAttributes(Body):
    """What a client needs to open its keys with the password; asked for and answered in the same shape (accounts.md §5.5)."""

    kek_salt: str = ""
    kek_hash: str = ""
    encrypted_key: str = ""
    key_decryption_nonce: str = ""
    public_key: str = ""
    encrypted_secret_key: str = ""
    secret_key_decryption_nonce: str = ""
    mem_limit: int = 0
    ops_limit: int = 0
    master_key_encrypted_with_recovery_key: str = ""
    master_key_decryption_nonce: str = ""
    recovery_key_encrypted_with_master_key: str = ""
    recovery_key_decryption_nonce: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return (
            "kek_salt", "encrypted_key", "key_decryption_nonce", "public_key", "encrypted_secret_key", "secret_key_decryption_nonce",
            "mem_limit", "ops_limit",
        )  # fmt: skip


class NewAttributes(Body):
    key_attributes: KeyAttributes | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("key_attributes",)


class RecoveryKey(Body):
    master_key_encrypted_with_recovery_key: str = ""
    master_key_decryption_nonce: str = ""
    recovery_key_encrypted_with_master_key: str = ""
    recovery_key_decryption_nonce: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return cls.__struct_fields__


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
    srp_user_id: str = ""
    srp_a: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("srp_user_id", "srp_a")


class SrpStarted(Reply):
    session_id: str
    srp_b: str


class SrpProof(Body):
    session_id: str = ""
    srp_user_id: str = ""
    srp_m1: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("session_id", "srp_user_id")


class SrpSetup(Body):
    srp_user_id: str = ""
    srp_salt: str = ""
    srp_verifier: str = ""
    srp_a: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("srp_user_id", "srp_salt", "srp_verifier", "srp_a")


class SrpSetupStarted(Reply):
    setup_id: str
    srp_b: str


class SrpComplete(Body):
    setup_id: str = ""
    srp_m1: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("setup_id", "srp_m1")


class UpdatedKeys(Body):
    """The part of the key attributes that a new password changes."""

    kek_salt: str = ""
    encrypted_key: str = ""
    key_decryption_nonce: str = ""
    mem_limit: int = 0
    ops_limit: int = 0

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return cls.__struct_fields__


class SrpUpdate(Body):
    """A new password. `log_out_other_devices` absent or null means true."""

    setup_id: str = ""
    srp_m1: str = ""
    updated_key_attr: UpdatedKeys | None = None
    log_out_other_devices: bool | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("updated_key_attr", "setup_id", "srp_m1")


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

    event: str = ""


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

    challenge: str = ""
    reason: str = ""
    reason_category: str = ""
    feedback: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("challenge",)


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
