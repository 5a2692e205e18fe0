"""What /users/two-factor/* reads and answers, passkeys aside (accounts.md §5.7)."""

from __future__ import annotations

from ..http.query import Query
from ..kernel.fields import Key, Word
from ..kernel.wire import Body, Needed, Reply


class Status(Reply):
    status: bool


class RecoveryStatus(Reply):
    allow_admin_reset: bool
    is_passkey_recovery_enabled: bool


class NewSecret(Reply):
    """The secret in base32 and as a PNG (base64) to scan."""

    secret_code: str
    qr_code: str


class Enable(Body):
    """A code of the shown secret, and the secret encrypted with the recovery key, which the server cannot read."""

    code: Needed[Word]
    encrypted_two_factor_secret: Needed[Key]
    two_factor_secret_decryption_nonce: Needed[Key]


class Code(Body):
    session_id: Needed[Word]
    code: Needed[Word]


class Recovery(Query):
    """`two_factor_type`: passkey; anything else is TOTP."""

    session_id: str = ""
    two_factor_type: str = ""


class RecoverySecret(Reply):
    """What the client encrypted with its recovery key."""

    encrypted_secret: str
    secret_decryption_nonce: str


class Remove(Body):
    """The recovered secret in clear, as proof of the recovery key."""

    session_id: Needed[Word]
    secret: Needed[Key]
    two_factor_type: Word = ""
