"""The server's side of SRP against published vectors (accounts.md §4.7) and against an independent client."""

from __future__ import annotations

import hashlib
import random

import pytest

from app.kernel.clock import Ids
from app.login import srp
from bridge.client import srp as client


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


VECTORS = [
    {
        "identity": "repro-user-id", "salt": b"0123456789abcdef", "password": b"1234567890abcdef",
        "a": b"\x06\xde", "b": b"\x42" * 64,
        "v": "0392b5ab4014e2eac8f15915dab640b2de22d432b99882e43887ee03a4bdd8d8",
        "A": "d21359f5ab51b69f2d68dcb220d10e8be53496a11498480e301f1e1801b4f4c2",
        "B": "4b18ec4d03fe41062373792b676febd0fe9d9e1b3353b8764434bd152df9c1f0",
        "M1": "c0953b8c74d400fbf664a515deb700d73b65231e7e207a2e2326ff8cf70567ac",
        "M2": "867014678fa90610b00da7a77c2ede58aae999d612f61580bb3aa199e612a561",
    },
    {
        "identity": "3f8a1c52-9d47-4e0b-8a6e-5b1d2c3e4f50", "salt": bytes(range(0x10, 0x20)),
        "password": bytes.fromhex("6970b5d34442fd11788a83b4b57e1e72"), "a": b"\x11" * 32, "b": b"\x22" * 32,
        "v": "4b7a8bb5c4c249877be7fd350989f7d9bad49342fe3c2552ff7acf37d3125e00",
        "A": "50dac2551f54313f04b95c8d0949c26396f893dca8def9f9ceb00bd67def051d",
        "B": "a9433904a0427bd45df997e29419ee5a1ae8489ba3b4007932b99c00c7af8a53",
        "M1": "126b649cfc630f719f37582006b90a1fb5dd6cc438327ae3989e68b8b50fe7db",
        "M2": "1d8a90e72d738c6989c3e10136ff0921a65f6a548f326de2b7e690d7dd73c132",
    },
]  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS, ids=["leading-zero-A", "derived-password"])
def test_published_vectors(vector: dict[str, object]) -> None:
    a, b = vector["a"], vector["b"]
    assert isinstance(a, bytes)
    assert isinstance(b, bytes)
    peer = client.SrpClient(str(vector["identity"]), vector["password"], vector["salt"], a)  # type: ignore[arg-type]  # bytes, as written above
    verifier = client.verifier(peer.identity, peer.password, peer.salt)
    public = srp.public_b(verifier, b)
    ((m1, m2),) = srp.proofs(verifier, b, peer.public)
    assert [sha(verifier), sha(peer.public), sha(public)] == [vector["v"], vector["A"], vector["B"]]
    assert [m1.hex(), m2.hex()] == [vector["M1"], vector["M2"]]
    assert peer.prove(public) == m1
    peer.check(m2)


def test_the_multiplier() -> None:
    assert f"{srp.K:064x}" == "3509477ea9fca66eadb7cf7b1bd0eb508f54d3989a9c988006a7d0b338374dd2"


@pytest.mark.parametrize("seed", range(5))
def test_random_round_trips(seed: int) -> None:
    rng = random.Random(seed)
    peer = client.SrpClient(f"user-{seed}", rng.randbytes(16), rng.randbytes(16), rng.randbytes(32))
    verifier = client.verifier(peer.identity, peer.password, peer.salt)
    b, public = srp.challenge(verifier, Ids(rng))
    assert public[0] != 0
    m1, m2 = srp.proofs(verifier, b, peer.public)[0]
    assert peer.prove(public) == m1
    peer.check(m2)
    other = client.verifier(peer.identity, b"not the password", peer.salt)
    assert srp.proofs(other, b, peer.public)[0][0] != m1


class Scripted(Ids):
    """Gives out prepared bytes in order."""

    def __init__(self, *values: bytes) -> None:
        super().__init__()
        self.values = list(values)

    def bytes(self, n: int) -> bytes:
        value = self.values.pop(0)
        assert len(value) == n
        return value


def test_b_is_drawn_again_until_it_has_no_leading_zero_byte() -> None:
    verifier = srp.pad(pow(5, 99, srp.N))
    draws = (n.to_bytes(32, "big") for n in range(1 << 40, 1 << 41))
    bad = next(d for d in draws if srp.public_b(verifier, d)[0] == 0)
    good = b"\x22" * 32
    assert srp.challenge(verifier, Scripted(bad, good)) == (good, srp.public_b(verifier, good))


def test_a_made_up_b_is_in_range() -> None:
    fine = b"\x7f" + bytes(511)
    ids = Scripted(bytes(512), srp.pad(srp.N), b"\xff" * 512, fine)
    assert srp.fake_b(ids) == fine


def test_a_short_a_is_accepted_in_both_spellings() -> None:
    """Dart hashes the padded A it did not send, the Go client the short one it did (accounts.md §4.5)."""
    vector = VECTORS[0]
    peer = client.SrpClient("repro-user-id", b"1234567890abcdef", b"0123456789abcdef", b"\x06\xde")
    verifier, b = client.verifier(peer.identity, peer.password, peer.salt), b"\x42" * 64
    short = peer.public.lstrip(b"\0")
    assert len(short) == 511
    padded, stripped = srp.proofs(verifier, b, short)
    assert padded[0].hex() == vector["M1"]
    public = srp.public_b(verifier, b)
    u = number(hashlib.sha256(short + public).digest())
    x = client.private_x(peer.identity, peer.password, peer.salt)
    shared = pow((number(public) - srp.K * pow(5, x, srp.N)) % srp.N, 0x06DE + u * x, srp.N)
    assert stripped[0] == hashlib.sha256(short + public + srp.pad(shared)).digest()


def test_the_range_of_a() -> None:
    assert [srp.valid_public(srp.pad(n)) for n in (0, 1, srp.N - 1, srp.N)] == [False, True, True, False]
