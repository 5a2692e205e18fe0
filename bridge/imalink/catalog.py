"""The library as ImaLink sees it: photos by hothash, each with its image files. What a registered user made is that user's alone; everything else in
the account is its owner's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from ..client.errors import Damaged
from ..client.shapes import IMAGE, LIVE_PHOTO
from ..client.stream import plain_size
from ..library import companions, likeness, media, records
from ..library.companions import FileNote
from ..library.library import Library, Photo
from ..library.noted import noted
from ..library.one import OneAtATime
from ..library.search import Entry, Wanted
from ..serving.problems import Problem
from . import stacks, wire

AUTHORS, IMPORTS = "authors", "imports"
_RAW = """3fr ari arw cap cin cr2 cr3 crw dcr dng erf fff iiq k25 kdc mrw nef nrw orf ori pef raf raw rw2 rwl sr2 srf srw x3f"""
RAW = frozenset("." + name for name in _RAW.split())
_KINDS = {".jpg": "jpeg", ".jpe": "jpeg", ".jpeg": "jpeg", ".tif": "tiff", ".tiff": "tiff", ".heif": "heic", ".hif": "heic"}


@dataclass(frozen=True)
class Seen:
    """What finds and orders a photo. Times in µs; `taken` None: nobody said."""

    id: int
    hothash: str
    user: int
    taken: int | None
    made: int
    updated: int
    rating: int
    author: int | None
    gps: bool
    raw: bool
    stack: str
    files: tuple[int, ...]
    likeness: int | None
    said: bool


class Catalog:
    """Made anew where the library has changed, of facts: only photos about which a client of ImaLink said something are opened.
    `likeness`: of thumbnails that were read, by photo, each with the photo's time of change."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.alone = OneAtATime()
        self.likeness: dict[int, tuple[int, int | None]] = {}
        self._records: dict[str, dict[int, records.Record]] = {}
        self._version = -1
        self._seen: dict[int, Seen] = {}
        self._stamps: dict[int, int] = {}
        self._by_user: dict[int, list[Seen]] = {}
        self._by_hothash: dict[tuple[int, str], int] = {}

    # -- finding ----------------------------------------------------------------------------------

    def of(self, user: int) -> list[Seen]:
        """A user's photos, newest first."""
        self._refresh()
        return self._by_user.get(user, [])

    def id_of(self, user: int, hothash: str) -> int | None:
        self._refresh()
        return self._by_hothash.get((user, hothash))

    def photo(self, user: int, hothash: str) -> Photo:
        found = self.id_of(user, hothash)
        if found is None:
            raise Problem(404, f"Photo {hothash[:80]} not found")
        return self.library.photos[found]

    def image(self, user: int, image_id: int) -> tuple[Photo, FileNote]:
        """A photo and one of its files."""
        self._refresh()
        photo_id, number = companions.parts_of(image_id)
        seen = self._seen.get(photo_id)
        if seen is not None and seen.user == user:
            photo = self.library.photos[photo_id]
            for note in companions.files_of(photo.own):
                if note.n == number:
                    return photo, note
        raise Problem(404, f"ImageFile {image_id} not found")

    def likeness_of(self, seen: Seen) -> tuple[bool, int | None]:
        """Whether it is known, and it."""
        if seen.likeness is not None:
            return True, seen.likeness
        updated, bits = self.likeness.get(seen.id, (-1, None))
        return updated == seen.updated, bits

    def records(self, section: str) -> dict[int, records.Record]:
        self._refresh()
        if section not in self._records:
            self._records[section] = records.read(self.library, section)
        return self._records[section]

    def seen(self, photo: Photo) -> Seen:
        self._refresh()
        return self._seen[photo.file.id]

    def _refresh(self) -> None:
        if self._version == self.library.version:
            return
        version, old, stamps = self.library.version, self._seen, self._stamps
        self._seen, self._stamps = {}, {}
        for entry in self.library.search.entries(Wanted(owner=self.library.keys.user_id, kinds=(IMAGE, LIVE_PHOTO))):
            known = stamps.get(entry.id) == entry.updated
            self._seen[entry.id] = old[entry.id] if known else self._look(entry.id) if entry.said else self._plain(entry)
            self._stamps[entry.id] = entry.updated
        self._by_user, self._by_hothash, self._records = {}, {}, {}
        for seen in sorted(self._seen.values(), key=lambda s: (s.taken is not None, s.taken or 0, s.made, s.id), reverse=True):
            self._by_user.setdefault(seen.user, []).append(seen)
            self._by_hothash[seen.user, seen.hothash] = seen.id  # of two with one hash the older one counts
        self._version = version

    def _plain(self, entry: Entry) -> Seen:
        """A photo that Ente's apps or another face brought, without opening it."""
        return Seen(
            id=entry.id,
            hothash=self._derived(entry.id),
            user=companions.OWNER,
            taken=entry.taken or None,
            made=entry.modified or entry.updated,
            updated=entry.updated,
            rating=max(entry.rating or 0, 0),
            author=None,
            gps=entry.lat is not None,
            raw=PurePath(entry.title).suffix.lower() in RAW,
            stack=entry.stack or "",
            files=(0,),
            likeness=None,
            said=False,
        )

    def _look(self, number: int) -> Seen:
        photo = self.library.photos[number]
        file, own = photo.file, photo.own
        files = companions.files_of(own)
        hothash = own.get("hothash")
        author = own.get("author")
        return Seen(
            id=number,
            hothash=hothash if isinstance(hothash, str) else self._derived(number),
            user=companions.user_of(photo),
            taken=self._taken(photo),
            made=self._made(photo),
            updated=max(file.updated, *(note.changed for note in files)),
            rating=max(noted(photo).rating or 0, 0),
            author=author if isinstance(author, int) and author > 0 else None,
            gps=file.place is not None,
            raw=any(PurePath(name or "").suffix.lower() in RAW for name in (file.title, *(note.name for note in files))),
            stack=noted(photo).stack,
            files=tuple(note.n for note in files),
            likeness=likeness.from_hex(files[0].likeness or ""),
            said=True,
        )

    def _derived(self, number: int) -> str:
        """The hash of a photo that no client of ImaLink made: always the same, and no other's."""
        return hashlib.sha256(f"{self.library.keys.user_id}/{number}".encode()).hexdigest()

    @staticmethod
    def _made(photo: Photo) -> int:
        made = photo.own.get("made")
        return made if isinstance(made, int) else photo.file.modified or photo.file.updated

    @staticmethod
    def _taken(photo: Photo) -> int | None:
        return None if photo.own.get("undated") else photo.file.taken or None

    # -- answering --------------------------------------------------------------------------------

    def listed(self, photo: Photo) -> dict[str, Any]:
        """A photo in a list."""
        seen, file = self.seen(photo), photo.file
        first = companions.files_of(photo.own)[0]
        lat, long = file.place or (None, None)
        return {
            "hothash": seen.hothash,
            "width": first.w or _pixels(file.public.values.get("w")),
            "height": first.h or _pixels(file.public.values.get("h")),
            "taken_at": wire.time_of(seen.taken),
            "gps_latitude": lat,
            "gps_longitude": long,
            "rating": seen.rating,
            "author_id": seen.author if seen.author in self.records(AUTHORS) else None,
            "stack_id": stacks.number_of(self.library, seen.stack) if seen.stack else None,
            "created_at": wire.time_of(seen.made),
            "updated_at": wire.time_of(seen.updated),
        }

    def whole(self, photo: Photo) -> dict[str, Any]:
        """A photo by itself."""
        said = self.listed(photo)
        author = self.records(AUTHORS).get(said["author_id"] or 0)
        said["author"] = {"id": said["author_id"], "name": author.get("name"), "email": author.get("email")} if author else None
        said["image_files"] = [
            {name: value for name, value in self.file(photo, note).items() if name in ("id", "filename", "file_size", "file_type")}
            for note in companions.files_of(photo.own)
        ]
        return said

    def file(self, photo: Photo, note: FileNote) -> dict[str, Any]:
        """One of a photo's files. Of an original that is stored, what is not said is what the file itself tells."""
        seen, file = self.seen(photo), photo.file
        original = not note.n and not companions.preview(file)
        name = note.name or (file.title if original else "")
        lat, long = (note.lat, note.long) if note.lat is not None else (file.place or (None, None)) if original else (None, None)
        return {
            "id": companions.image_id(file.id, note.n),
            "filename": name,
            "file_size": note.size if note.size is not None else _content_size(photo) if original else None,
            "file_type": note.kind or kind_of(name),
            "width": note.w or (_pixels(file.public.values.get("w")) if original else None),
            "height": note.h or (_pixels(file.public.values.get("h")) if original else None),
            "photo_hothash": seen.hothash,
            "exif_dict": note.exif if note.exif is not None else _exif(photo) if original else None,
            "taken_at": wire.time_of(note.taken if note.taken is not None else seen.taken if original else None),
            "gps_latitude": lat,
            "gps_longitude": long,
            "perceptual_hash": note.likeness,
            "import_session_id": note.session,
            "created_at": wire.time_of(note.made or seen.made),
            "updated_at": wire.time_of(note.changed or note.made or seen.updated),
        }


def kind_of(name: str) -> str:
    """ImaLink's word for a file's format."""
    suffix = PurePath(name).suffix.lower()
    return "raw" if suffix in RAW else _KINDS.get(suffix) or (suffix[1:] if suffix in media.IMAGES else "unknown")


def _pixels(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _content_size(photo: Photo) -> int | None:
    try:
        return plain_size(photo.file.content_size) if photo.file.content_size else None
    except Damaged:
        return None


def _exif(photo: Photo) -> dict[str, Any] | None:
    values = photo.file.public.values
    names = {"Make": "cameraMake", "Model": "cameraModel", "DateTimeOriginal": "dateTime", "OffsetTimeOriginal": "offsetTime"}
    return {name: values[ours] for name, ours in names.items() if values.get(ours)} or None
