"""The running server's ear for commands: a Unix socket in the data folder, one JSON object a line each way.

`{"command", "args"}` → `{"progress"}`…, then `{"result"}` or `{"error"}` (see `admin_client`).
Only who may read the data folder reaches it (0600 inside 0700). What commands do is
`admin`'s.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from pathlib import Path
from typing import Any

from ..kernel.errors import AppError
from ..kernel.parts import Kernel
from ..kernel.progress import Tell
from . import admin
from .admin_client import LINE, NAME, Refused, short_name

log = logging.getLogger("darkroom.admin")
NEWS = 0.5  # seconds between two words of how far a long command is
ALIVE = 5.0  # seconds after which a command with nothing to tell says that it is still at it


class AdminSocket:
    """Serves the socket while the context is open."""

    def __init__(self, kernel: Kernel, data: Path) -> None:
        self._kernel = kernel
        self._path = data / NAME
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> AdminSocket:
        try:
            self._server = await asyncio.start_unix_server(self._serve, sock=self._bind(), limit=LINE)
        except OSError as e:  # a file system without sockets: the server is of use without it
            log.warning("no %s: %s; commands need the server stopped", NAME, e.strerror)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
            self._path.unlink(missing_ok=True)

    def _bind(self) -> socket.socket:
        self._path.unlink(missing_ok=True)  # left by a killed server; a living one would hold the folder's lock
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with short_name(self._path) as name:
                mask = os.umask(0o177)
                try:
                    sock.bind(name)
                finally:
                    os.umask(mask)
        except OSError:
            sock.close()
            raise
        return sock

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                await self._run(line, writer)
        except (ConnectionError, ValueError) as e:
            log.warning("admin connection dropped: %s", e)
        finally:
            writer.close()

    async def _run(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        """A command, and meanwhile how far it is. Who goes away ends it: every command is safe to end anywhere."""
        latest: list[Any] = []

        def tell(*words: Any) -> None:
            latest[:] = [words]

        task = asyncio.create_task(self._answer(line, tell), name="admin")
        try:
            silent = 0.0
            while not (await asyncio.wait((task,), timeout=NEWS))[0]:
                silent += NEWS
                if latest or silent >= ALIVE:
                    await _say(writer, {"progress": latest.pop() if latest else None})
                    silent = 0.0
            await _say(writer, task.result())
        finally:
            task.cancel()

    async def _answer(self, line: bytes, tell: Tell) -> dict[str, Any]:
        try:
            ask = json.loads(line)
            return {"result": await admin.run(self._kernel, ask["command"], ask["args"], tell)}
        except Refused as e:
            return {"error": str(e)}
        except AppError as e:
            return {"error": e.log}
        except Exception:
            log.exception("admin command failed")
            return {"error": "the server could not do that; its log says why"}


async def _say(writer: asyncio.StreamWriter, what: dict[str, Any]) -> None:
    writer.write(json.dumps(what).encode() + b"\n")
    await writer.drain()
