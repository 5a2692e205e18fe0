"""The server's own cryptography: published vectors (accounts.md §2.4, §3) and what a forger would try."""

from __future__ import annotations

import base64
import json
import random
import uuid

import pytest
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from nacl.secret import SecretBox

from app.kernel.clock import Ids
from app.kernel.crypto import Crypto, Secrets, b64, normal_email, same, seal_text, seal_token, session_handle, token_hash

SECRETS = Secrets(bytes(range(32)), bytes(range(64)), bytes(range(32)), bytes(range(32, 64)))
EXAMPLE = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VySUQiOjE1ODA1NTk5NjIzODY0MzgsImV4cGlyeVRpbWUiOjE3OTAwMDAwMDAwMDAwMDAsImNsYWltU2NvcGUiOiJB"
    "Q0NPVU5UUyJ9.WcpfEnj83pVim6BP4MIbPJuq2viodJFFSk9A519ARP0"
)
CLAIMS = {"userID": 1580559962386438, "expiryTime": 1790000000000000, "claimScope": "ACCOUNTS"}
BEFORE, AFTER = 1789999999999999, 1790000000000000


@pytest.fixture
def crypto() -> Crypto:
    return Crypto(SECRETS, Ids(random.Random(7)))


def test_the_look_up_hash(crypto: Crypto) -> None:
    assert crypto.hash("alice@example.org") == "4Hw9wVB8T7Tz47uVGt8y3VlxkImZw55K1cU8jXNEvYg="


def test_addresses_are_normalised() -> None:
    assert normal_email("  Alice@Example.ORG\n") == "alice@example.org"
    assert normal_email("ÄRA@example.org") == "ära@example.org"


def test_data_at_rest_is_a_secretbox(crypto: Crypto) -> None:
    cipher, nonce = crypto.encrypt("alice@example.org")
    assert SecretBox(SECRETS.encryption).decrypt(cipher, nonce) == b"alice@example.org"
    assert crypto.decrypt(cipher, nonce) == "alice@example.org"
    assert crypto.encrypt("alice@example.org")[0] != cipher
    with pytest.raises(CryptoError):
        crypto.decrypt(cipher[:-1] + bytes([cipher[-1] ^ 1]), nonce)


def test_secrets_do_not_show() -> None:
    shown = repr(SECRETS)
    assert not any(repr(s) in shown for s in (SECRETS.encryption, SECRETS.hash, SECRETS.jwt, SECRETS.url))
    made = Secrets.generate(Ids())
    assert [len(s) for s in (made.encryption, made.hash, made.jwt, made.url)] == [32, 64, 32, 32]


# --- session tokens
def test_a_sealed_token_opens_to_the_raw_bytes() -> None:
    person, token = PrivateKey.generate(), Ids().token()
    sealed = seal_token(token, b64(bytes(person.public_key)))
    assert len(sealed) == 108
    raw = SealedBox(person).decrypt(base64.b64decode(sealed))
    assert base64.urlsafe_b64encode(raw).decode() == token
    assert SealedBox(person).decrypt(base64.b64decode(seal_text("a.b.c", b64(bytes(person.public_key))))) == b"a.b.c"


def test_hash_and_handle_of_a_token() -> None:
    hashed = token_hash("A" * 43 + "=")
    handle = session_handle(hashed)
    assert (len(hashed), len(handle)) == (32, 44)
    assert token_hash(handle) != hashed
    assert token_hash("\udcff") != token_hash("?")  # a header may hold any bytes


def test_comparison() -> None:
    assert same("a", b"a")
    assert not same("a", "b")
    assert not same(b"a", b"ab")


# --- JWTs
def test_the_published_jwt(crypto: Crypto) -> None:
    assert crypto.jwt(CLAIMS) == EXAMPLE
    assert crypto.read_jwt(EXAMPLE, scope="ACCOUNTS", now=BEFORE) == CLAIMS


