"""Cryptography the server itself needs: hashes of tokens, sealed tokens, e-mail at rest, signed URLs, minted object keys, JWTs.

The server never holds a key that opens anybody's content. Primitives come from libsodium (PyNaCl) and the standard library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import unicodedata
import uuid
from dataclasses import dataclass, field
from typing import Any

import msgspec
from nacl.bindings import crypto_box_seal, crypto_secretbox_easy, crypto_secretbox_open_easy

from .clock import ALNUM, Ids

_TAG_BYTES = 6
_NAME = 22  # digits of base 62 hold 128 bits
_VALUES = {c: i for i, c in enumerate(ALNUM)}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def token_hash(token: str) -> bytes:
    """What is stored of a session token: SHA-256 of its text (32 bytes)."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def session_handle(stored: bytes) -> str:
    """The name of another device's session in a listing: 44 characters that end that session but are no credential."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"darkroom session handle" + stored).digest()).decode()


def seal_token(token: str, public_key: str) -> str:
    """`encryptedToken`: the 32 raw bytes of a token sealed to a user's public key, standard base64 (accounts.md §3)."""
    return b64(crypto_box_seal(base64.urlsafe_b64decode(token), base64.b64decode(public_key)))


def seal_text(text: str, public_key: str) -> str:
    """The ASCII bytes of a text sealed to a public key (deletion challenge)."""
    return b64(crypto_box_seal(text.encode(), base64.b64decode(public_key)))


def same(a: bytes | str, b: bytes | str) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(a.encode() if isinstance(a, str) else a, b.encode() if isinstance(b, str) else b)


def normal_email(text: str) -> str:
    """Trimmed, lower-cased and composed (NFC), as every route compares addresses (accounts.md §0): ä is one letter or two, as keyboards go."""
    return unicodedata.normalize("NFC", text.strip().lower())


@dataclass(frozen=True, slots=True)
class Secrets:
    """The server's own keys, made at first start into `secrets.toml` (mode 0600). Losing them logs nobody out, but e-mails cannot be
    read any more and every issued URL and JWT becomes invalid."""

    encryption: bytes = field(repr=False)  # 32: e-mails, TOTP secrets at rest
    hash: bytes = field(repr=False)  # 64: BLAKE2b key of the e-mail look-up hash
    jwt: bytes = field(repr=False)  # 32
    url: bytes = field(repr=False)  # 32: signed object URLs and minted keys

    @classmethod
    def generate(cls, ids: Ids) -> Secrets:
        return cls(ids.bytes(32), ids.bytes(64), ids.bytes(32), ids.bytes(32))


