"""The test client against known answers that were confirmed by Ente's own implementations."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from nacl.exceptions import CryptoError

from bridge.client.srp import K as SRP_K
from bridge.client.srp import SrpClient, private_x, verifier
from tests.clients import crypto
from tests.clients.account import Account
from tests.clients.crypto import b64, unb64

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data" / "vectors.json").read_text())["generated"]


def each(section: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[section], ids=lambda v: str(v.get("case", v.get("size", "")))[:30] or None)


def pattern(size: int) -> bytes:
    """The plaintext rule of the stream vectors."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@each("argon2id")
def test_argon2id(vector: dict[str, Any]) -> None:
    key = crypto.derive_key(vector["password"], unb64(vector["salt"]), vector["ops"], vector["mem"])
    assert b64(key) == vector["key"]


@each("kdf")
def test_kdf(vector: dict[str, Any]) -> None:
    key = unb64(vector["key"])
    subkey = crypto.derive_subkey(key, vector["length"], vector["id"], vector["context"].encode())
    assert subkey.hex() == vector["subkey_hex"]
    assert crypto.login_subkey(key).hex() == vector["loginSubKey_hex"]


@each("secretbox")
def test_secretbox(vector: dict[str, Any]) -> None:
    key, nonce, plain = unb64(vector["key"]), unb64(vector["nonce"]), vector["plaintext_utf8"].encode()
    assert b64(crypto.box(plain, key, nonce)[0]) == vector["ciphertext"]
    assert crypto.unbox(unb64(vector["ciphertext"]), nonce, key) == plain
    with pytest.raises(CryptoError):
        crypto.unbox(unb64(vector["ciphertext"]), nonce, bytes(32))


@each("metadata_blob")
def test_metadata_blob(vector: dict[str, Any]) -> None:
    key, header, plain = unb64(vector["key"]), unb64(vector["header"]), vector["json_utf8"].encode()
    assert b64(crypto.StreamWriter.with_header(key, header).push(plain, last=True)) == vector["ciphertext"]
    assert crypto.decrypt_blob(unb64(vector["ciphertext"]), header, key) == plain


@each("file_stream")
def test_file_stream(vector: dict[str, Any]) -> None:
    key, header, plain = unb64(vector["key"]), unb64(vector["header"]), pattern(vector["size"])
    cipher = crypto.StreamWriter.with_header(key, header).push_all(plain)
    assert len(cipher) == vector["encrypted_size"]
    assert hashlib.sha256(cipher).hexdigest() == vector["ciphertext_sha256_hex"]
    assert crypto.md5_b64(cipher) == vector["ciphertext_md5_b64"]
    assert crypto.content_hash(plain) == vector["plaintext_hash_blake2b512_b64"]
    for name, size in (("web_parts_md5_b64", 20_971_605), ("mobile_parts_md5_b64", 20_971_520)):
        parts = [crypto.md5_b64(cipher[at : at + size]) for at in range(0, len(cipher), size)]
        assert parts == vector[name]
    assert crypto.decrypt_stream(cipher, header, key) == plain


def test_stream_cut_at_a_chunk_or_with_a_tail_is_refused() -> None:
    key = crypto.random_key()
    cipher, header = crypto.encrypt_stream(b"x" * (crypto.CHUNK + 1), key)
    with pytest.raises(ValueError, match="truncated"):
        crypto.decrypt_stream(cipher[: crypto.CHUNK + crypto.CHUNK_OVERHEAD], header, key)
    short, header = crypto.encrypt_stream(b"x", key)
    with pytest.raises((ValueError, RuntimeError)):
        crypto.decrypt_stream(short + b"tail", header, key)


@each("blake2b_hash")
def test_content_hash(vector: dict[str, Any]) -> None:
    assert crypto.content_hash(vector["input_utf8"].encode()) == vector["hash_b64"]


@each("sealed_box")
def test_sealed_box(vector: dict[str, Any]) -> None:
    public, private = unb64(vector["publicKey"]), unb64(vector["privateKey"])
    assert b64(crypto.unseal(unb64(vector["ciphertext"]), public, private)) == vector["plaintext"]
    assert crypto.unseal(crypto.seal(b"new", public), public, private) == b"new"


@each("auth_token")
def test_auth_token(vector: dict[str, Any]) -> None:
    opened = crypto.unseal(unb64(vector["encryptedToken"]), unb64(vector["publicKey"]), unb64(vector["privateKey"]))
    assert crypto.token_text(opened) == vector["token_header_value"]


