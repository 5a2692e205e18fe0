"""Thumbnails and previews as tools want them, made from what Ente's apps made and from originals, and kept sealed."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
from collections.abc import Awaitable, Callable
from typing import TypeVar

from PIL import Image

from ..client import download
from ..client.connection import Connection
from ..client.errors import ClientError, Damaged, NotThere
from ..client.shapes import VIDEO, File
from . import media
from .cache import Cache
from .contents import Contents, tag_of
from .one import OneAtATime

SMALL, LARGE = 250, 1440
"""Pixels: the shorter side of a thumbnail, the longer of a preview."""
MOST_ORIGINAL = 200 * 1024 * 1024
"""Bytes of an original that is fetched to make a preview of it."""
T = TypeVar("T")


class NoPicture(ClientError):
    """There is nothing to look at."""


class Pictures:
    """`from_originals`: whether previews may cost fetching an original."""

    def __init__(self, connection: Connection, contents: Contents, cache: Cache, *, from_originals: bool = True) -> None:
        self._connection, self._contents, self._cache = connection, contents, cache
        self.from_originals = from_originals
        self._alone = OneAtATime()
        self._opening = asyncio.Semaphore(2)

    def kept(self, file_id: int, tag: str, kind: str) -> bytes | None:
        """What was made before: `kind` is "thumbnail" or "preview"."""
        return self._cache.get(f"{file_id}-{tag}-{kind}")

    async def thumbnail(self, file: File) -> bytes:
        """A WebP whose shorter side is 250 pixels, or the whole where it is smaller. Raises `NoPicture`."""
        return await self._made(file, "thumbnail", self._thumbnail)

    async def preview(self, file: File) -> bytes:
        """A JPEG of at most 1440 pixels a side; where no original may be had, the uploader's thumbnail. Raises `NoPicture`."""
        return await self._made(file, "preview", self._preview)

    async def cut(self, file: File, box: tuple[float, float, float, float], name: str) -> bytes:
        """A square JPEG of 250 pixels around a part of the picture, given in fractions of its sides."""
        key = f"{file.id}-{tag_of(file)}-{name}"
        async with self._alone(key):
            if (kept := self._cache.get(key)) is not None:
                return kept
            whole = await self.preview(file)
            made = await self._work(lambda: _cut(whole, box))
            self._cache.put(key, made)
            return made

    async def _made(self, file: File, kind: str, make: Callable[[File], Awaitable[bytes]]) -> bytes:
        name = f"{file.id}-{tag_of(file)}-{kind}"
        if (kept := self._cache.get(name)) is not None:
            return kept
        async with self._alone(name):
            if (kept := self._cache.get(name)) is not None:
                return kept
            made = await make(file)
            self._cache.put(name, made)
            return made

    async def _thumbnail(self, file: File) -> bytes:
        for source in (self._uploaded, self._from_original):
            found = await source(file)
            with contextlib.suppress(NoPicture):
                if found is not None:
                    return await self._work(functools.partial(_webp, found))
        raise NoPicture("there is no picture of it")

    async def _preview(self, file: File) -> bytes:
        found = await self._from_original(file) if file.kind != VIDEO else None
        found = found or await self._uploaded(file)
        if found is None:
            raise NoPicture("there is no picture of it")
        return found

    async def _uploaded(self, file: File) -> bytes | None:
        """What the uploader made, where it is a picture of the file."""
        if file.metadata.get("hasStaticThumbnail") and file.kind != VIDEO and self.from_originals:
            return None
        try:
            return await download.thumbnail(self._connection, file)
        except (Damaged, NotThere):
            return None

    async def _from_original(self, file: File) -> bytes | None:
        if not self.from_originals or file.kind == VIDEO or file.content_size > MOST_ORIGINAL:
            return None
        try:
            content = await self._contents.original(file)
            whole = await content.whole()
        except (Damaged, NotThere):
            return None
        try:
            return await self._work(lambda: media.show(io.BytesIO(whole), content.name, LARGE))
        except NoPicture:
            return None

    async def _work(self, work: Callable[[], T]) -> T:
        """Opens pictures beside the event loop, two at a time."""
        async with self._opening:
            try:
                return await asyncio.to_thread(work)
            except media.BROKEN:
                raise NoPicture("it cannot be opened") from None


def _webp(source: bytes) -> bytes:
    with Image.open(io.BytesIO(source)) as picture:
        shorter, longer = min(picture.size), max(picture.size)
        side = longer if shorter <= SMALL else -(-SMALL * longer // shorter)
        return media.encoded(picture, side, "WEBP")


def _cut(source: bytes, box: tuple[float, float, float, float]) -> bytes:
    with Image.open(io.BytesIO(source)) as picture:
        width, height = picture.size
        left, top, right, bottom = box[0] * width, box[1] * height, box[2] * width, box[3] * height
        side = min(max(right - left, bottom - top) * 1.6, width, height)
        across = min(max((left + right) / 2 - side / 2, 0), width - side)
        down = min(max((top + bottom) / 2 - side / 2, 0), height - side)
        part = picture.convert("RGB").crop((int(across), int(down), max(int(across + side), int(across) + 1), max(int(down + side), int(down) + 1)))
        held = io.BytesIO()
        part.resize((SMALL, SMALL)).save(held, "JPEG", quality=85)
        return held.getvalue()


__all__ = ["NoPicture", "Pictures"]
