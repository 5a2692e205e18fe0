"""An account's keys and the `keyAttributes` the server keeps of them (protocol: client.md 3)."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

from bridge.client import srp
from tests.clients import crypto
from tests.clients.crypto import b64, unb64


@dataclass
class Account:
    """Keys in the clear, as on an unlocked device; `attributes` as they go over the wire."""

    password: str
    kek: bytes
    master_key: bytes
    recovery_key: bytes
    public_key: bytes
    private_key: bytes
    attributes: dict[str, Any]
    srp_user_id: str = ""
    srp_salt: bytes = field(default_factory=crypto.random_key)

    @classmethod
    def create(cls, password: str) -> Account:
        """New keys. The KEK's salt follows from the password so that a process derives it once."""
        salt = hashlib.sha256(password.encode()).digest()[:16]
        kek = crypto.derive_key(password, salt, crypto.ACCOUNT_OPS, crypto.ACCOUNT_MEM)
        master, recovery = crypto.random_key(), crypto.random_key()
        public, private = crypto.new_keypair()
        attributes: dict[str, Any] = {
            "kekSalt": b64(salt),
            "opsLimit": crypto.ACCOUNT_OPS,
            "memLimit": crypto.ACCOUNT_MEM,
            "publicKey": b64(public),
        }
        wrapped = (
            ("encryptedKey", "keyDecryptionNonce", master, kek),
            ("encryptedSecretKey", "secretKeyDecryptionNonce", private, master),
            ("masterKeyEncryptedWithRecoveryKey", "masterKeyDecryptionNonce", master, recovery),
            ("recoveryKeyEncryptedWithMasterKey", "recoveryKeyDecryptionNonce", recovery, master),
        )
        for name, nonce_name, plain, key in wrapped:
            cipher, nonce = crypto.box(plain, key)
            attributes[name], attributes[nonce_name] = b64(cipher), b64(nonce)
        salt = crypto.random_key()[:16]
        return cls(password, kek, master, recovery, public, private, attributes, str(uuid.uuid4()), salt)

    @classmethod
    def unlock(cls, password: str, attributes: dict[str, Any]) -> Account:
        """From what the server gave; raises `nacl.exceptions.CryptoError` for a wrong password."""
        salt = unb64(attributes["kekSalt"])
        kek = crypto.derive_key(password, salt, attributes["opsLimit"], attributes["memLimit"])

        def opened(name: str, nonce: str, key: bytes) -> bytes:
            return crypto.unbox(unb64(attributes[name]), unb64(attributes[nonce]), key)

        master = opened("encryptedKey", "keyDecryptionNonce", kek)
        private = opened("encryptedSecretKey", "secretKeyDecryptionNonce", master)
        recovery = opened("recoveryKeyEncryptedWithMasterKey", "recoveryKeyDecryptionNonce", master)
        if opened("masterKeyEncryptedWithRecoveryKey", "masterKeyDecryptionNonce", recovery) != master:
            raise ValueError("recovery key and master key do not belong together")
        return cls(password, kek, master, recovery, unb64(attributes["publicKey"]), private, attributes)

    def new_password(self, password: str) -> dict[str, Any]:
        """Changes the KEK and the SRP identity in place; returns `updatedKeyAttr` of a password change."""
        other = Account.create(password)
        cipher, nonce = crypto.box(self.master_key, other.kek)
        changed = {
            "kekSalt": other.attributes["kekSalt"],
            "encryptedKey": b64(cipher),
            "keyDecryptionNonce": b64(nonce),
            "opsLimit": crypto.ACCOUNT_OPS,
            "memLimit": crypto.ACCOUNT_MEM,
        }
        self.password, self.kek = password, other.kek
        self.attributes = {**self.attributes, **changed}
        self.srp_user_id, self.srp_salt = other.srp_user_id, other.srp_salt
        return changed

    def srp_client(self) -> srp.SrpClient:
        return srp.SrpClient(self.srp_user_id, crypto.login_subkey(self.kek), self.srp_salt)

    def srp_verifier(self) -> bytes:
        return srp.verifier(self.srp_user_id, crypto.login_subkey(self.kek), self.srp_salt)

    def open_token(self, sealed: str) -> str:
        """The session token of an `encryptedToken`."""
        return crypto.token_text(crypto.unseal(unb64(sealed), self.public_key, self.private_key))
