"""What somebody without an account shows at a door: a link's token, a proof of its password, the device they come with (collections.md §0.2).

The same for links of every kind; what a token opens is its guard's to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..http.request import Request
from ..kernel.errors import Gate

DEVICE_TOKEN = (b"x-ente-link-device-token", b"x-link-device-token")
"""Headers that hand out a device token: the name until July 2026, and that of newer apps."""


class NoToken(Gate):
    """401 of somebody without a token; `what`: the kind of link that was to be opened."""

    def __init__(self, what: str) -> None:
        super().__init__("missing accessToken")
        self.what = what

    def body(self) -> bytes:
        return b'{"error":"missing accessToken","context":"%s"}' % self.what.encode()


class NoProof(Gate):
    """401 of somebody who has not shown to know the password: clients ask for it."""

    def body(self) -> bytes:
        return b'{"error":{}}'


def access_token(request: Request) -> str:
    """The link's token of a request: in the path of the short addresses (`aliases`), header, else query; "" without one."""
    return request.params.get("token") or request.header(b"x-auth-access-token") or request.query.get("accessToken", "")


def access_proof(request: Request) -> str:
    """The password proof of a request, "" without one."""
    return request.header(b"x-auth-access-token-jwt") or request.query.get("accessTokenJWT", "")


@dataclass(frozen=True, slots=True)
class Shown:
    """Token and proof of a request, for routes that a link lets do more than look (`join`)."""

    token: str = field(repr=False)
    proof: str = field(repr=False)

    @classmethod
    def of(cls, request: Request) -> Shown:
        return cls(access_token(request), access_proof(request))


@dataclass(frozen=True, slots=True)
class Device:
    """A browser or phone: its address, what it calls itself, and the device token it was given before, if any."""

    address: str
    agent: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, request: Request) -> Device:
        return cls(request.client_ip, request.header(b"user-agent"), request.header(b"x-auth-link-device-token"))
