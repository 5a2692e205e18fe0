"""An account on the server under test, signed up over HTTP, with key material of the real shape and no cryptography.

The server stores ciphertext it cannot open, so random bytes of the right length cost it exactly what real ones do.
Request order and shapes: accounts.md §10.1, files.md §17.1 of the protocol notes.
"""

from __future__ import annotations

import base64
import json
import os
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

from bench.http1 import Answer, BenchError, Client, render, split_url
from bench.load import Request

PACKAGE = {"X-Client-Package": "io.ente.photos.web"}
OTT_SUFFIX, OTT_CODE = "@example.org", "123456"
METADATA_BYTES, MAGIC_BYTES = 220, 120


def b64(length: int) -> str:
    """Random bytes as the protocol writes binary values."""
    return base64.b64encode(os.urandom(length)).decode()


def key_attributes() -> dict[str, Any]:
    """The `keyAttributes` of a sign-up."""
    lengths = {
        "kekSalt": 16, "encryptedKey": 48, "keyDecryptionNonce": 24, "publicKey": 32, "encryptedSecretKey": 48,
        "secretKeyDecryptionNonce": 24, "masterKeyEncryptedWithRecoveryKey": 48, "masterKeyDecryptionNonce": 24,
        "recoveryKeyEncryptedWithMasterKey": 48, "recoveryKeyDecryptionNonce": 24,
    }  # fmt: skip
    return {"opsLimit": 16, "memLimit": 268435456, **{name: b64(n) for name, n in lengths.items()}}


@dataclass(slots=True)
class Person:
    """One account and one session; `address` is what X-Forwarded-For claims, so that limits per address stay apart."""

    origin: str
    name: str
    id: int = 0
    email: str = ""
    address: str = field(default_factory=lambda: f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}")
    token: str = ""
    client: Client = field(default_factory=Client)

    @property
    def headers(self) -> dict[str, str]:
        auth = {"X-Auth-Token": self.token} if self.token else {}
        return {**PACKAGE, "X-Forwarded-For": self.address, **auth}

    def sign_up(self) -> Person:
        self.email = f"{self.name}-{uuid.uuid4().hex[:10]}{OTT_SUFFIX}"
        self.call("POST", "/users/ott", {"email": self.email, "purpose": "signup"})
        reply = self.call("POST", "/users/verify-email", {"email": self.email, "ott": OTT_CODE}).json()
        self.id, self.token = reply["id"], reply["token"]
        self.call("PUT", "/users/attributes", {"keyAttributes": key_attributes()})
        return self

    def send(self, method: str, target: str, body: Any = None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        if data is None and method in ("POST", "PUT"):
            data = b""
        return self.client.send(method, self.origin + target, self.headers, data)

    def call(self, method: str, target: str, body: Any = None) -> Answer:
        """send, and insist on a 2xx."""
        answer = self.send(method, target, body)
        if answer.status // 100 != 2:
            raise BenchError(f"{method} {target.split('?')[0]} answered {answer.status} {answer.body[:200]!r}")
        return answer

    def prepare(self, method: str, target: str, body: Any = None, **headers: str) -> Request:
        """The same request as bytes for the load generator."""
        host = split_url(self.origin)[0]
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        more = {k.replace("_", "-"): v for k, v in headers.items()}
        return Request(render(method, target, host, {**self.headers, **more}, None if data is None else len(data)) + (data or b""))

    def new_album(self) -> int:
        return int(self.call("POST", "/collections", new_album()).json()["collection"]["id"])

    def album_stamp(self, album: int) -> int:
        return int(self.call("GET", f"/collections/{album}").json()["collection"]["updationTime"])

    def upload_url(self, length: int, md5: str) -> tuple[str, str]:
        """Object key and URL that take exactly these bytes."""
        reply = self.call("POST", "/files/upload-url", {"contentLength": length, "contentMD5": md5}).json()
        return reply["objectKey"], reply["url"]

    def share(self, album: int, whom: Person, role: str) -> None:
        self.call("POST", "/collections/share", {"collectionID": album, "email": whom.email, "encryptedKey": b64(80), "role": role})


def new_album() -> dict[str, Any]:
    """The JSON of POST /collections."""
    keys = {"encryptedKey": b64(48), "keyDecryptionNonce": b64(24), "encryptedName": b64(20), "nameDecryptionNonce": b64(24)}
    return {**keys, "type": "album"}


def file_body(album: int, file: tuple[str, int], thumbnail: tuple[str, int]) -> dict[str, Any]:
    """The JSON of POST /files; file and thumbnail are (object key, bytes)."""
    return {
        "collectionID": album, "encryptedKey": b64(48), "keyDecryptionNonce": b64(24),
        "file": {"decryptionHeader": b64(24), "objectKey": file[0], "size": file[1]},
        "thumbnail": {"decryptionHeader": b64(24), "objectKey": thumbnail[0], "size": thumbnail[1]},
        "metadata": {"encryptedData": b64(METADATA_BYTES), "decryptionHeader": b64(24)},
        "pubMagicMetadata": {"version": 1, "count": 3, "data": b64(MAGIC_BYTES), "header": b64(24)},
    }  # fmt: skip


def items(ids: list[int]) -> list[dict[str, Any]]:
    """The `files` of add, move, restore and copy."""
    return [{"id": i, "encryptedKey": b64(48), "keyDecryptionNonce": b64(24)} for i in ids]
