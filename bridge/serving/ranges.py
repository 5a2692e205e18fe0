"""Answers with a content or a part of it (RFC 9110 §14), in bounded memory: a piece is read when the one before it has been taken."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import State
from litestar.response import Stream

from ..library.contents import Content
from .problems import Problem


async def answer(request: Request[Any, Any, State], content: Content, media_type: str, headers: Mapping[str, str]) -> Response[Any]:
    """200, 206 for one range, 304 where the client has it, 416. Several ranges are answered with the whole, as the RFC allows."""
    tag = f'"{content.tag}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes", **headers}
    if unchanged(request, tag):
        return Response(None, status_code=304, headers=headers, media_type=media_type)
    span = None
    if request.headers.get("if-range", tag) == tag:
        span = wanted(request.headers.get("range", ""), content.size)
    if span is not None and span[0] > span[1]:
        refusal = Problem(416, "Range Not Satisfiable")
        refusal.headers = {"Content-Range": f"bytes */{content.size}"}
        raise refusal
    first, last = span or (0, content.size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if span:
        headers["Content-Range"] = f"bytes {first}-{last}/{content.size}"
    pieces = content.read(first, last) if content.size else _nothing()
    begun = await anext(pieces, b"")  # what cannot be had is refused before the answer begins
    return Stream(_joined(begun, pieces), status_code=206 if span else 200, media_type=media_type, headers=headers)


def unchanged(request: Request[Any, Any, State], tag: str) -> bool:
    """Whether the client has this already."""
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in known.split(",")]


def wanted(text: str, size: int) -> tuple[int, int] | None:
    """First and last byte of `Range: bytes=…`, last < first where there are none of these; None: the whole."""
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", text)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        count = int(match[2])
        return (max(size - count, 0), size - 1) if count and size else (1, 0)
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None  # not a range at all
    return (first, min(last, size - 1)) if first < size else (1, 0)


def attachment(name: str) -> str:
    """Content-Disposition of a file with this name."""
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


__all__ = ["answer", "attachment", "unchanged", "wanted"]
