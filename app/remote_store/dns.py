"""TXT records by DNS over TCP (RFC 1035 §4, RFC 7766): one question to one resolver, which does the rest.

TCP because an answer of any length comes whole, and nobody off the way can slip in another.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import struct
from pathlib import Path

PORT = 53
TIMEOUT = 5.0  # seconds
_TXT, _IN = 16, 1
_NO_SUCH_NAME = 3
_RESOLV_CONF = Path("/etc/resolv.conf")


class LookupFailed(Exception):
    """No resolver told: not the same as no record."""


async def texts(name: str, resolver: str = "") -> list[str]:
    """The TXT records of a name (ASCII). `resolver`: "address" or "address:port"; "": the machine's own."""
    host, port = split(resolver) if resolver else (own_resolver(), PORT)
    number = secrets.randbelow(1 << 16)
    try:
        async with asyncio.timeout(TIMEOUT):
            answer = await _ask(host, port, _question(number, name))
        return _answers(number, answer)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as e:
        raise LookupFailed(f"{host}: {type(e).__name__}") from e
    except (struct.error, IndexError) as e:
        raise LookupFailed(f"{host}: an answer that is none") from e


def split(resolver: str) -> tuple[str, int]:
    """(address, port); ValueError for what is none."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(resolver)), PORT
    host, _, port = resolver.rpartition(":")
    return str(ipaddress.ip_address(host.strip("[]"))), int(port)


def own_resolver() -> str:
    """The first of the machine's, else the one on the machine itself."""
    try:
        lines = _RESOLV_CONF.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [words[1] for words in map(str.split, lines) if len(words) > 1 and words[0] == "nameserver"]
    return named[0] if named else "127.0.0.1"


async def _ask(host: str, port: int, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(struct.pack("!H", len(question)) + question)
        await writer.drain()
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        return await reader.readexactly(size)
    finally:
        writer.close()


def _question(number: int, name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", _TXT, _IN)


def _answers(number: int, data: bytes) -> list[str]:
    found, flags, questions, answers = struct.unpack_from("!4H", data)
    if found != number or not flags & 0x8000:
        raise LookupFailed("an answer to another question")
    if (code := flags & 15) not in (0, _NO_SUCH_NAME):
        raise LookupFailed(f"the resolver says {code}")
    at, texts = 12, []
    for _ in range(questions):
        at = _after_name(data, at) + 4
    for _ in range(answers):
        at = _after_name(data, at)
        kind, _, _, size = struct.unpack_from("!HHIH", data, at)
        at += 10
        if kind == _TXT:
            texts.append(_joined(data[at : at + size]))
        at += size
    return texts


def _after_name(data: bytes, at: int) -> int:
    while (size := data[at]) and size < 64:
        at += 1 + size
    return at + (2 if size else 1)  # a pointer has two bytes and ends the name


def _joined(data: bytes) -> str:
    """The character strings of one record in a row."""
    parts, at = [], 0
    while at < len(data):
        parts.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(parts).decode("utf-8", "replace")
