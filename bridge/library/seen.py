"""What was seen in a picture or a video, and how EXIF says it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from numbers import Rational
from typing import Any

from PIL import Image

PIXELS = 200_000_000
"""Of the largest picture that is opened: from twice as many on it is taken for an attack."""


@dataclass
class Found:
    """`taken` in µs, 0: unknown. `public`: what goes into public magic metadata. `duration` in seconds. `details`: lens, exposure and the like."""

    thumbnail: bytes
    taken: int = 0
    place: tuple[float, float] | None = None
    public: dict[str, Any] = field(default_factory=dict)
    static_thumbnail: bool = False
    duration: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)


class Unreadable(ValueError):
    """No picture can be made of it."""


def read_exif(picture: Image.Image, found: Found) -> None:
    exif = picture.getexif()
    sideways = exif.get(0x0112) in (5, 6, 7, 8)
    width, height = picture.size
    found.public |= {"w": height, "h": width} if sideways else {"w": width, "h": height}
    inner, gps = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    for name, value in (("cameraMake", exif.get(0x010F)), ("cameraModel", exif.get(0x0110))):
        if isinstance(value, str) and (text := value.strip("\0 ")):
            found.public[name] = text
    _when(found, str(inner.get(0x9003) or inner.get(0x9004) or exif.get(0x0132) or ""), str(inner.get(0x9011) or inner.get(0x9010) or ""))
    _details(exif, inner, found)
    lat, long = _degrees(gps, 2, "S"), _degrees(gps, 4, "W")
    if lat is not None and long is not None and abs(lat) <= 90 and abs(long) <= 180 and (lat or long):
        found.place = (lat, long)


def _details(exif: Image.Exif, inner: dict[int, Any], found: Found) -> None:
    """What Ente's apps do not keep and other tools show."""
    for name, tag in (("lensModel", 0xA434),):
        if isinstance(value := inner.get(tag), str) and (text := value.strip("\0 ")):
            found.details[name] = text
    for name, tag in (("fNumber", 0x829D), ("focalLength", 0x920A), ("exposureTime", 0x829A), ("iso", 0x8827)):
        value = inner.get(tag)
        value = value[0] if isinstance(value, tuple) and value else value
        number = float(value) if isinstance(value, Rational | int | float) and value == value else 0.0
        if 0 < number < 1e6:
            found.details[name] = int(number) if name == "iso" else round(number, 6)
    if isinstance(turned := exif.get(0x0112), int) and 1 <= turned <= 8:
        found.details["orientation"] = turned


def _when(found: Found, text: str, offset: str) -> None:
    """EXIF's `YYYY:MM:DD HH:MM:SS`, which without an offset is taken for UTC."""
    try:
        local = datetime.strptime(text.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return
    found.taken = int(local.timestamp()) * 1_000_000
    found.public["dateTime"] = local.strftime("%Y-%m-%dT%H:%M:%S.000")
    if match := re.fullmatch(r"([+-])(\d\d):(\d\d)", offset.strip("\0 ")):
        minutes = int(match[2]) * 60 + int(match[3])
        found.taken -= minutes * 60_000_000 * (1 if match[1] == "+" else -1)
        found.public["offsetTime"] = match[0]


def _degrees(gps: dict[int, Any], tag: int, negative: str) -> float | None:
    parts = gps.get(tag)
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    degrees, minutes, seconds = (float(Fraction(part) if isinstance(part, int) else part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return None if value != value else -value if gps.get(tag - 1) == negative else value
