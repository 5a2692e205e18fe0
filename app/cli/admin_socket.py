"""The running server's ear for commands: a Unix socket in the data folder, one JSON object a line each way.

`{"command", "args"}` → `{"result"}` or `{"error"}`. Only who may read the data folder reaches it (0600 inside 0700). What commands do is
`admin`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import AppError
from ..kernel import Kernel
from . import admin

NAME = "admin.sock"
LINE = 1 << 20  # bytes of a request or an answer at most
log = logging.getLogger("darkroom.admin")


class NoServer(Exception):
    """Nobody listens on the socket."""


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of this socket that fits into the 104 bytes a socket's name may have."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


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
            with _short(self._path) as name:
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
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as e:
            log.warning("admin connection dropped: %s", e)
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            ask = json.loads(line)
            return {"result": await admin.run(self._kernel, ask["command"], ask["args"])}
        except admin.Refused as e:
            return {"error": str(e)}
        except AppError as e:
            return {"error": e.log}
        except Exception:
            log.exception("admin command failed")
            return {"error": "the server could not do that; its log says why"}


def ask(data: Path, command: str, args: dict[str, Any]) -> Any:
    """The running server's result. NoServer when none runs; `admin.Refused` with its text when it refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock, _short(data / NAME) as name:
        try:
            sock.connect(name)
        except OSError as e:
            raise NoServer(str(e)) from None
        sock.settimeout(30)
        sock.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
        with sock.makefile("rb") as lines:
            answer = json.loads(lines.readline(LINE) or b'{"error": "the server went away"}')
    if "error" in answer:
        raise admin.Refused(answer["error"])
    return answer["result"]
