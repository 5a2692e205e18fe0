"""What an XMP sidecar says about a picture: description, rating, tags, time and place. The rest of it is not kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

_RDF, _DC = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}", "{http://purl.org/dc/elements/1.1/}"
_XMP, _EXIF = "{http://ns.adobe.com/xap/1.0/}", "{http://ns.adobe.com/exif/1.0/}"
_PHOTOSHOP, _LIGHTROOM, _DIGIKAM = (
    "{http://ns.adobe.com/photoshop/1.0/}", "{http://ns.adobe.com/lightroom/1.0/}", "{http://www.digikam.org/ns/1.0/}",
)  # fmt: skip


@dataclass(frozen=True)
class Sidecar:
    """`taken` in µs, 0: it does not say. `tags` as paths."""

    caption: str = ""
    rating: int | None = None
    tags: tuple[str, ...] = ()
    taken: int = 0
    place: tuple[float, float] | None = None


def read(content: bytes) -> Sidecar:
    """Never raises; of what is no XMP it reads nothing."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return Sidecar()
    try:
        root = ElementTree.fromstring(content.decode("utf-8-sig", errors="replace"))  # noqa: S314  # without a document type nothing is expanded
    except (ElementTree.ParseError, ValueError, RecursionError):
        return Sidecar()
    found: dict[str, list[str]] = {}
    for about in root.iter(f"{_RDF}Description"):
        for name, value in about.attrib.items():
            found.setdefault(name, []).append(value)
        for child in about:
            items = [item.text or "" for item in child.iter(f"{_RDF}li")]
            found.setdefault(child.tag, []).extend(items or [child.text or ""])
    return _said({name: [value.strip() for value in values if value and value.strip()] for name, values in found.items()})


def _said(found: dict[str, list[str]]) -> Sidecar:
    def first(*names: str) -> str:
        return next((found[name][0] for name in names if found.get(name)), "")

    paths = [tag.replace("|", "/") for tag in found.get(f"{_LIGHTROOM}hierarchicalSubject", []) or found.get(f"{_DIGIKAM}TagsList", [])]
    lat, long = _degrees(first(f"{_EXIF}GPSLatitude")), _degrees(first(f"{_EXIF}GPSLongitude"))
    rating = first(f"{_XMP}Rating")
    return Sidecar(
        caption=first(f"{_DC}description", f"{_DC}title"),
        rating=int(float(rating)) if re.fullmatch(r"-?[0-5](\.0*)?", rating) and -1 <= float(rating) <= 5 else None,
        tags=tuple(dict.fromkeys(paths or found.get(f"{_DC}subject", []))),
        taken=_time(first(f"{_EXIF}DateTimeOriginal", f"{_PHOTOSHOP}DateCreated", f"{_XMP}CreateDate")),
        place=(lat, long) if lat is not None and long is not None and (lat or long) else None,
    )


def _time(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return 0


def _degrees(text: str) -> float | None:
    """ "47,22.5N" or "47,22,30N" or a number."""
    if match := re.fullmatch(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])", text):
        value = int(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
        return -value if match[4] in "SW" else value
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -180 <= value <= 180 else None
