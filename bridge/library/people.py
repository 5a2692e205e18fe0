"""People and faces, as Ente's apps found and named them: read only.

A person is a user entity of type `cgroup` (client.md §14): gzipped JSON with a name and clusters of face ids. A face id is `FILE_x1_y1_x2_y2`, the
corners being the decimals of fractions of the picture's sides; so who is where on which photo is known without the photo's own face data (`mldata`),
which is fetched only for faces that nobody named.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..client.connection import Connection, Row
from ..client.crypto import unb64
from ..client.errors import ClientError, Damaged, NotThere
from ..client.keys import Keys, open_blob, unbox
from ..client.shapes import File
from .facts import Facts
from .index import Index

KIND = "cgroup"
MOST = 64 * 1024 * 1024
"""Bytes of a person or of a photo's face data when they are unpacked."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the picture's sides."""


@dataclass(frozen=True)
class Person:
    """`id` is the entity's. `cover`: the face that stands for them, or ""."""

    id: str
    name: str
    hidden: bool
    pinned: bool
    cover: str
    faces: tuple[str, ...]
    updated: int


@dataclass(frozen=True)
class Face:
    """`person`: whose it is, where somebody said so."""

    id: str
    file_id: int
    box: Box
    person: Person | None


class People:
    """Filled from the index; `refresh` after a sync that brought entities."""

    def __init__(self, connection: Connection, index: Index, keys: Keys, facts: Facts) -> None:
        self._connection, self._index, self._keys, self._facts = connection, index, keys, facts
        self.persons: dict[str, Person] = {}
        self._whose: dict[str, str] = {}
        self.damaged: set[str] = set()
        self._read()

    async def refresh(self) -> None:
        """Everything anew from the entities of the index; asks for their key where it is not known."""
        if self._key() is None and next(self._index.entities(KIND), None):
            try:
                row = await self._connection.get("/user-entity/key", type=KIND)
            except NotThere:
                return
            self._index.set_note(0, f"key {KIND}", json.dumps({k: row[k] for k in ("encryptedKey", "header")}).encode())
        self._read()

    def _key(self) -> bytes | None:
        kept = self._index.note(0, f"key {KIND}")
        if kept is None:
            return None
        row = json.loads(kept)
        return unbox(row["encryptedKey"], row["header"], self._keys.master_key, f"the key of entities {KIND}")

    def _read(self) -> None:
        self.persons, self.damaged = {}, set()
        try:
            key = self._key()
        except (Damaged, KeyError, ValueError) as e:
            self.damaged.add(str(e))
            return
        for row in self._index.entities(KIND) if key else ():
            try:
                person = open_person(row, key or b"")
            except Damaged as e:
                self.damaged.add(str(e))
            else:
                self.persons[person.id] = person
        self._whose = {face: person.id for person in self.persons.values() for face in person.faces}
        self._facts.set_persons((person.id, place[0]) for person in self.persons.values() for face in person.faces if (place := parse(face)))

    def named(self, text: str = "", *, hidden: bool = False) -> list[Person]:
        """Those with a name that has this in it, pinned first, then by name."""
        found = [p for p in self.persons.values() if p.name and text.casefold() in p.name.casefold() and (hidden or not p.hidden)]
        return sorted(found, key=lambda p: (not p.pinned, p.name.casefold(), p.id))

    def cover(self, person: Person) -> Face | None:
        """The face to show: the chosen one, else the largest on a photo that is there and not hidden."""
        chosen = self._seen(person, [person.cover]) if person.cover else []
        faces = chosen or self._seen(person, person.faces)
        return max(faces, key=lambda face: (face.box[2] - face.box[0]) * (face.box[3] - face.box[1]), default=None)

    def _seen(self, person: Person, ids: tuple[str, ...] | list[str]) -> list[Face]:
        places = [(face, place) for face in ids if (place := parse(face))]
        there = self._facts.shown([place[0] for _, place in places])
        return [Face(face, file_id, box, person) for face, (file_id, box) in places if file_id in there]

    def faces_on(self, file_id: int) -> list[Face]:
        """Those that belong to somebody."""
        found = []
        for face, person_id in self._whose.items():
            if face.startswith(f"{file_id}_") and (place := parse(face)):
                found.append(Face(face, file_id, place[1], self.persons[person_id]))
        return found

    async def all_faces_on(self, file: File) -> list[Face]:
        """Also those that nobody named, where an app has looked for faces and the server can be reached."""
        found = {face.id: face for face in self.faces_on(file.id)}
        for face_id in await self._detected(file):
            if (place := parse(face_id)) and place[0] == file.id:
                found.setdefault(face_id, Face(face_id, file.id, place[1], None))
        return list(found.values())

    async def _detected(self, file: File) -> list[str]:
        try:
            answer = await self._connection.post("/files/data/fetch", {"type": "mldata", "fileIDs": [file.id]})
            rows = [row for row in answer.get("data") or [] if row.get("fileID") == file.id]
            if not rows:
                return []
            data = open_packed(unb64(rows[0]["encryptedData"]), unb64(rows[0]["decryptionHeader"]), file.key, f"the face data of file {file.id}")
        except (ClientError, ValueError, KeyError, TypeError):
            return []  # who is named is known without it
        faces = (data.get("face") or {}).get("faces") if isinstance(data.get("face"), dict) else None
        return [face["faceID"] for face in faces or [] if isinstance(face, dict) and isinstance(face.get("faceID"), str)]


def open_person(row: Row, key: bytes) -> Person:
    """Raises `Damaged`."""
    what = f"the person {row['id']}"
    data = open_packed(unb64(row["encryptedData"] or ""), unb64(row["header"] or ""), key, what)
    return Person(
        id=row["id"],
        name=_text(data.get("name")).strip(),
        hidden=data.get("isHidden") is True,
        pinned=data.get("isPinned") is True,
        cover=_text(data.get("avatarFaceID") or data.get("avatarFaceId")),
        faces=tuple(dict.fromkeys(_faces(data))),
        updated=int(row.get("updatedAt") or 0),
    )


def _faces(data: dict[str, Any]) -> Iterator[str]:
    rejected = set(_strings(data.get("rejectedFaceIDs")))
    assigned = data.get("assigned")
    for cluster in assigned if isinstance(assigned, list) else ():
        if isinstance(cluster, dict):
            yield from (face for face in _strings(cluster.get("faces")) if face not in rejected)


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def open_packed(cipher: bytes, header: bytes, key: bytes, what: str) -> dict[str, Any]:
    """A blob of gzipped JSON; raises `Damaged`."""
    packed = open_blob(cipher, header, key, what)
    try:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        plain = unpacker.decompress(packed, MOST)
        if unpacker.unconsumed_tail:
            raise Damaged(f"{what} is too large to be one")
        found = json.loads(plain)
    except (zlib.error, gzip.BadGzipFile, ValueError):
        raise Damaged(f"{what} is no gzipped JSON") from None
    if not isinstance(found, dict):
        raise Damaged(f"{what} is no object")
    return found


def parse(face_id: str) -> tuple[int, Box] | None:
    """The file and where on it; None for an id of another form."""
    parts = face_id.split("_")
    if len(parts) != 5 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    left, top, right, bottom = (float(f"0.{part}") for part in parts[1:])
    return (int(parts[0]), (left, top, right, bottom)) if left < right and top < bottom else None


__all__ = ["Face", "People", "Person"]
