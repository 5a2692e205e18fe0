"""The commands' end of the admin socket: asks a running server to do something. Light: imports nothing of the server.

`{"command", "args"}` → any number of `{"progress": [stage, done, total]}` (null: still at it), then `{"result"}` or `{"error"}`, one JSON
object a line each way.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

NAME = "admin.sock"
LINE = 1 << 24  # bytes of a request or an answer at most
SECONDS = 30.0  # an answer, or a word that it is still to come, may take


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


def _answer(lines: BinaryIO) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(lines.readline(LINE) or b'{"error": "the server went away"}')
    return answer


def ask(data: Path, command: str, args: dict[str, Any], tell: Callable[[str, int, int | None], None] | None = None) -> Any:
    """The running server's result. NoServer when none runs; `Refused` with its text when it refuses. `tell` hears how far it is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock, short_name(data / NAME) as name:
        try:
            sock.connect(name)
        except OSError as e:
            raise NoServer(str(e)) from None
        sock.settimeout(SECONDS)
        sock.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
        with sock.makefile("rb") as lines:
            answer = _answer(lines)
            while "progress" in answer:
                if tell is not None and answer["progress"] is not None:
                    tell(*answer["progress"])
                answer = _answer(lines)
    if "error" in answer:
        raise Refused(answer["error"])
    return answer["result"]
