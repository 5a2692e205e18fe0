"""What the routes of an account read and answer (accounts.md §5.5, §5.11). Binary fields are padded standard base64; times are µs."""

from __future__ import annotations

from typing import Any

from ..families.wire import Members
from ..kernel.errors import BadRequest
from ..kernel.fields import Address, Few, Key, Word
from ..kernel.wire import Body, Lean, Needed, Reply


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


class PublicKey(Reply):
    public_key: str


class Addresses(Body):
    """POST /users/public-keys."""

    emails: Needed[Few[Address]]


class KeyOf(PublicKey):
    email: str


class PublicKeys(Reply):
    public_keys: list[KeyOf]


class UpdatedKeys(Body):
    """The part of the key attributes that a new password changes."""

    kek_salt: Needed[Key]
    encrypted_key: Needed[Key]
    key_decryption_nonce: Needed[Key]
    mem_limit: Needed[int]
    ops_limit: Needed[int]


class ClientEvent(Body):
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
    """`family_data` is there in a family only.
    `file_count` and `shared_collections_count` vanish for memoryCount=false, `locker_family_usage` outside Locker."""

    email: str
    usage: int
    subscription: Subscription
    storage_bonus: int
    profile_data: Profile
    bonus_data: Bonuses
    family_data: Members | None = None
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


class Passed(Reply):
    """TwoFactorAuthorizationResponse (accounts.md §5.7): a log-in whose second factor was right."""

    id: int
    key_attributes: KeyAttributes
    encrypted_token: str
