"""The cryptography of Ente's clients: keys, boxes, blobs, links (client.md §2, §3, §6, §12). Streams of files are in stream.py.

The test client of this repository uses it too; the server's own `app.kernel.crypto` is independent on purpose: two that agree prove more than one.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator

from argon2.low_level import Type, hash_secret_raw
from nacl import bindings

CHUNK = 4 * 1024 * 1024
CHUNK_OVERHEAD = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
MESSAGE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
FINAL = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
ACCOUNT_OPS = 32
ACCOUNT_MEM = 134_217_728
"""Argon2id of an account: passes and bytes; their product is the one the server insists on."""
LINK_OPS = 2
LINK_MEM = 67_108_864

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def b64(data: bytes) -> str:
    """Standard alphabet with padding, as all binary in JSON."""
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes:
    """Strict like the clients: no missing padding, no URL-safe characters."""
    return base64.b64decode(text, validate=True)


def random_key() -> bytes:
    return os.urandom(32)


def derive_key(password: str, salt: bytes, ops: int, mem: int) -> bytes:
    """Argon2id, 32 bytes; `mem` in bytes. An account's parameters cost seconds: run it in a thread."""
    return hash_secret_raw(password.encode(), salt, ops, mem // 1024, 1, 32, Type.ID, version=0x13)


def derive_subkey(key: bytes, length: int, number: int, context: bytes) -> bytes:
    """libsodium's crypto_kdf_derive_from_key."""
    salt = number.to_bytes(8, "little") + bytes(8)
    return hashlib.blake2b(b"", digest_size=length, key=key, salt=salt, person=context + bytes(8)).digest()


def login_subkey(kek: bytes) -> bytes:
    """The 16 bytes that are the SRP password."""
    return derive_subkey(kek, 32, 1, b"loginctx")[:16]


def new_keypair() -> tuple[bytes, bytes]:
    """(public, private), 32 bytes each."""
    public, private = bindings.crypto_box_keypair()
    return public, private


def box(plain: bytes, key: bytes, nonce: bytes | None = None) -> tuple[bytes, bytes]:
    """Secretbox: (ciphertext, nonce)."""
    nonce = nonce or os.urandom(24)
    return bindings.crypto_secretbox(plain, nonce, key), nonce


def unbox(cipher: bytes, nonce: bytes, key: bytes) -> bytes:
    return bindings.crypto_secretbox_open(cipher, nonce, key)


def seal(plain: bytes, public: bytes) -> bytes:
    return bindings.crypto_box_seal(plain, public)


def unseal(cipher: bytes, public: bytes, private: bytes) -> bytes:
    return bindings.crypto_box_seal_open(cipher, public, private)


def token_text(opened: bytes) -> str:
    """The header value of a sealed token: URL-safe base64 with padding."""
    return base64.urlsafe_b64encode(opened).decode()


class StreamWriter:
    """One secretstream; `header` (24 bytes) goes into the API record, not into the object."""

    def __init__(self, key: bytes) -> None:
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        self.header = bindings.crypto_secretstream_xchacha20poly1305_init_push(self._state, key)

    @classmethod
    def with_header(cls, key: bytes, header: bytes) -> StreamWriter:
        """Deterministic, for known-answer vectors only: a header must never be used twice."""
        writer = cls.__new__(cls)
        writer._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(writer._state, header, key)
        writer.header = header
        return writer

    def push(self, chunk: bytes, *, last: bool) -> bytes:
        tag = FINAL if last else MESSAGE
        return bindings.crypto_secretstream_xchacha20poly1305_push(self._state, chunk, None, tag)

    def push_all(self, plain: bytes) -> bytes:
        """A whole file in 4 MiB chunks; an exact multiple gets no empty last chunk."""
        starts = range(0, max(len(plain), 1), CHUNK)
        parts = [self.push(plain[at : at + CHUNK], last=at + CHUNK >= len(plain)) for at in starts]
        return b"".join(parts)


def _pull(header: bytes, key: bytes, chunks: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    for chunk in chunks:
        yield bindings.crypto_secretstream_xchacha20poly1305_pull(state, chunk, None)


def encrypt_stream(plain: bytes, key: bytes) -> tuple[bytes, bytes]:
    """(object bytes, header)."""
    writer = StreamWriter(key)
    return writer.push_all(plain), writer.header


def decrypt_stream(cipher: bytes, header: bytes, key: bytes) -> bytes:
    """Fails on a truncated object and on bytes after the last chunk."""
    size = CHUNK + CHUNK_OVERHEAD
    pieces = (cipher[at : at + size] for at in range(0, len(cipher), size))
    plain: list[bytes] = []
    tag = MESSAGE
    for part, tag in _pull(header, key, pieces):
        plain.append(part)
        if tag == FINAL:
            break
    if tag != FINAL or sum(map(len, plain)) + CHUNK_OVERHEAD * len(plain) != len(cipher):
        raise ValueError("object is truncated or has bytes after its last chunk")
    return b"".join(plain)


def encrypt_blob(plain: bytes, key: bytes) -> tuple[bytes, bytes]:
    """One FINAL message whatever its size: (ciphertext, header)."""
    writer = StreamWriter(key)
    return writer.push(plain, last=True), writer.header


def decrypt_blob(cipher: bytes, header: bytes, key: bytes) -> bytes:
    ((plain, tag),) = _pull(header, key, iter([cipher]))
    if tag != FINAL:
        raise ValueError("blob without the final tag")
    return plain


def content_hash(data: bytes) -> str:
    return b64(hashlib.blake2b(data, digest_size=64).digest())


def md5_b64(data: bytes) -> str:
    return b64(hashlib.md5(data, usedforsecurity=False).digest())


def base58(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def unbase58(text: str) -> bytes:
    number = 0
    for char in text:
        number = number * 58 + _BASE58.index(char)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def link_with_key(url: str, collection_key: bytes) -> str:
    return f"{url}#{base58(collection_key)}"


def key_of_link(link: str) -> bytes:
    """Fragment: below 50 characters base58, else the old hex form."""
    fragment = link.partition("#")[2]
    return unbase58(fragment) if len(fragment) < 50 else bytes.fromhex(fragment)


def completion_xml(etags: list[str]) -> str:
    """As the web client writes it: no declaration, ETags verbatim."""
    parts = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>\n" for number, etag in enumerate(etags, 1))
    return f"<CompleteMultipartUpload>\n{parts}</CompleteMultipartUpload>"
