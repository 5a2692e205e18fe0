"""Bodies that are not JSON: contents that are sealed while they come, alone or as a part of a form. Nothing of them is on a disk in the clear, and
at most a piece of them in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser, parse_options_header  # type: ignore[import-untyped]

from ..library.library import Library
from ..library.queue import Intake
from .problems import Problem

Asked = Request[Any, Any, State]
PIECE = 1024 * 1024
MOST_FIELD, MOST_FIELDS, MOST_BESIDE = 256 * 1024, 64, 1024 * 1024
DRAINED = 256 * 1024 * 1024
"""Of a body that is refused: whoever is still sending would not read the answer."""


class Filling:
    """An intake that is fed in large pieces, off the event loop."""

    def __init__(self, intake: Intake) -> None:
        self.intake, self.size = intake, 0
        self._held = bytearray()

    async def feed(self, data: bytes | bytearray) -> None:
        self._held += data
        self.size += len(data)
        if len(self._held) >= PIECE:
            piece, self._held = bytes(self._held), bytearray()
            await asyncio.to_thread(self.intake.feed, piece)

    async def finish(self) -> None:
        """The content is sealed on the disk."""
        if self._held:
            await asyncio.to_thread(self.intake.feed, bytes(self._held))
            self._held.clear()
        await asyncio.to_thread(self.intake.finish)


@dataclass
class Form:
    """A form with one file in it. `beside`: the other small files that were asked for."""

    fields: dict[str, str] = field(default_factory=dict)
    filename: str = ""
    intake: Intake | None = None
    size: int = 0
    beside: dict[str, bytes] = field(default_factory=dict)

    def drop(self) -> None:
        if self.intake:
            self.intake.drop()


async def pieces(request: Asked) -> AsyncIterator[bytes]:
    """The body as it comes; a tool that hangs up is a `Problem`."""
    try:
        async for piece in request.stream():
            if piece:
                yield piece
    except (HTTPException, OSError):
        raise Problem(400, "The body ended too early") from None


async def drain(request: Asked) -> None:
    """Takes what is still sent, so that the answer is read."""
    taken = 0
    with contextlib.suppress(Problem, RuntimeError):
        async for piece in pieces(request):
            taken += len(piece)
            if taken > DRAINED:
                return


async def raw(request: Asked, library: Library) -> Intake:
    """The whole body as one content, sealed."""
    filling = Filling(library.intake())
    try:
        body = pieces(request)
        async for piece in body:
            await filling.feed(piece)
        await filling.finish()
    except BaseException:
        filling.intake.drop()
        raise
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) != filling.size:
        filling.intake.drop()
        raise Problem(400, "The body ended too early")
    return filling.intake


async def form(request: Asked, library: Library, content: str, beside: tuple[str, ...] = (), check: Any = None) -> Form:
    """A multipart form whose part `content` is sealed; `check(filename)` may refuse it by its name before it is received."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise Problem(400, "The body must be multipart/form-data")
    made = Form()
    receiving = _Receiving(made, library, content, beside, check)
    try:
        with PushMultipartParser(options["boundary"], max_segment_count=MOST_FIELDS) as parser:
            async for piece in pieces(request):
                for event in parser.parse(piece):
                    await receiving.take(event)
        if receiving.filling:
            await receiving.filling.finish()
            made.size = receiving.filling.size
    except ParserLimitReached:
        made.drop()
        raise Problem(400, "The form has too many or too large parts") from None
    except MultipartError:
        made.drop()
        raise Problem(400, "The form is damaged or ends too early") from None
    except BaseException:
        made.drop()
        raise
    return made


class _Receiving:
    """One form while it comes."""

    def __init__(self, made: Form, library: Library, content: str, beside: tuple[str, ...], check: Any) -> None:
        self._made, self._library, self._content, self._beside, self._check = made, library, content, beside, check
        self.filling: Filling | None = None
        self._name, self._held = "", bytearray()

    async def take(self, event: MultipartSegment | bytearray | bytes | None) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event.name or "", event.filename or "")
        elif event is None:
            self._end()
        elif self._name == self._content and self.filling:
            await self.filling.feed(event)
        else:
            self._held += event
            if len(self._held) > (MOST_BESIDE if self._name in self._beside else MOST_FIELD):
                raise Problem(400, f"The part {self._name[:40]!r} is too large")

    def _begin(self, name: str, filename: str) -> None:
        self._name, self._held = name, bytearray()
        if name != self._content:
            return
        if self.filling:
            raise Problem(400, f"There is more than one {name}")
        if self._check:
            self._check(filename)
        self._made.filename = filename
        self._made.intake = self._library.intake()
        self.filling = Filling(self._made.intake)

    def _end(self) -> None:
        if self._name in self._beside:
            self._made.beside[self._name] = bytes(self._held)
        elif self._name and self._name != self._content:
            self._made.fields[self._name] = self._held.decode(errors="replace")
        self._name = ""
