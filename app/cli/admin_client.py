"""The commands' end of the admin socket: asks a running server to do something. Light: imports nothing of the server.

`{"command", "args"}` → `{"result"}` or `{"error"}`, one JSON object a line each way.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = "admin.sock"
LINE = 1 << 24  # bytes of a request or an answer at most
SECONDS = 30.0  # an answer may take


class Refused(Exception):
    """The command cannot be done as asked; the text is for the operator."""


class NoServer(Exception):
    """Nobody listens on the socket."""


@contextlib.contextmanager
def short_name(path: Path) -> Iterator[str]:
    """A name of this socket that fits into the 104 bytes a socket's name may have."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def ask(data: Path, command: str, args: dict[str, Any]) -> Any:
    """The running server's result. NoServer when none runs; `Refused` with its text when it refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock, short_name(data / NAME) as name:
        try:
            sock.connect(name)
        except OSError as e:
            raise NoServer(str(e)) from None
        sock.settimeout(SECONDS)
        sock.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
        with sock.makefile("rb") as lines:
            answer = json.loads(lines.readline(LINE) or b'{"error": "the server went away"}')
    if "error" in answer:
        raise Refused(answer["error"])
    return answer["result"]
