"""The client's address: the socket's, or what a configured proxy says of it. A header from anybody else is ignored."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_MAPPED = "::ffff:"  # how a socket on every interface spells an IPv4 peer: as IPv6 all of them would be one neighbourhood
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientIp:
    """Resolves addresses against `http.trusted_proxies` (addresses or networks)."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self._networks: tuple[Network, ...] = tuple(ipaddress.ip_network(t, strict=False) for t in trusted)
        self._is_trusted = lru_cache(maxsize=1024)(self._look)
        self._unmapped = lru_cache(maxsize=1024)(_unmapped)

    def _look(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in n for n in self._networks if n.version == ip.version)

    def trusts(self, peer: str) -> bool:
        """Whether this end of a connection is a trusted proxy."""
        if peer.startswith(_MAPPED):
            peer = self._unmapped(peer)
        return bool(self._networks) and self._is_trusted(peer)

    def of(self, peer: str, forwarded_for: str) -> str:
        """The right-most address in the chain that is no trusted proxy; what stands left of it, anybody may have written.

        A hop that is no address ends the chain at the proxy before it. IPv4 addresses come out as such, also when mapped into IPv6.
        """
        if peer.startswith(_MAPPED):
            peer = self._unmapped(peer)
        if not forwarded_for or not self._networks or not self._is_trusted(peer):
            return peer
        address = peer
        for hop in reversed(forwarded_for.split(",")):
            hop = hop.strip()
            found = _address(hop) if len(hop) <= LONGEST else None
            if found is None:
                break
            address = found
            if not self._is_trusted(address):
                break
        return address


LONGEST = 64  # characters; no address with a port has more, and the cache below keeps no tales


@lru_cache(maxsize=1024)
def _address(hop: str) -> str | None:
    """`192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711` without the port; None when it is none of these."""
    if m := _WITH_PORT.fullmatch(hop):
        hop = m[1] or m[2]
    try:
        return _unmapped(str(ipaddress.ip_address(hop)))
    except ValueError:
        return None


def _unmapped(address: str) -> str:
    """`::ffff:192.0.2.1` as `192.0.2.1`; anything else as it is."""
    try:
        inner = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return address if inner is None else str(inner)
