"""How the HTTP server listens: the options that one process and several workers share."""

from __future__ import annotations

from typing import Any

from ..http import connections
from ..kernel.config import Config
from . import certificates

BACKLOG = 4096  # connections that the kernel holds while the server is busy accepting others
HEAD_MS = 15_000
LARGEST_HEAD = 64 << 10


def options(config: Config) -> dict[str, Any]:
    """Granian's keyword arguments. Its `backpressure` is how many connections it takes at once: by default that would be the backlog.

    The window of HTTP/1 is also how much of a body comes to us at once."""
    from granian.constants import HTTPModes
    from granian.http import HTTP1Settings, HTTP2Settings

    return {
        "port": config.http.port,
        "http": HTTPModes.auto,
        "websockets": False,
        "backlog": BACKLOG,
        "backpressure": connections.allowed(config.http.connections),
        "http1_settings": HTTP1Settings(header_read_timeout=HEAD_MS, max_buffer_size=128 << 10),
        "http2_settings": HTTP2Settings(max_headers_size=LARGEST_HEAD, max_concurrent_streams=128, keep_alive_interval=30_000, keep_alive_timeout=20),
        "runtime_blocking_threads": 16,  # file reads for whole-file answers
        "log_enabled": False,
        **certificates.options(config.http),
    }
