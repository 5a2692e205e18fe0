"""The key hierarchy of an account: password → KEK → master key → albums → files (client.md §3)."""

from __future__ import annotations

import msgspec
from nacl.exceptions import CryptoError

from . import crypto
from .connection import Row
from .crypto import unb64
from .errors import Damaged, WrongPassword


class Keys(msgspec.Struct, frozen=True):
    """What a linked device holds of an account. 32 bytes each."""

    user_id: int
    master_key: bytes
    public_key: bytes
    private_key: bytes

    @classmethod
    def unlock(cls, user_id: int, attributes: Row, kek: bytes) -> Keys:
        """From `keyAttributes`; raises `WrongPassword`."""
        try:
            master = crypto.unbox(unb64(attributes["encryptedKey"]), unb64(attributes["keyDecryptionNonce"]), kek)
        except CryptoError:
            raise WrongPassword("the password does not open this account") from None
        private = unbox(attributes["encryptedSecretKey"], attributes["secretKeyDecryptionNonce"], master, "the private key")
        return cls(user_id, master, unb64(attributes["publicKey"]), private)

    def open_token(self, sealed: str) -> str:
        """The session token of an `encryptedToken`, as its header wants it."""
        return crypto.token_text(self.unseal(sealed, "the session token"))

    def unseal(self, sealed: str, what: str) -> bytes:
        """What somebody sealed to this account's public key."""
        try:
            return crypto.unseal(unb64(sealed), self.public_key, self.private_key)
        except (CryptoError, ValueError):
            raise Damaged(f"{what} is not sealed to this account") from None

    def album_key(self, album: Row) -> bytes:
        """Of one's own album or one that was shared with this account."""
        what = f"the key of album {album['id']}"
        if album["owner"]["id"] == self.user_id:
            return unbox(album["encryptedKey"], album["keyDecryptionNonce"], self.master_key, what)
        return self.unseal(album["encryptedKey"], what)


def unbox(cipher: str, nonce: str, key: bytes, what: str) -> bytes:
    """A box of the wire, opened; raises `Damaged`."""
    try:
        return crypto.unbox(unb64(cipher), unb64(nonce), key)
    except (CryptoError, ValueError):
        raise Damaged(f"{what} does not open") from None


def open_blob(cipher: bytes, header: bytes, key: bytes, what: str) -> bytes:
    """A blob, opened; raises `Damaged`."""
    try:
        return crypto.decrypt_blob(cipher, header, key)
    except (CryptoError, ValueError, RuntimeError):
        raise Damaged(f"{what} does not open") from None
