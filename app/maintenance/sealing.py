"""`secrets.toml` under a passphrase, for a backup that lies with somebody else: Argon2id makes the key, secretbox seals."""

from __future__ import annotations

import base64
import json

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random

from .vault import Unfit

SEALED = "secrets.sealed"
OPS, MEM = argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE
"""Three passes over 256 MiB: a second for us, much for who guesses."""
_MOST = 1 << 31  # bytes of memory that a damaged file may ask for


def seal(text: str, passphrase: str) -> str:
    salt, ops, mem = random(argon2id.SALTBYTES), OPS, MEM
    box = SecretBox(argon2id.kdf(SecretBox.KEY_SIZE, passphrase.encode(), salt, ops, mem)).encrypt(text.encode())
    return json.dumps({"kdf": "argon2id13", "ops": ops, "mem": mem, "salt": _b64(salt), "box": _b64(bytes(box))}, indent=1) + "\n"


def unseal(text: str, passphrase: str) -> str:
    """Unfit for another passphrase, or a damaged file."""
    try:
        found = json.loads(text)
        if not found["mem"] <= _MOST or not found["ops"] <= 64:
            raise ValueError("out of bounds")
        key = argon2id.kdf(SecretBox.KEY_SIZE, passphrase.encode(), base64.b64decode(found["salt"]), found["ops"], found["mem"])
        return SecretBox(key).decrypt(base64.b64decode(found["box"])).decode()
    except CryptoError:
        raise Unfit(log=f"backup.passphrase does not open {SEALED}: it was sealed with another one") from None
    except (ValueError, KeyError, TypeError) as e:
        raise Unfit(log=f"{SEALED} is damaged: {e}") from None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
