"""A minimal blocking HTTP/1.1 client over raw sockets, one keep-alive connection per origin.

For preparing data and for flows whose next request depends on an answer. It must not become a general client: no TLS,
no redirects, no cookies. Bulk load is loadgen.c's work.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 120.0


@dataclass(slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class BenchError(RuntimeError):
    """An answer that the benchmark cannot go on with."""


def render(method: str, target: str, host: str, headers: dict[str, str], length: int | None) -> bytes:
    """The request's head, with Content-Length when a length is given."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in headers.items())]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def split_url(url: str) -> tuple[str, str]:
    """An absolute URL's host:port and its path with query."""
    u = urlsplit(url)
    if u.scheme != "http":
        raise BenchError(f"only http:// can be measured, not {url!r}")
    host = f"{u.hostname}:{u.port or 80}"
    return host, (u.path or "/") + (f"?{u.query}" if u.query else "")


class Client:
    """Not thread-safe: one for each thread."""

    def __init__(self) -> None:
        self._open: dict[str, socket.socket] = {}

    def send(self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
        host, target = split_url(url)
        head = render(method, target, host, headers or {}, None if body is None else len(body))
        message = head + body if body and len(body) < 65536 else head
        for last_try in (False, True):
            s = self._open.get(host)
            fresh = s is None
            s = s or self._connect(host)
            try:
                s.sendall(message)
                if body and len(body) >= 65536:
                    s.sendall(body)
                return self._read(s, host, method)
            except (BrokenPipeError, ConnectionResetError):
                self._drop(host)
                if fresh or last_try:
                    raise
        raise AssertionError

    def close(self) -> None:
        for host in list(self._open):
            self._drop(host)

    def _connect(self, host: str) -> socket.socket:
        name, port = host.rsplit(":", 1)
        s = socket.create_connection((name, int(port)), TIMEOUT)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open[host] = s
        return s

    def _drop(self, host: str) -> None:
        s = self._open.pop(host, None)
        if s:
            s.close()

    def _read(self, s: socket.socket, host: str, method: str) -> Answer:
        data = _receive(s)
        while True:
            while (end := data.find(b"\r\n\r\n")) < 0:
                data += _receive(s)
            first, *lines = data[:end].decode("latin-1").split("\r\n")
            data, status = data[end + 4 :], int(first.split(" ", 2)[1])
            if status >= 200:
                break
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "chunked" in headers.get("transfer-encoding", ""):
            body = _read_chunks(s, data)
        elif "content-length" in headers:
            body = _read_exactly(s, data, int(headers["content-length"]))
        else:
            body = _read_to_end(s, data)
            headers["connection"] = "close"
        if headers.get("connection", "").lower() == "close":
            self._drop(host)
        return Answer(status, headers, body)


def _receive(s: socket.socket) -> bytes:
    data = s.recv(1 << 18)
    if not data:
        raise ConnectionResetError("the server hung up")
    return data


def _read_exactly(s: socket.socket, have: bytes, length: int) -> bytes:
    parts, got = [have], len(have)
    while got < length:
        part = _receive(s)
        parts.append(part)
        got += len(part)
    return b"".join(parts)


def _read_chunks(s: socket.socket, data: bytes) -> bytes:
    parts: list[bytes] = []
    while True:
        while (end := data.find(b"\r\n")) < 0:
            data += _receive(s)
        size, data = int(data[:end].split(b";")[0], 16), data[end + 2 :]
        data = _read_exactly(s, data, size + 2)
        if size == 0:
            return b"".join(parts)
        parts.append(data[:size])
        data = data[size + 2 :]


def _read_to_end(s: socket.socket, data: bytes) -> bytes:
    parts = [data]
    while part := s.recv(1 << 18):
        parts.append(part)
    return b"".join(parts)
