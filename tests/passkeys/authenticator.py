"""An authenticator in software that holds one ES256 credential: `cryptography` and `cbor2`, nothing of the server's package."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "http://darkroom.test"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.signatures = 0

    def _data(self, rp_id: str, flags: int) -> bytes:
        self.signatures += 1
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.signatures.to_bytes(4, "big")

    def create(
        self, options: dict[str, Any], *, origin: str = ORIGIN, rp_id: str | None = None, challenge: str | None = None,
        flags: int = PRESENT | VERIFIED | ATTESTED, kind: str = "webauthn.create", alg: int = -7,
    ) -> dict[str, Any]:  # fmt: skip
        """The answer of `navigator.credentials.create`."""
        point = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: alg, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        data = self._data(rp_id or options["rp"]["id"], flags)
        data += bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose
        said = json.dumps({"type": kind, "challenge": challenge or options["challenge"], "origin": origin, "crossOrigin": False}).encode()
        return {
            "id": b64u(self.credential_id), "rawId": b64u(self.credential_id), "type": "public-key",
            "response": {
                "attestationObject": b64u(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})), "clientDataJSON": b64u(said),
                "transports": ["internal", "hybrid"],
            },
        }  # fmt: skip

    def get(
        self, options: dict[str, Any], *, origin: str = ORIGIN, rp_id: str | None = None, challenge: str | None = None,
        flags: int = PRESENT | VERIFIED, user_handle: str | None = None, spoil: bool = False, kind: str = "webauthn.get",
    ) -> dict[str, Any]:  # fmt: skip
        """The answer of `navigator.credentials.get`."""
        data = self._data(rp_id or options["rpId"], flags)
        said = json.dumps({"type": kind, "challenge": challenge or options["challenge"], "origin": origin}).encode()
        signature = self.key.sign((b"x" if spoil else b"") + data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "id": b64u(self.credential_id), "rawId": b64u(self.credential_id), "type": "public-key",
            "response": {
                "authenticatorData": b64u(data), "clientDataJSON": b64u(said), "signature": b64u(signature), "userHandle": user_handle,
            },
        }  # fmt: skip
