"""museum's own keys, the other way round: to write what it will read (accounts.md §3)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nacl.bindings import crypto_secretbox_easy

from ...kernel.crypto import b64
from .source import read_key


@dataclass(frozen=True, slots=True)
class Seals:
    """`key.encryption` and `key.hash`."""

    encryption: bytes = field(repr=False)
    hashing: bytes = field(repr=False)

    def seal(self, text: str) -> tuple[bytes, bytes]:
        """(cipher, nonce) of a text."""
        nonce = secrets.token_bytes(24)
        return crypto_secretbox_easy(text.encode(), nonce, self.encryption), nonce

    def hash(self, text: str) -> str:
        """By which museum looks up an address."""
        return b64(hashlib.blake2b(text.encode(), digest_size=32, key=self.hashing).digest())


def read_seals(file: Path | None, environ: Mapping[str, str]) -> Seals:
    """From museum.yaml, or ENTE_KEY_ENCRYPTION and ENTE_KEY_HASH as museum reads them. Unfit without them."""
    return Seals(read_key("encryption", 32, file, environ), read_key("hash", 64, file, environ))
