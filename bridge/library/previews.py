"""Photos of which only previews are here: the small one (hotpreview) is the file's thumbnail, and its content too until a larger one is sent.

What is made here is answered when the server has it, so no journal is needed: what a crash cuts off was never answered.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image, ImageOps, UnidentifiedImageError

from ..client import download, upload
from ..client.connection import Row
from ..client.crypto import content_hash
from ..client.errors import ClientError, Unreachable
from ..client.replace import MOST, replace
from ..client.shapes import Album, File
from . import media
from .companions import COLD, HOT, as_preview, preview
from .library import Library, Photo

SIDE = 300
"""Pixels of the longer side of a hotpreview that is made here."""
PIXELS = 40_000_000
"""Of the largest picture that is opened whole: 120 MB while it is."""
MOST_HOT, MOST_COLD = 4 * 1024 * 1024, min(16 * 1024 * 1024, MOST)
_TROUBLES = (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, ArithmeticError, TypeError, KeyError)
_opening = asyncio.Semaphore(2)
"""Pictures that are open at once."""
T = TypeVar("T")


class NoPicture(ClientError):
    """Bytes that are no picture, or one that is too large to be opened."""


class Original(ClientError):
    """The photo's content is an original, which no preview replaces."""


@dataclass(frozen=True)
class Hot:
    """A hotpreview as it is kept. `jpeg` is what was sent, where it was a small JPEG."""

    jpeg: bytes
    width: int
    height: int


async def opened(work: Callable[[], T]) -> T:
    """Runs what opens a picture beside the event loop, a few at a time. Raises `NoPicture`."""
    async with _opening:
        try:
            return await asyncio.to_thread(work)
        except _TROUBLES:
            raise NoPicture("This is not a picture, or one that cannot be opened") from None


def hot(sent: bytes) -> Hot:
    """Raises what Pillow raises."""
    with _open(sent) as picture:
        picture.load()
        width, height = picture.size
        if picture.format == "JPEG" and max(picture.size) <= media.SIDE and len(sent) <= media.MOST:
            return Hot(sent, width, height)
        upright = ImageOps.exif_transpose(picture)
        return Hot(_jpeg(upright, (SIDE, SIDE)), *upright.size)


def as_jpeg(sent: bytes) -> bytes:
    """A JPEG as it is, anything else as one."""
    with _open(sent) as picture:
        picture.load()
        return sent if picture.format == "JPEG" else _jpeg(ImageOps.exif_transpose(picture), None)


def within(data: bytes, box: tuple[int, int]) -> bytes:
    """A JPEG no larger than the box, in its own proportions; never enlarged."""
    with _open(data) as picture:
        picture.draft("RGB", box)
        upright = ImageOps.exif_transpose(picture)
        if picture.format == "JPEG" and upright.width <= box[0] and upright.height <= box[1]:
            return data
        return _jpeg(upright, box)


def written_as(data: bytes, kind: str) -> bytes:
    """The same picture as "JPEG" or "WEBP"; as it is, where it is one."""
    with _open(data) as picture:
        if picture.format == kind:
            return data
        if kind == "JPEG":
            return _jpeg(picture, None)
        held = io.BytesIO()
        picture.save(held, kind, quality=85)
        return held.getvalue()


def _open(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    if picture.width * picture.height > PIXELS:
        raise ValueError("too many pixels")
    return picture


def _jpeg(picture: Image.Image, box: tuple[int, int] | None) -> bytes:
    if box:
        picture.thumbnail(box)
    if picture.mode != "RGB":
        flat = Image.new("RGB", picture.size, "white")
        with_alpha = picture.convert("RGBA")
        flat.paste(with_alpha, mask=with_alpha.getchannel("A"))
        picture = flat
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=85)
    return held.getvalue()


async def make(library: Library, album: Album, picture: Hot, about: tuple[Row, Row, Row]) -> int:
    """A new file of this album whose content is its hotpreview; its id. `about` = metadata without `hash`, public and private magic metadata."""
    intake = library.intake()
    beside = intake.path.with_suffix(".thumbnail")
    try:
        intake.feed(picture.jpeg)
        sums = intake.finish()
        metadata = as_preview({**about[0], "hash": sums.hash}, HOT)
        ticket, thumbnail = upload.ticket(intake.id, (album.id, album.key), intake.key, sums, picture.jpeg, (metadata, about[1], about[2]))
        beside.write_bytes(thumbnail)
        try:
            made = await upload.send(library.connection, ticket, (intake.path, beside), lambda _: None)
        except Unreachable:  # where the answer was lost, the second attempt finds what the first made
            made = await upload.send(library.connection, ticket, (intake.path, beside), lambda _: None)
    finally:
        intake.drop()
        beside.unlink(missing_ok=True)
    await library.sync()
    return made


async def set_cold(library: Library, photo: Photo, jpeg: bytes) -> None:
    """The larger preview becomes the content. Raises `Original`."""
    await _replace(library, _previewed(photo), jpeg, COLD)


async def drop_cold(library: Library, photo: Photo) -> bool:
    """The hotpreview becomes the content again; whether there was a larger one."""
    file = _previewed(photo)
    if preview(file) != COLD:
        return False
    await _replace(library, file, None, HOT)
    return True


def _previewed(photo: Photo) -> File:
    if not preview(photo.file):
        raise Original("This photo's original is stored: a preview does not replace it")
    return photo.file


async def _replace(library: Library, file: File, content: bytes | None, kind: str) -> None:
    library.connection.may_write()
    thumbnail = await download.thumbnail(library.connection, file)
    content = thumbnail if content is None else content
    metadata = as_preview({**file.metadata, "hash": content_hash(content)}, kind)
    await replace(library.connection, file, content, thumbnail, metadata)
    await library.sync()
