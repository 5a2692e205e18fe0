"""Reads the document that completes a multipart upload, and nothing else that XML can be: no DTD, no entities, no depth, a size limit.

Clients send it with or without declaration, namespace, blanks and quotes around ETags (files.md §2.2).
"""

from __future__ import annotations

from itertools import pairwise
from xml.parsers import expat

from storage_backends.keys import MAX_PARTS

from .refusals import Refusal

MAX_BYTES = 2 << 20
_FIELDS = ("PartNumber", "ETag")


class _Malformed(Exception):
    pass


class _Reader:
    """Collects Part elements directly below CompleteMultipartUpload; other elements inside a Part (checksums) are passed over."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, str]] = []
        self._path: list[str] = []
        self._fields: dict[str, str] = {}
        self._text: list[str] = []

    def doctype(self, *_: object) -> None:
        raise _Malformed("a document type")

    def start(self, name: str, _: object) -> None:
        self._path.append(name.rpartition("}")[2])
        self._text = []
        depth = len(self._path)
        if depth > 3 or (depth == 1 and self._path != ["CompleteMultipartUpload"]):
            raise _Malformed("not the expected elements")
        if depth == 2:
            self._fields = {}

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, _: str) -> None:
        depth, name = len(self._path), self._path.pop()
        if depth == 3 and self._path[1] == "Part" and name in _FIELDS:
            if name in self._fields:
                raise _Malformed("a field twice")
            self._fields[name] = "".join(self._text).strip()
        elif depth == 2 and name == "Part":
            self._add()

    def _add(self) -> None:
        number = self._fields.get("PartNumber", "")
        if not number.isascii() or not number.isdigit() or len(number) > 5 or "ETag" not in self._fields or len(self.parts) >= MAX_PARTS:
            raise _Malformed("a part without number or ETag, or too many")
        self.parts.append((int(number), self._fields["ETag"].strip('"')))


def parse(body: bytes) -> list[tuple[int, str]]:
    """(number, bare ETag) of each part, in the order of the document. Refusal 400 for anything else, an empty list included."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _Malformed, ValueError) as e:
        raise Refusal(400, "MalformedXML", "The XML you provided was not well-formed.", log=f"completion: {e}") from None
    if not reader.parts:
        raise Refusal(400, "MalformedXML", "You must specify at least one part.")
    numbers = [number for number, _ in reader.parts]
    if any(a >= b for a, b in pairwise(numbers)):
        raise Refusal(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    return reader.parts