class Crypto:
    """Operations with the server's secrets. Pure; holds no connection and no cache."""

    def __init__(self, secrets: Secrets, ids: Ids) -> None:
        self._secrets = secrets
        self._ids = ids
        self._url_mac = hmac.new(secrets.url, digestmod=hashlib.sha256)  # copied for each use: half the time of keying it anew

    # --- data at rest (accounts.md §3)
    def encrypt(self, text: str) -> tuple[bytes, bytes]:
        """secretbox of a text: (cipher with the tag first, nonce of 24 bytes)."""
        nonce = self._ids.bytes(24)
        return crypto_secretbox_easy(text.encode(), nonce, self._secrets.encryption), nonce

    def decrypt(self, cipher: bytes, nonce: bytes) -> str:
        return crypto_secretbox_open_easy(cipher, nonce, self._secrets.encryption).decode()

    def hash(self, text: str) -> str:
        """BLAKE2b-256 keyed, standard base64: the look-up form of an e-mail address."""
        return b64(hashlib.blake2b(text.encode(), digest_size=32, key=self._secrets.hash).digest())

    def instance(self) -> str:
        """The id of the installation that these secrets belong to; tells nothing of them."""
        return hashlib.blake2b(b"darkroom instance", digest_size=16, key=self._secrets.hash).hexdigest()

    # --- signed values
    def sign(self, *parts: str | int) -> str:
        """URL-safe HMAC-SHA256 (first 24 bytes, 32 characters) over the parts, each length-prefixed so that they cannot run together."""
        pieces: list[bytes] = []
        for p in parts:
            raw = str(p).encode()
            pieces += (len(raw).to_bytes(4, "big"), raw)
        mac = self._url_mac.copy()
        mac.update(b"".join(pieces))
        return base64.urlsafe_b64encode(mac.digest()[:24]).decode()

    def verify(self, signature: str, *parts: str | int) -> bool:
        return same(self.sign(*parts).encode(), signature.encode("utf-8", "surrogateescape"))

    # --- object keys
    def mint_key(self, owner: int, purpose: str = "") -> str:
        """A fresh object key `{owner}/{uuid}`: 74 random bits and a 48-bit tag, so that issued keys are known again without a row
        per issued URL (clients ask for a new URL at every retry). With a purpose (a guest's upload through one link) 26 of the bits name it."""
        if not purpose:
            (key,) = self.mint_keys(owner, 1)
            return key
        head = self._ids.bytes(6)
        return f"{owner}/{self._tagged(owner, head + self._purpose(owner, head, purpose))}"

    def minted_for(self, owner: int, key: str, purpose: str) -> bool:
        """Whether this key was issued by this server to this owner for this purpose."""
        if not self.minted(owner, key):
            return False
        head = _head(uuid.UUID(key.partition("/")[2]))
        return same(self._tagged(owner, head[:6] + self._purpose(owner, head[:6], purpose)), key.partition("/")[2])

    def _purpose(self, owner: int, head: bytes, purpose: str) -> bytes:
        mac = self._url_mac.copy()
        mac.update(b"purpose" + str(owner).encode() + b"/" + head + purpose.encode())
        return mac.digest()[:4]

    def mint_keys(self, owner: int, count: int) -> list[str]:
        """Several keys from one draw: each draw is a system call, and a chance for another thread to take the interpreter."""
        drawn = self._ids.bytes(10 * count)
        return [f"{owner}/{self._tagged(owner, drawn[at : at + 10])}" for at in range(0, len(drawn), 10)]

    def minted(self, owner: int, key: str) -> bool:
        """Whether this key was issued by this server to this owner."""
        prefix, _, name = key.partition("/")
        if prefix != str(owner):
            return False
        try:
            raw = uuid.UUID(name)
        except ValueError:
            return False
        return same(self._tagged(owner, _head(raw)), name)

    # --- names of object keys
    def name_of_key(self, key: str, *purpose: str | int) -> str:
        """A minted key in disguise, bound to a purpose: 22 letters and digits. No row has to remember it."""
        value = uuid.UUID(key.partition("/")[2]).int ^ self._mask(*purpose)
        digits = []
        for _ in range(_NAME):
            value, digit = divmod(value, len(ALNUM))
            digits.append(ALNUM[digit])
        return "".join(reversed(digits))

    def key_of_name(self, owner: int, name: str, *purpose: str | int) -> str | None:
        """The key behind a name that was issued to this owner for this purpose; None for any other text."""
        if len(name) != _NAME or not all(c in _VALUES for c in name):
            return None
        value = 0
        for c in name:
            value = value * len(ALNUM) + _VALUES[c]
        if value >> 128:
            return None
        key = f"{owner}/{uuid.UUID(int=value ^ self._mask(*purpose))}"
        return key if self.minted(owner, key) else None

    def _mask(self, *purpose: str | int) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(self.sign(*purpose))[:16], "big")

    def _tagged(self, owner: int, head: bytes) -> str:
        """The version-4 UUID text of 10 random bytes (the bits that UUIDs fix are dropped) and their tag."""
        bits = bytearray(head[:6])
        bits.append(0x40 | head[6] >> 4)
        bits.append((head[6] & 0x0F) << 4 | head[7] >> 4)
        bits.append(0x80 | (head[8] & 0x3F))
        bits.append(head[9])
        mac = self._url_mac.copy()
        mac.update(b"key" + str(owner).encode() + b"/" + bits)
        text = (bits + mac.digest()[:_TAG_BYTES]).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    # --- JWTs (accounts.md §2.4): HS256, `expiryTime` in µs, `claimScope`
    def jwt(self, claims: dict[str, Any]) -> str:
        head = _b64u(b'{"alg":"HS256","typ":"JWT"}')
        body = _b64u(msgspec.json.encode(claims))
        return f"{head}.{body}.{_b64u(self._jwt_mac(f'{head}.{body}'))}"

    def read_jwt(self, token: str, *, scope: str, now: int) -> dict[str, Any] | None:
        """The claims, or None when the signature, the scope or the expiry (µs) does not hold. Only HS256 is accepted."""
        claims = self.signed_claims(token)
        if claims is None or claims.get("claimScope", "PAYMENT") != scope:
            return None
        expiry = claims.get("expiryTime")
        return claims if isinstance(expiry, int) and expiry > now else None

    def signed_claims(self, token: str) -> dict[str, Any] | None:
        """The claims of a JWT that this server signed, or None. For what, and until when, is the caller's to check."""
        head, _, rest = token.partition(".")
        body, _, mac = rest.partition(".")
        try:
            if not same(self._jwt_mac(f"{head}.{body}"), _unb64u(mac)):  # first: what a stranger wrote is not worth a parser's trouble
                return None
            algorithm, claims = msgspec.json.decode(_unb64u(head)), msgspec.json.decode(_unb64u(body))
        except (ValueError, msgspec.DecodeError):
            return None
        return claims if isinstance(claims, dict) and isinstance(algorithm, dict) and algorithm.get("alg") == "HS256" else None

    def _jwt_mac(self, text: str) -> bytes:
        return hmac.new(self._secrets.jwt, text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()


def _head(key: uuid.UUID) -> bytes:
    """The bytes from which `Crypto._tagged` made this, but for the bits that UUIDs fix."""
    raw = key.bytes
    return raw[:6] + bytes([((raw[6] & 0x0F) << 4) | (raw[7] >> 4), ((raw[7] & 0x0F) << 4)]) + raw[8:10]


def _b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64u(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as e:
        raise ValueError(str(e)) from None