def test_a_jwt_outside_its_scope_or_time(crypto: Crypto) -> None:
    assert crypto.read_jwt(EXAMPLE, scope="ACCOUNTS", now=AFTER) is None
    assert crypto.read_jwt(EXAMPLE, scope="PAYMENT", now=BEFORE) is None
    unscoped = crypto.jwt({"userID": 1, "expiryTime": AFTER})
    assert crypto.read_jwt(unscoped, scope="PAYMENT", now=BEFORE) is not None
    assert crypto.read_jwt(unscoped, scope="ACCOUNTS", now=BEFORE) is None
    assert crypto.read_jwt(crypto.jwt({"userID": 1}), scope="PAYMENT", now=0) is None
    assert crypto.read_jwt(crypto.jwt({"expiryTime": "later"}), scope="PAYMENT", now=0) is None


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_forged_jwts(crypto: Crypto) -> None:
    head, body, mac = EXAMPLE.split(".")
    other = part({**CLAIMS, "userID": 5})
    stranger = Crypto(Secrets.generate(Ids()), Ids()).jwt(CLAIMS)
    for forged in (
        "", "nonsense", "..", f"{head}.{body}", f"{head}.{body}.", f"{head}.{other}.{mac}", f"{part({'alg': 'none'})}.{body}.", stranger,
        f"{part({'alg': 'HS512'})}.{body}.{mac}", f"{part([1])}.{body}.{mac}", f"{head}.{body}.{mac[:-1]}!", EXAMPLE + "x", "\udcff.a.b",
    ):  # fmt: skip
        assert crypto.read_jwt(forged, scope="ACCOUNTS", now=BEFORE) is None


def test_signed_claims_that_are_no_object(crypto: Crypto) -> None:
    good = EXAMPLE.split(".")[0]
    for head, body in ((good, part([1])), (part([1]), part(CLAIMS)), (part({"alg": "none"}), part(CLAIMS)), ("!", part(CLAIMS)), (good, "!")):
        mac = base64.urlsafe_b64encode(crypto._jwt_mac(f"{head}.{body}")).rstrip(b"=").decode()
        assert crypto.read_jwt(f"{head}.{body}.{mac}", scope="ACCOUNTS", now=0) is None


def test_a_bottomless_jwt_is_no_jwt(crypto: Crypto) -> None:
    for deep in (b"[" * 100_000, b'{"a":' * 50_000):
        text = base64.urlsafe_b64encode(deep).rstrip(b"=").decode()
        for forged in (f"{text}.a.b", f"{text}.{text}.{text}", f"{EXAMPLE.split('.')[0]}.{text}.x"):
            assert crypto.read_jwt(forged, scope="ACCOUNTS", now=BEFORE) is None


# --- signed values and minted keys
def test_signatures(crypto: Crypto) -> None:
    signature = crypto.sign("PUT", "5/key", 17)
    assert len(signature) == 32
    assert crypto.verify(signature, "PUT", "5/key", 17)
    for parts in (("PUT", "5/key", 18), ("GET", "5/key", 17), ("PUT5", "/key", 17), ("PUT", "5/key")):
        assert not crypto.verify(signature, *parts)
    assert not crypto.verify("\udcff", "PUT", "5/key", 17)


def test_minted_keys_are_known_again(crypto: Crypto) -> None:
    keys = {crypto.mint_key(5) for _ in range(100)} | set(crypto.mint_keys(5, 100))
    assert len(keys) == 200
    assert crypto.mint_keys(5, 0) == []
    for key in keys:
        owner, _, name = key.partition("/")
        assert owner == "5"
        assert str(uuid.UUID(name)) == name
        assert uuid.UUID(name).version == 4
        assert crypto.minted(5, key)
        assert not crypto.minted(6, key)
        assert not crypto.minted(6, f"6/{name}")
        assert not crypto.minted(5, f"5/{name.upper()}") or name.upper() == name
    assert not Crypto(Secrets.generate(Ids()), Ids()).minted(5, key)


@pytest.mark.parametrize("key", ["", "5", "5/", "5/nonsense", "/x", f"5/{uuid.UUID(int=0)}", f"5/{uuid.UUID(int=7, version=4)}"])
def test_keys_that_were_not_minted(crypto: Crypto, key: str) -> None:
    assert not crypto.minted(5, key)


def test_a_minted_key_with_one_bit_changed(crypto: Crypto) -> None:
    name = uuid.UUID(crypto.mint_key(5).partition("/")[2])
    for bit in range(128):
        assert not crypto.minted(5, f"5/{uuid.UUID(int=name.int ^ (1 << bit))}"), bit


def test_an_address_is_the_same_however_its_letters_are_composed() -> None:
    from app.kernel.crypto import normal_email

    assert normal_email(" A\u0308rger@Example.org ") == normal_email("\u00e4rger@example.org")
