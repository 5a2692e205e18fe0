"""HTTPS without a proxy: certificate and key from files, and new ones taken up while the server runs. Where they come from is others' business
(an ACME client, `tailscale cert`, a company's authority).

New files are tried first: a pair that does not fit, or is half written, leaves the old one in use. Connections that are open keep theirs; those that
come later get the new one. Granian reads the files when a worker starts, so a new worker takes over its sockets.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import Sequence
from typing import Any

from ..kernel.config import Http
from ..kernel.config_sources import ConfigError

EVERY = 30.0  # seconds between two looks
log = logging.getLogger("darkroom.https")
Stamp = tuple[tuple[int, int, int], ...]


def options(http: Http) -> dict[str, Any]:
    """Granian's keyword arguments."""
    if http.tls_cert is None or http.tls_key is None:
        return {}
    from granian.constants import SSLProtocols

    return {"ssl_cert": http.tls_cert.expanduser(), "ssl_key": http.tls_key.expanduser(), "ssl_protocol_min": SSLProtocols.tls12}


def check(http: Http) -> None:
    """ConfigError for files that cannot be used."""
    if http.tls_cert is None or http.tls_key is None:
        return
    try:
        _load(http)
    except (OSError, ValueError) as e:
        why = "they are no certificate and its key in PEM" if isinstance(e, ssl.SSLError) else getattr(e, "strerror", None) or str(e)
        raise ConfigError(f"http.tls_cert: cannot use {http.tls_cert} with {http.tls_key}: {why}") from None


def _load(http: Http) -> None:
    assert http.tls_cert is not None
    assert http.tls_key is not None
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(http.tls_cert.expanduser(), http.tls_key.expanduser(), password=lambda: "")


def stamp(http: Http) -> Stamp:
    """What tells that a file is another one now; links are followed."""
    found = []
    for path in (http.tls_cert, http.tls_key):
        if path is not None:
            info = os.stat(path.expanduser())
            found.append((info.st_mtime_ns, info.st_ino, info.st_size))
    return tuple(found)


class Renewal:
    """Looks whether the files changed, and hands them to granian's servers."""

    def __init__(self, http: Http, servers: Sequence[Any]) -> None:
        self._http, self._servers = http, servers
        self._seen = stamp(http)

    def look(self) -> bool:
        """Whether new files were taken up. What cannot be used is said once."""
        try:
            now = stamp(self._http)
            if now == self._seen:
                return False
            self._seen = now
            _load(self._http)
        except (OSError, ValueError) as e:
            log.error("the new certificate cannot be used, the old one stays: %s", e)
            return False
        given = options(self._http)
        for server in self._servers:
            server.build_ssl_context(given["ssl_cert"], given["ssl_key"], None, given["ssl_protocol_min"], None, [], False)
            server.reload_signal = True  # what its own handler of SIGHUP does
            server.main_loop_interrupt.set()
        log.info("a new certificate is in use")
        return True

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            self.look()