@each("srp")
def test_srp(vector: dict[str, Any]) -> None:
    identity, password, salt = vector["identity"], unb64(vector["password"]), unb64(vector["salt"])
    client = SrpClient(identity, password, salt, secret=unb64(vector["a"]))
    assert b64(verifier(identity, password, salt)) == vector["verifier"]
    assert b64(client.public) == vector["A"]
    assert b64(client.prove(unb64(vector["B"]))) == vector["M1"]
    assert b64(client.key) == vector["K"]
    client.check(unb64(vector["M2"]))
    with pytest.raises(ValueError, match="verifier"):
        client.check(bytes(32))
    if "x_hex" in vector:
        assert f"{private_x(identity, password, salt):064x}" == vector["x_hex"]
        assert f"{SRP_K:064x}" == vector["k_hex"]


def test_srp_refuses_a_public_value_of_nothing() -> None:
    client = SrpClient("id", b"p" * 16, b"s" * 16)
    for bad in (bytes(512), b"\1" * 511, b"\xff" * 512):
        with pytest.raises(ValueError, match="out of range"):
            client.prove(bad)


@each("base58")
def test_base58(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes_hex"])
    assert crypto.base58(data) == vector["base58"]
    assert crypto.unbase58(vector["base58"]) == data


@each("public_link")
def test_public_link(vector: dict[str, Any]) -> None:
    key = unb64(vector["collectionKey"])
    assert crypto.link_with_key(vector["url"], key) == vector["with_fragment"]
    assert crypto.key_of_link(vector["with_fragment"]) == key
    assert crypto.key_of_link(vector["legacy_hex_fragment"]) == key


@each("link_password")
def test_link_password(vector: dict[str, Any]) -> None:
    key = crypto.derive_key(vector["password"], unb64(vector["nonce"]), vector["opsLimit"], vector["memLimit"])
    assert b64(key) == vector["passHash"]


@each("account")
def test_account(vector: dict[str, Any]) -> None:
    account = Account.unlock(vector["password"], vector["keyAttributes"])
    assert b64(account.kek) == vector["kek"]
    assert b64(account.master_key) == vector["masterKey"]
    assert account.recovery_key.hex() == vector["recoveryKey_hex"]
    assert b64(account.private_key) == vector["privateKey"]
    if "loginSubKey" in vector:
        assert b64(crypto.login_subkey(account.kek)) == vector["loginSubKey"]
        made = verifier(vector["srpUserID"], crypto.login_subkey(account.kek), unb64(vector["srpSalt"]))
        assert b64(made) == vector["srpVerifier"]


@each("objects")
def test_collection_and_file_objects(vector: dict[str, Any]) -> None:
    album, file = vector["collection"], vector["file"]
    key = crypto.unbox(unb64(album["encryptedKey"]), unb64(album["keyDecryptionNonce"]), unb64(vector["masterKey"]))
    assert b64(key) == vector["collectionKey"]
    name = crypto.unbox(unb64(album["encryptedName"]), unb64(album["nameDecryptionNonce"]), key)
    assert name.decode() == vector["collectionName"]
    for field, expected in (("magicMetadata", "collectionPrivate"), ("pubMagicMetadata", "collectionPublic")):
        opened = crypto.decrypt_blob(unb64(album[field]["data"]), unb64(album[field]["header"]), key)
        assert json.loads(opened) == vector[expected]
        assert album[field]["count"] == len(vector[expected])
    file_key = crypto.unbox(unb64(file["encryptedKey"]), unb64(file["keyDecryptionNonce"]), key)
    assert b64(file_key) == vector["fileKey"]
    metadata = crypto.decrypt_blob(unb64(file["metadata"]["encryptedData"]), unb64(file["metadata"]["decryptionHeader"]), file_key)
    assert json.loads(metadata) == vector["metadata"]
    content = crypto.decrypt_stream(unb64(vector["file_object"]), unb64(file["file"]["decryptionHeader"]), file_key)
    assert content.decode() == vector["file_plain_utf8"]
    thumb = crypto.decrypt_blob(unb64(vector["thumbnail_object"]), unb64(file["thumbnail"]["decryptionHeader"]), file_key)
    assert thumb.hex() == vector["thumbnail_plain_hex"]


@each("complete_multipart_xml")
def test_completion_xml(vector: dict[str, Any]) -> None:
    assert crypto.completion_xml(vector["etags"]) == vector["web"]
