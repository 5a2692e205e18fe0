"""WebAuthn itself: options for a browser, and judging what an authenticator signed. Pure, by the `webauthn` package; knows no database."""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.registration.verify_registration_response import VerifiedRegistration

from ..kernel.config import Config
from ..kernel.errors import AppError, CodedBadRequest
from .wire import (
    Algorithm,
    Assertion,
    Ceremony,
    Creation,
    CreationOptions,
    Credential,
    NewCredential,
    Owner,
    Registration,
    RelyingParty,
    RequestOptions,
    Selection,
    SignedChallenge,
)

ALGORITHMS = (-7, -36, -257, -258, -259, -37, -38, -39, -8)  # in the order of preference; those the package can verify
REGISTRATION_TIMEOUT = 300_000  # ms
LOGIN_TIMEOUT = 120_000  # ms
TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal", "cable"})
NAME = "Ente"  # what the clients' own pages say


def handle(user_id: int) -> bytes:
    """WebAuthn's user.id: the id as eight bytes, big-endian."""
    return user_id.to_bytes(8, "big")


def creation(config: Config, user_id: int, email: str, ceremony_id: str, challenge: bytes) -> Registration:
    """What a browser needs to make a credential. No `excludeCredentials`: the clients do not decode their ids."""
    options = CreationOptions(
        rp=RelyingParty(name=NAME, id=config.rp_id),
        user=Owner(name=email, display_name=email, id=bytes_to_base64url(handle(user_id))),
        challenge=bytes_to_base64url(challenge),
        pub_key_cred_params=[Algorithm(type="public-key", alg=alg) for alg in ALGORITHMS],
        timeout=REGISTRATION_TIMEOUT,
        authenticator_selection=Selection(require_resident_key=False, user_verification="preferred"),
    )
    return Registration(options=Creation(public_key=options), session_id=ceremony_id)


def request(config: Config, credentials: list[tuple[bytes, str]], ceremony_id: str, challenge: bytes) -> Ceremony:
    """What a browser needs to use one of these credentials (id, transports as JSON)."""
    options = RequestOptions(
        challenge=bytes_to_base64url(challenge),
        timeout=LOGIN_TIMEOUT,
        rp_id=config.rp_id,
        allow_credentials=[
            Credential(type="public-key", id=bytes_to_base64url(raw), transports=msgspec.json.decode(transports) or None)
            for raw, transports in credentials
        ],
        user_verification="preferred",
    )
    return Ceremony(options=Assertion(public_key=options), ceremony_session_id=ceremony_id)


def register(config: Config, challenge: bytes, answer: NewCredential) -> VerifiedRegistration:
    """The new credential; 400 BAD_REQUEST for whatever does not hold. Anything in it may be hostile, and the package's parsers raise
    all kinds of things."""
    try:
        return verify_registration_response(
            credential=_plain(answer),
            expected_challenge=challenge,
            expected_rp_id=config.rp_id,
            expected_origin=_origins(config, answer.response.client_data_json),
            supported_pub_key_algs=[COSEAlgorithmIdentifier(a) for a in ALGORITHMS],
        )
    except Exception as e:
        _refuse(CodedBadRequest("Error parsing attestation response"), e)


def authenticate(config: Config, challenge: bytes, public_key: bytes, answer: SignedChallenge, *, page: str = "") -> None:
    """401 BAD_REQUEST "Invalid signature" unless this key signed this challenge on one of our pages. `page`: the origin of the one page that
    will do; there the authenticator must have known its owner too.

    The signature counter is not enforced: synchronised passkeys have none, and a restored phone would lock its owner out.
    """
    try:
        verify_authentication_response(
            credential=_plain(answer),
            expected_challenge=challenge,
            expected_rp_id=config.rp_id,
            expected_origin=page or _origins(config, answer.response.client_data_json),
            credential_public_key=public_key,
            require_user_verification=bool(page),
            credential_current_sign_count=0,
        )
    except Exception as e:
        _refuse(invalid(f"{type(e).__name__}: {e}"), e)


def invalid(log: str) -> AppError:
    return CodedBadRequest("Invalid signature", status=401, log=log[:300])


def _refuse(refusal: AppError, cause: Exception) -> NoReturn:
    refusal.log = f"passkey: {type(cause).__name__}: {cause}"[:300]
    raise refusal from None


def _plain(answer: NewCredential | SignedChallenge) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(answer)
    found["id"] = found["id"].rstrip("=")  # tolerated, as museum does
    return found


def _origins(config: Config, client_data: str) -> list[str]:
    """The accepted origins, the one in the answer spelled as it came if only its case differs."""
    try:
        claimed = msgspec.json.decode(base64url_to_bytes(client_data))["origin"]
    except Exception:
        claimed = ""
    return [claimed if isinstance(claimed, str) and claimed.lower() == o else o for o in config.passkey_origins]


def raw_id(answer: SignedChallenge) -> bytes:
    """The id of the credential that signed; 401 for none."""
    try:
        return base64url_to_bytes(answer.raw_id)
    except ValueError as e:
        raise invalid(str(e)) from None


def same_handle(answer: SignedChallenge, user_id: int) -> bool:
    """Whether the authenticator named this person, or nobody."""
    claimed = answer.response.user_handle
    return not claimed or claimed.rstrip("=") == bytes_to_base64url(handle(user_id))


def transports(answer: NewCredential) -> str:
    """JSON of the known ways to reach the authenticator."""
    return msgspec.json.encode([t for t in dict.fromkeys(answer.response.transports) if t in TRANSPORTS]).decode()
