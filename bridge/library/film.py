"""Videos: a still for the thumbnail, length, size, when and where. Needs PyAV (extra `bridge`); without it they are not looked into.

The container is told from the name and never guessed: playlists and the like, which would make the library open other files, are not read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, BinaryIO

from PIL import Image

from .seen import PIXELS, Found, Unreadable

FORMATS = {
    "mov": ".3gp .3gpp .insv .m4v .mov .mp4", "matroska": ".mkv .webm", "avi": ".avi", "flv": ".flv", "asf": ".wmv", "mpegts": ".m2t .m2ts .mts .ts",
    "mpeg": ".mpe .mpeg .mpg .vob", "mxf": ".mxf",
}  # fmt: skip
_FORMAT = {suffix: name for name, suffixes in FORMATS.items() for suffix in suffixes.split()}
FRAMES = 60
"""That are decoded in search of one that is not black."""
_PLACE = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)")


def still(content: BinaryIO, suffix: str, found: Found) -> Image.Image:
    """Raises `media.BROKEN`."""
    try:
        import av
    except ImportError:
        raise Unreadable("PyAV is not installed") from None
    try:
        with av.open(content, "r", format=_FORMAT[suffix], metadata_errors="replace") as container:
            _read(container, found)
            stream = container.streams.video[0]
            if not 0 < stream.width * stream.height <= PIXELS:
                raise Unreadable("no picture in it, or too large")
            best: Any = None
            for number, frame in enumerate(container.decode(stream)):
                best = frame if best is None or number == 0 else best
                if number >= FRAMES or frame.pts is None or _bright(frame):
                    best = frame
                    break
            if best is None:
                raise Unreadable("no frame in it")
            made: Image.Image = best.to_image()
            turn = int(getattr(best, "rotation", 0) or 0) % 360
    except av.FFmpegError as e:
        raise Unreadable(str(e)) from None
    width, height = stream.width, stream.height
    found.public |= {"w": height, "h": width} if turn in (90, 270) else {"w": width, "h": height}
    return made.rotate(turn, expand=True) if turn else made


def _bright(frame: Any) -> bool:
    small = frame.reformat(width=16, height=16, format="gray").to_ndarray()
    return bool(small.mean() > 16)


def _read(container: Any, found: Found) -> None:
    if container.duration:
        found.duration = container.duration / 1_000_000
    said = {key.lower(): value for key, value in container.metadata.items()}
    try:
        taken = datetime.fromisoformat(said.get("com.apple.quicktime.creationdate") or said.get("creation_time") or "")
        taken = taken if taken.tzinfo else taken.replace(tzinfo=UTC)
        if taken.year > 1970:  # cameras without a clock write the beginning of their time
            found.taken = int(taken.timestamp()) * 1_000_000
    except (ValueError, OverflowError):
        pass
    for name, key in (("cameraMake", "com.apple.quicktime.make"), ("cameraModel", "com.apple.quicktime.model")):
        if text := said.get(key, "").strip():
            found.public[name] = text
    if match := _PLACE.match(said.get("com.apple.quicktime.location.iso6709") or said.get("location") or ""):
        lat, long = float(match[1]), float(match[2])
        if abs(lat) <= 90 and abs(long) <= 180 and (lat or long):
            found.place = (lat, long)
