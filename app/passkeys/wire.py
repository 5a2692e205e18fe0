"""What the routes of passkeys read and answer (accounts.md §5.8, §5.9). WebAuthn's binary is unpadded URL-safe base64, in and out."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, field

from ..http.query import Query
from ..kernel.errors import AppError, BadRequest, CodedBadRequest
from ..kernel.fields import Few, Key, Word
from ..kernel.wire import Body, Lean, Needed, Reply

Attestation = Annotated[str, Meta(max_length=65_536, description="base64 of what an authenticator says of itself; TPMs send certificate chains")]
CredentialId = Annotated[str, Meta(max_length=1400, description="base64 of a credential's id: 1023 bytes at most (WebAuthn)")]


# --- the list
class Passkey(Reply):
    id: str
    user_id: int
    friendly_name: str
    created_at: int  # µs


class Passkeys(Reply):
    """`passkeys` is null when there are none."""

    accounts_url: str
    passkeys: list[Passkey] | None


class Name(Query):
    friendly_name: str = ""


# --- options for the browser
class RelyingParty(Reply):
    name: str
    id: str


class Owner(Reply):
    name: str
    display_name: str
    id: str


class Algorithm(Reply):
    type: str
    alg: int


class Selection(Reply):
    require_resident_key: bool
    user_verification: str


class CreationOptions(Reply):
    rp: RelyingParty
    user: Owner
    challenge: str
    pub_key_cred_params: list[Algorithm]
    timeout: int  # ms
    authenticator_selection: Selection


class Creation(Reply):
    public_key: CreationOptions


class Registration(Reply):
    options: Creation
    session_id: str


class Credential(Lean):
    id: str
    type: str = field(default="")  # always given: a constant would be left out
    transports: list[str] | None = None


class RequestOptions(Reply):
    challenge: str
    timeout: int  # ms
    rp_id: str = field(name="rpId")
    allow_credentials: list[Credential]
    user_verification: str


class Assertion(Reply):
    public_key: RequestOptions


class Ceremony(Reply):
    options: Assertion
    ceremony_session_id: str


# --- what a browser answers
class AttestationAnswer(Body):
    attestation_object: Needed[Attestation]
    client_data_json: Needed[Key] = field(name="clientDataJSON")
    transports: Few[Word] = field(default_factory=list)


class NewCredential(Body):
    id: Needed[CredentialId]
    raw_id: Needed[CredentialId] = field(name="rawId")
    type: Needed[Word]
    response: Needed[AttestationAnswer]


class AssertionAnswer(Body):
    authenticator_data: Needed[Key]
    client_data_json: Needed[Key] = field(name="clientDataJSON")
    signature: Needed[Key]
    user_handle: Word | None = None


class SignedChallenge(Body):
    id: Needed[CredentialId]
    raw_id: Needed[CredentialId] = field(name="rawId")
    type: Needed[Word]
    response: Needed[AssertionAnswer]


class Begin(Body):
    session_id: Needed[Word]


class Finish(Query):
    session_id: Needed[str]
    ceremony_session_id: Needed[str]


class FinishRegistration(Query):
    session_id: Needed[str]
    friendly_name: str = ""


class Poll(Query):
    refusal: ClassVar[type[AppError]] = CodedBadRequest
    session_id: Needed[str]


class RecoverySetup(Body):
    """`secret` in clear, and the client's copy of it under its recovery key."""

    refusal: ClassVar[type[AppError]] = BadRequest
    secret: Needed[Key]
    user_secret_cipher: Needed[Key]
    user_secret_nonce: Needed[Key]
