"""The client's address: the socket's, or what a configured proxy says of it. A header from anybody else is ignored."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientIp:
    """Resolves addresses against `http.trusted_proxies` (addresses or networks)."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self._networks: tuple[Network, ...] = tuple(ipaddress.ip_network(t, strict=False) for t in trusted)
        self._is_trusted = lru_cache(maxsize=1024)(self._look)

    def _look(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(ip, "ipv4_mapped", None) or ip
        return any(mapped in n for n in self._networks if n.version == mapped.version)

    def of(self, peer: str, forwarded_for: str) -> str:
        """The right-most address in the chain that is no trusted proxy; what stands left of it, anybody may have written.

        A hop that is no address ends the chain at the proxy before it.
        """
        if not forwarded_for or not self._networks or not self._is_trusted(peer):
            return peer
        address = peer
        for hop in reversed(forwarded_for.split(",")):
            found = _address(hop.strip())
            if found is None:
                break
            address = found
            if not self._is_trusted(address):
                break
        return address


def _address(hop: str) -> str | None:
    """`192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711` without the port; None when it is none of these."""
    if m := _WITH_PORT.fullmatch(hop):
        hop = m[1] or m[2]
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None
