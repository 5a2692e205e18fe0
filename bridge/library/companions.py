"""What ImaLink's clients say about a photo and its files: where the RAW file lies, its EXIF, which picture the photo was made from. Kept in the
bridge's object in the photo's private magic metadata (`noted`), so that it is wherever the account is; the files themselves are not here.

Keys of that object that are this module's: `hothash`, `made`, `undated`, `author`, `user`, `files`, `next`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..client.errors import ClientError
from ..client.shapes import File
from .library import BRIDGE, Photo

MOST_FILES = 100
"""Of one photo; an image file's number is the photo's × 100 + its own."""
MOST_BYTES = 100_000
"""Of all that is said about one photo, as JSON: the server takes 256 KiB of sealed base64."""
HOT, COLD = "hot", "cold"
OWNER = 1
"""The user whom the linked account belongs to; others were registered here."""


class TooMuch(ClientError):
    """More than fits beside a photo."""


class Stored(msgspec.Struct, omit_defaults=True):
    """Where a client says that a file lies. `verified`: when it said so, in µs."""

    path: str | None = None
    kind: str | None = None
    checksum: str | None = None
    verified: int = 0


class FileNote(msgspec.Struct, omit_defaults=True):
    """One file of a photo; `n` 0 is the one that the photo was made of. Times in µs, `exif` as the client gave it, `likeness` in hex."""

    n: int
    name: str | None = None
    size: int | None = None
    kind: str | None = None
    w: int | None = None
    h: int | None = None
    exif: dict[str, Any] | None = None
    taken: int | None = None
    lat: float | None = None
    long: float | None = None
    session: int | None = None
    likeness: str | None = None
    storage: Stored | None = None
    made: int = 0
    changed: int = 0


def files_of(own: dict[str, Any]) -> list[FileNote]:
    """By number, the first always there. Lenient: what does not fit was not written by us."""
    found: dict[int, FileNote] = {0: FileNote(0)}
    listed = own.get("files")
    for entry in listed if isinstance(listed, list) else ():
        try:
            note = msgspec.convert(entry, FileNote)
        except msgspec.ValidationError:
            continue
        found[note.n] = note
    return [found[n] for n in sorted(found)]


def put_file(own: dict[str, Any], note: FileNote) -> None:
    """Adds or replaces a file in the object of a photo. Raises `TooMuch`."""
    kept = [other for other in files_of(own) if other.n != note.n and (other.n or other != FileNote(0))]
    own["files"] = [msgspec.to_builtins(file) for file in sorted([*kept, note], key=lambda file: file.n)]
    own["next"] = max(next_number(own), note.n + 1)
    if note.n >= MOST_FILES or len(msgspec.json.encode(own)) > MOST_BYTES:
        raise TooMuch("More is said about this photo than can be kept with it")


def next_number(own: dict[str, Any]) -> int:
    """Of the next file: numbers are not used twice."""
    held = own.get("next")
    return max(held if isinstance(held, int) else 1, 1 + max(file.n for file in files_of(own)))


def image_id(photo_id: int, number: int) -> int:
    return photo_id * MOST_FILES + number


def parts_of(image: int) -> tuple[int, int]:
    """Photo and number of an image id."""
    return divmod(image, MOST_FILES)


def user_of(photo: Photo) -> int:
    found = photo.own.get("user")
    return found if isinstance(found, int) and found > OWNER else OWNER


def preview(file: File) -> str:
    """HOT or COLD: which preview the content is; "": an original, which nothing may replace. It stands in the file's metadata, because one update
    on the server changes both that and the content."""
    found = file.metadata.get(BRIDGE)
    kind = found.get("preview") if isinstance(found, dict) else None
    return kind if kind in (HOT, COLD) else ""


def as_preview(metadata: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The metadata of a file whose content is this preview."""
    return {**metadata, BRIDGE: {"preview": kind}}
