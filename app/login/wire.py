"""What the routes of log-in read and answer (accounts.md §2.4, §5.2–§5.6). Binary fields are padded standard base64; times are µs."""

from __future__ import annotations

from msgspec import field

from ..accounts.wire import KeyAttributes, UpdatedKeys
from ..kernel.fields import Address, Key, Line, Word
from ..kernel.wire import Body, Lean, Needed, Reply


class CodeRequest(Body):
    """`purpose`: signup, login, change; anything else is unspecific."""

    email: Address = ""
    purpose: Word = ""


class CodeProof(Body):
    """A code and the address it was sent to; `source` ("how did you hear of us") is kept for a new account."""

    email: Address = ""
    ott: Word = ""
    source: Line = ""


class Validity(Lean):
    has_set_keys: bool
    key_attributes: KeyAttributes | None = None


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


class Password(Body):
    """For `POST /users/login` alone: everywhere else a password stays on its device."""

    email: Needed[Address]
    password: Needed[Line]


class PlainSession(Reply):
    """`token_type`: the header that carries the token; `expires_in`: seconds that it may lie idle."""

    auth_token: str
    token_type: str = field(name="token_type")
    expires_in: int


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


class SrpUpdate(Body):
    """A new password. `log_out_other_devices` absent or null means true."""

    setup_id: Needed[Word]
    srp_m1: Needed[Key]
    updated_key_attr: Needed[UpdatedKeys]
    log_out_other_devices: bool | None = None


class SrpCompleted(Reply):
    setup_id: str
    srp_m2: str


class ListedSession(Reply):
    """One session in the list; `token` is the caller's own token or the handle of another session, `id` the handle of each."""

    id: str
    token: str
    creation_time: int
    ip: str
    ua: str
    pretty_ua: str = field(name="prettyUA")
    last_used_time: int


class EndedSessions(Reply):
    ended: int


class SessionList(Reply):
    sessions: list[ListedSession]


class AccountsToken(Reply):
    accounts_token: str
    accounts_url: str


class FamiliesToken(Reply):
    families_token: str
    family_url: str


class PaymentToken(Reply):
    payment_token: str
