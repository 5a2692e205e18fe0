"""SRP-6a, the server's side, in the convention Ente's clients agree on (accounts.md §4): 4096-bit group of RFC 5054, g = 5, SHA-256.

M1 hashes S and M2 hashes K = H(S); the RFC 2945 forms do not fit. Modular powers take milliseconds: callers run these off the event loop.
"""

from __future__ import annotations

import hashlib

from ..kernel.clock import Ids

SIZE = 512  # bytes of a padded group element
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A92108011A723C12A787E6D7"
    "88719A10BDBA5B2699C327186AF4E23C1A946834B6150BDA2583E9CA2AD44CE8DBBBC2DB04DE8EF92E8EFC141FBECAA6287C59474E6BC05D99B2964FA090C3A2"
    "233BA186515BE7ED1F612970CEE2D7AFB81BDD762170481CD0069127D5B05AA993B4EA988D8FDDC186FFB7DC90A6C08F4DF435C934063199FFFFFFFFFFFFFFFF",
    16,
)
G = 5


def _h(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _int(data: bytes) -> int:
    return int.from_bytes(data, "big")


def pad(n: int) -> bytes:
    """Big-endian, left-padded to 512 bytes."""
    return n.to_bytes(SIZE, "big")


K = _int(_h(pad(N), pad(G)))


def verifier(identity: str, password: bytes, salt: bytes) -> bytes:
    """v = g^x, 512 bytes: what a client enrols of its password."""
    x = _int(_h(salt, _h(identity.encode() + b":" + password)))
    return pad(pow(G, x, N))


def valid_public(a: bytes) -> bool:
    """Whether a client's A lies in 0 < A < N."""
    return 0 < _int(a) < N


def public_b(verifier: bytes, b: bytes) -> bytes:
    """B for a verifier and the server's secret exponent, 512 bytes."""
    return pad((K * _int(verifier) + pow(G, _int(b), N)) % N)


def challenge(verifier: bytes, ids: Ids) -> tuple[bytes, bytes]:
    """(secret b of 32 bytes, B of 512). b is drawn again until B has no leading zero byte: the Go CLI strips those (accounts.md §4.5)."""
    while True:
        b = ids.bytes(32)
        public = public_b(verifier, b)
        if public[0]:
            return b, public


def fake_b(ids: Ids) -> bytes:
    """A B for nobody: like a real one in length, range and leading byte."""
    while True:
        b = ids.bytes(SIZE)
        if b[0] and _int(b) < N:
            return b


def proofs(verifier: bytes, b: bytes, a: bytes) -> list[tuple[bytes, bytes]]:
    """Acceptable (M1, M2) pairs, each 32 bytes. `a` is the client's A as received, up to 512 bytes.

    A shorter A (leading zeros dropped) gives a second pair over the unpadded form, which the Go CLI computes (accounts.md §4.5).
    """
    padded = a.rjust(SIZE, b"\0")
    public = public_b(verifier, b)
    pairs = [_proof(verifier, b, padded, public)]
    if len(a) < SIZE:
        pairs.append(_proof(verifier, b, a, public))
    return pairs


def _proof(verifier: bytes, b: bytes, a: bytes, public: bytes) -> tuple[bytes, bytes]:
    u = _int(_h(a, public))
    s = pad(pow(_int(a) * pow(_int(verifier), u, N) % N, _int(b), N))
    m1 = _h(a, public, s)
    return m1, _h(a.rjust(SIZE, b"\0"), m1, _h(s))
