"""SRP-6a as Ente's clients do it: RFC 5054's 4096-bit group, SHA-256, everything padded to 512 bytes (client.md 4).

M1 = H(A | B | S), which is neither RFC 2945 nor the HAP variant. Client side only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass

WIDTH = 512
G = 5
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


def pad(number: int) -> bytes:
    return number.to_bytes(WIDTH, "big")


def digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


K = _number(digest(pad(N), pad(G)))


def private_x(identity: str, password: bytes, salt: bytes) -> int:
    return _number(digest(salt, digest(identity.encode() + b":" + password)))


def verifier(identity: str, password: bytes, salt: bytes) -> bytes:
    """512 bytes, what the server keeps instead of the password."""
    return pad(pow(G, private_x(identity, password, salt), N))


@dataclass
class SrpClient:
    """One exchange. Send `public` (512 bytes), give `prove` the server's B, then `check` its M2."""

    identity: str
    password: bytes
    salt: bytes
    secret: bytes = b""

    def __post_init__(self) -> None:
        self.secret = self.secret or os.urandom(32)
        self.public = pad(pow(G, _number(self.secret), N))
        self.key = b""
        self.m1 = b""

    def prove(self, server_public: bytes) -> bytes:
        """M1, 32 bytes; refuses a B that is not 512 bytes or is 0 modulo N."""
        b = _number(server_public)
        if len(server_public) != WIDTH or not 0 < b < N:
            raise ValueError("the server's B is out of range")
        x = private_x(self.identity, self.password, self.salt)
        u = _number(digest(self.public, server_public))
        shared = pow((b - K * pow(G, x, N)) % N, _number(self.secret) + u * x, N)
        self.key = digest(pad(shared))
        self.m1 = digest(self.public, server_public, pad(shared))
        return self.m1

    def check(self, server_proof: bytes) -> None:
        if not hmac.compare_digest(server_proof, digest(self.public, self.m1, self.key)):
            raise ValueError("the server does not know the verifier")
