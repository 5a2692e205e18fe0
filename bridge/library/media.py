"""Looking into pictures: thumbnail, size, when, where and with what they were taken. A picture that cannot be read is still stored."""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePath
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from ..client.shapes import IMAGE, VIDEO
from . import film, raw
from .seen import PIXELS, Found, Unreadable, read_exif

_IMAGES = """3fr ari arw avif bmp cap cin cr2 cr3 crw dcr dng erf fff gif heic heif hif iiq insp jp2 jpe jpeg jpg jxl k25 kdc mrw nef nrw orf ori pef
png psd raf raw rw2 rwl sr2 srf srw svg tif tiff webp x3f"""
_VIDEOS = "3gp 3gpp avi flv insv m2t m2ts m4v mkv mov mp4 mpe mpeg mpg mts mxf ts vob webm wmv"
IMAGES = frozenset("." + name for name in _IMAGES.split())
VIDEOS = frozenset("." + name for name in _VIDEOS.split())
_RAWS = "3fr ari arw cap cr2 cr3 crw dcr dng erf fff iiq k25 kdc mrw nef nrw orf ori pef raf raw rw2 rwl sr2 srf srw x3f"
RAWS = frozenset("." + name for name in _RAWS.split())
HEIFS = frozenset({".heic", ".heif", ".hif"})
PIECE = 1024 * 1024
SIDE, MOST = 720, 102_400
"""Pixels of a thumbnail's longer side, and the bytes it is to stay below."""
_DATE_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?([01]\d)[-_]?([0-3]\d)(?:[-_T ]?([0-2]\d)[-_.:]?([0-5]\d)[-_.:]?([0-5]\d))?")
Image.MAX_IMAGE_PIXELS = PIXELS


def kind_of(name: str) -> int | None:
    """Image or video by the extension; None: neither."""
    suffix = PurePath(name).suffix.lower()
    return IMAGE if suffix in IMAGES else VIDEO if suffix in VIDEOS else None


def look(content: BinaryIO, name: str) -> Found:
    """Never raises for what is in a picture or a video."""
    found = Found(nothing(), static_thumbnail=True)
    try:
        with opened(content, name, found) as picture:
            found.thumbnail, found.static_thumbnail = jpeg(picture, SIDE, MOST), False
    except BROKEN:
        pass  # corrupt, or of a format that is not read here: stored with a placeholder
    found.taken = found.taken or date_in(name)
    return found


def show(content: BinaryIO, name: str, side: int) -> bytes:
    """A JPEG of at most this many pixels a side; raises `Unreadable`."""
    try:
        with opened(content, name, Found(b"")) as picture:
            return jpeg(picture, side)
    except BROKEN:
        raise Unreadable(name) from None


BROKEN = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, ArithmeticError, TypeError, KeyError, LookupError,
    EOFError, RuntimeError, MemoryError,
)  # fmt: skip
"""What libraries raise for contents that are not what they seem."""


@contextmanager
def opened(content: BinaryIO, name: str, found: Found) -> Iterator[Image.Image]:
    """The picture, the preview that a RAW file carries, or a still of the video; what else it says goes into `found`. Raises any of `BROKEN`."""
    suffix = PurePath(name).suffix.lower()
    if suffix in VIDEOS:
        yield film.still(content, suffix, found)
        return
    if suffix in RAWS:
        yield raw.preview(content, found)
        return
    if suffix in HEIFS:
        _read_heif()
    with Image.open(content) as picture:
        read_exif(picture, found)
        yield picture


@functools.cache
def _read_heif() -> None:
    """Where pillow-heif is missing HEIC is stored with a placeholder."""
    with contextlib.suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()


def jpeg(picture: Image.Image, side: int, most: int = 0) -> bytes:
    """`most`: bytes it is to stay below, where quality can buy that."""
    return encoded(picture, side, "JPEG", (70, 60, 50, 35) if most else (80,), most)


def encoded(picture: Image.Image, side: int, form: str, qualities: tuple[int, ...] = (80,), most: int = 0) -> bytes:
    picture.draft("RGB", (side * 2, side * 2))
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((side, side))
    if upright.mode != "RGB":
        flat = Image.new("RGB", upright.size, "white")
        with_alpha = upright.convert("RGBA")
        flat.paste(with_alpha, mask=with_alpha.getchannel("A"))
        upright = flat
    out = b""
    for quality in qualities:
        held = io.BytesIO()
        upright.save(held, form, quality=quality)
        out = held.getvalue()
        if not most or len(out) <= most:
            break
    return out


def nothing() -> bytes:
    """A thumbnail for what no picture can be made of."""
    held = io.BytesIO()
    Image.new("RGB", (300, 150)).save(held, "JPEG")
    return held.getvalue()


def date_in(name: str) -> int:
    """The moment in a file's name, in µs as if it were UTC; 0: none, or one that has not come yet."""
    if not (match := _DATE_IN_NAME.search(name)):
        return 0
    try:
        found = datetime(*(int(part or 0) for part in match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]  # six numbers
    except ValueError:
        return 0
    return int(found.timestamp() * 1_000_000) if found < datetime.now(UTC) else 0


__all__ = ["Found", "Unreadable", "date_in", "encoded", "jpeg", "kind_of", "look", "nothing", "opened", "show"]
