"""Pictures that are made, not kept."""

from __future__ import annotations

import io
import random

from PIL import Image


def jpeg(seed: int = 1, size: tuple[int, int] = (64, 48), exif: dict[int, object] | None = None, orientation: int = 1) -> bytes:
    """A picture like no other; `exif` in the main directory."""
    picture = Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))
    tags = picture.getexif()
    for tag, value in {0x0112: orientation, **(exif or {})}.items():
        tags[tag] = value
    held = io.BytesIO()
    picture.save(held, "JPEG", exif=tags)
    return held.getvalue()
