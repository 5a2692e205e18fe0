"""A listener for figures alone: GET /metrics on a port of its own, so that they need no token and the apps' address has nothing of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from ..kernel.errors import AppError
from ..kernel.parts import Kernel
from . import metrics

HEAD = 8 << 10
SECONDS = 10.0
log = logging.getLogger("darkroom.metrics")


@contextlib.asynccontextmanager
async def listening(kernel: Kernel) -> AsyncIterator[int]:
    """The port on which figures are answered while the context is open; 0 without one. A port that is taken (another worker's) is passed
    over as often as there are workers."""
    wanted = kernel.config.metrics
    server = await _bound(kernel, wanted.listen, wanted.port) if wanted.port else None
    try:
        yield server.sockets[0].getsockname()[1] if server else 0
    finally:
        if server:
            server.close()


async def _bound(kernel: Kernel, address: str, port: int) -> asyncio.Server | None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                await _answer(kernel, reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as e:
            log.debug("a question for figures ended: %s", type(e).__name__)
        finally:
            writer.close()

    for number in range(port, port + kernel.config.http.workers):
        try:
            server = await asyncio.start_server(answer, address, number, limit=HEAD, reuse_port=False)
        except OSError as e:
            problem: Any = e.strerror or e
        else:
            log.info("figures at http://%s:%d/metrics", address, number)
            return server
    log.error("metrics.port: cannot listen on %s:%d: %s; there are no figures", address, port, problem)
    return None


async def _answer(kernel: Kernel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    method, path = (*head.split(b"\r\n", 1)[0].split(b" "), b"", b"")[:2]
    status, media, body = b"404 Not Found", b"text/plain", b"figures are at /metrics\n"
    if path.partition(b"?")[0] == b"/metrics" and method in (b"GET", b"HEAD"):
        try:
            status, media, body = b"200 OK", metrics.MEDIA, (await metrics.text(kernel)).encode()
        except AppError as e:
            status, media, body = b"503 Service Unavailable", b"text/plain", f"{e.log}\n".encode()
    writer.write(b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, media, len(body)))
    writer.write(b"" if method == b"HEAD" else body)
    await writer.drain()
