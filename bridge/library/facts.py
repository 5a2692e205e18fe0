"""What is asked about photos most often, opened once: small facts in an SQLite database in memory, filled from sealed rows of the index.

A fact is kept sealed beside the row it was read from (`Index`), so a start opens one small box a file instead of its keys and three metadata blobs.
Nothing in the clear is on the disk.
"""

from __future__ import annotations

import hashlib
import math
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ..client import stream
from ..client.errors import Damaged
from ..client.shapes import HIDDEN, VISIBLE, Album, File
from . import places
from .identity import canonical
from .index import TRASH

BRIDGE = "brg"
"""The one key of private magic metadata that is the bridge's."""

COMPANIONS = ("hothash", "made", "undated", "author", "user", "files", "next")
"""Keys in it of what ImaLink's clients say."""

BATCH = 20_000
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_TABLES = """
CREATE TABLE albums (id INTEGER PRIMARY KEY, hidden INTEGER NOT NULL, favourites INTEGER NOT NULL, loose INTEGER NOT NULL);
CREATE TABLE photos (
  id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, kind INTEGER NOT NULL, taken INTEGER NOT NULL, local INTEGER NOT NULL, modified INTEGER NOT NULL,
  updated INTEGER NOT NULL, visibility INTEGER NOT NULL, title TEXT NOT NULL, caption TEXT NOT NULL, make TEXT NOT NULL, model TEXT NOT NULL,
  lens TEXT NOT NULL, lat REAL, long REAL, city TEXT, state TEXT, country TEXT, width INTEGER NOT NULL, height INTEGER NOT NULL,
  duration INTEGER NOT NULL, size INTEGER NOT NULL, sha1 BLOB, uuid TEXT, rating INTEGER, stack TEXT, header BLOB NOT NULL, added INTEGER NOT NULL,
  offset INTEGER, first INTEGER NOT NULL, video TEXT,
  trashed INTEGER, said INTEGER NOT NULL, hidden INTEGER NOT NULL DEFAULT 0, favourite INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE places (album_id INTEGER NOT NULL, photo_id INTEGER NOT NULL, PRIMARY KEY (album_id, photo_id)) WITHOUT ROWID;
CREATE TABLE hashes (hash BLOB NOT NULL, photo_id INTEGER NOT NULL, PRIMARY KEY (hash, photo_id)) WITHOUT ROWID;
CREATE TABLE tags (tag TEXT NOT NULL, photo_id INTEGER NOT NULL, PRIMARY KEY (tag, photo_id)) WITHOUT ROWID;
CREATE TABLE damaged (photo_id INTEGER NOT NULL, album_id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (photo_id, album_id)) WITHOUT ROWID;
CREATE TABLE persons (person TEXT NOT NULL, photo_id INTEGER NOT NULL, PRIMARY KEY (person, photo_id)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX photos_by_taken ON photos (taken, id, hidden, trashed, visibility, owner, favourite);
CREATE INDEX photos_by_local ON photos (local, hidden, trashed, visibility, owner);
CREATE INDEX photos_by_sha1 ON photos (sha1) WHERE sha1 IS NOT NULL;
CREATE INDEX photos_by_uuid ON photos (uuid) WHERE uuid IS NOT NULL;
CREATE INDEX photos_by_video ON photos (video) WHERE video IS NOT NULL;
CREATE INDEX photos_by_stack ON photos (stack) WHERE stack IS NOT NULL;
CREATE INDEX photos_in_trash ON photos (trashed) WHERE trashed IS NOT NULL;
CREATE INDEX places_by_photo ON places (photo_id);
CREATE INDEX hashes_by_photo ON hashes (photo_id);
CREATE INDEX tags_by_photo ON tags (photo_id);
CREATE INDEX persons_by_photo ON persons (photo_id);
"""


class Told(msgspec.Struct, frozen=True, gc=False):
    """Times in µs since 1970 UTC; `local`: what the clock on the wall showed, as if it were UTC; `offset`: the minutes it was ahead, where somebody
    said so. `size`: plain bytes, 0 unknown. `duration` in ms. `first`: it stands for its stack. `video`: the id a live photo's video was uploaded
    with. `header` tells contents of one file apart (6 bytes). `said`: a client of ImaLink has said something about it (`companions`).
    """

    id: int
    owner: int
    kind: int
    taken: int
    local: int
    modified: int
    updated: int
    visibility: int
    title: str
    caption: str
    make: str
    model: str
    lens: str
    lat: float | None
    long: float | None
    city: str | None
    state: str | None
    country: str | None
    width: int
    height: int
    duration: int
    size: int
    sha1: bytes | None
    uuid: str | None
    rating: int | None
    stack: str | None
    header: bytes
    added: int
    offset: int | None
    first: bool
    video: str | None
    trashed: int | None
    said: bool


class Fact(Told, array_like=True, frozen=True, gc=False):
    """What is kept of a photo. `hashes`: 16 bytes of each of `File.hash`, its image's and its video's."""

    tags: list[str]
    hashes: list[bytes]


COLUMNS = Told.__struct_fields__
_INSERT = f"INSERT INTO photos ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_UPSERT = (
    f"{_INSERT} ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[1:])} "
    "WHERE excluded.updated >= photos.updated OR excluded.trashed IS NOT photos.trashed"
)


def fact_of(file: File, *, added: int = 0, trashed: int | None = None) -> Fact:
    """Everything in it is checked for its type: other clients wrote it."""
    public, private, metadata = file.public.values, file.private.values, file.metadata
    own = private.get(BRIDGE)
    own = own if isinstance(own, dict) else {}
    place = file.place
    city, state, country = places.name_of(place) if place else (None, None, None)
    tags = own.get("tags")
    return Fact(
        id=file.id, owner=file.owner_id, kind=file.kind, taken=file.taken, local=local_time(file), modified=file.modified, updated=file.updated,
        visibility=_int(private.get("visibility"), VISIBLE), title=file.title, caption=file.caption,
        make=_text(public.get("cameraMake")), model=_text(public.get("cameraModel")), lens=_text(public.get("lensModel")),
        lat=place[0] if place else None, long=place[1] if place else None, city=city, state=state, country=country,
        width=_int(public.get("w")), height=_int(public.get("h")), duration=_duration(metadata.get("duration")), size=_size(file.content_size),
        sha1=_sha1(own.get("sha1")), uuid=canonical(_text(own.get("id"))), rating=_rating(own.get("rating")), stack=_text(own.get("stack")) or None,
        header=file.content_header[:6], offset=offset_minutes(public.get("offsetTime")), first=own.get("first") is True,
        video=canonical(_text(own.get("video"))), added=added or _int(metadata.get("creationTime")), trashed=trashed,
        said=any(own.get(name) for name in COMPANIONS),
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        hashes=hash_keys(file.hash) + (hash_keys(video_key(own["videoSha1"])) if isinstance(own.get("videoSha1"), str) and own["videoSha1"] else []),
    )  # fmt: skip


def local_time(file: File) -> int:
    """What the clock on the wall showed: `dateTime` where an app wrote it, else the moment with its offset, else UTC."""
    text = file.public.values.get("dateTime")
    if isinstance(text, str):
        for written in (text, text[:19]):
            try:
                return (datetime.fromisoformat(written).replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
            except ValueError:
                continue
    return file.taken + (offset_minutes(file.public.values.get("offsetTime")) or 0) * 60_000_000


def offset_minutes(text: object) -> int | None:
    """Of "+02:00"."""
    if not isinstance(text, str) or not (match := re.fullmatch(r"([+-])([01]\d):?([0-5]\d)", text)):
        return None
    return (int(match[2]) * 60 + int(match[3])) * (1 if match[1] == "+" else -1)


def hash_keys(content_hash: str) -> list[bytes]:
    """Keys under which a content is found: the whole, and of a live photo each half."""
    if not content_hash:
        return []
    halves = content_hash.split(":") if ":" in content_hash else []
    return [hashlib.blake2b(part.encode(), digest_size=16).digest() for part in (content_hash, *halves) if part]


def video_key(sha1: str) -> str:
    """In the place of a content's hash: what the video of a live photo that was joined here is found by."""
    return f"sha1 {sha1}"


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _int(value: object, default: int = 0) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) and abs(value) < 2**62 else default


def _duration(value: object) -> int:
    """Seconds, as Ente's clients write them, in ms."""
    return int(value * 1000) if isinstance(value, int | float) and 0 < value < 2**31 else 0


def _sha1(value: object) -> bytes | None:
    try:
        found = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return None
    return found if len(found) == 20 else None


def _rating(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value else None


def _size(sealed: int) -> int:
    try:
        return stream.plain_size(sealed) if sealed > 0 else 0
    except Damaged:
        return 0


def _together(rows: Iterable[tuple[int, Fact]]) -> Iterator[tuple[Fact, list[int]]]:
    """The newest fact of each file, and the albums it is in."""
    newest: Fact | None = None
    albums: list[int] = []
    for album_id, fact in rows:
        if newest is not None and fact.id != newest.id:
            yield newest, albums
            newest, albums = None, []
        if newest is None or fact.updated > newest.updated or newest.trashed is not None:
            newest = fact
        if album_id != TRASH:
            albums.append(album_id)
    if newest is not None:
        yield newest, albums


class Facts:
    """The database in memory. Everything is answered from it but the metadata that only details show."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.db.executescript(_TABLES)
        self.db.create_function("folded", 1, lambda text: text.casefold() if text else "", deterministic=True)

    def close(self) -> None:
        self.db.close()

    def dump(self) -> bytes:
        return self.db.serialize()

    def restore(self, dumped: bytes) -> bool:
        """What `dump` gave, as nobody else can have changed it, instead of everything that is here but the albums."""
        if not dumped.startswith(b"SQLite format 3\0"):
            return False
        albums = self.db.execute("SELECT * FROM albums").fetchall()
        self.db.deserialize(dumped)
        with self._changes():
            self.db.execute("DELETE FROM albums")
            self.db.executemany("INSERT INTO albums VALUES (?, ?, ?, ?)", albums)
        return True

    def load(self, rows: Iterable[tuple[int, Fact]]) -> None:
        """At the start, all at once: (album or TRASH, fact), those of one file together; the albums are there."""
        hidden, favourites = ({n for (n,) in self.db.execute(f"SELECT id FROM albums WHERE {flag}")} for flag in ("hidden", "favourites"))
        beside: dict[str, list[tuple[Any, int]]] = {"hashes": [], "tags": [], "places": []}

        def photos() -> Iterator[tuple[Any, ...]]:
            for fact, albums in _together(rows):
                number = fact.id
                beside["hashes"] += [(key, number) for key in fact.hashes]
                beside["places"] += [(album_id, number) for album_id in albums]
                if fact.tags:
                    beside["tags"] += [(tag, number) for tag in fact.tags]
                away = fact.visibility == HIDDEN or not hidden.isdisjoint(albums)
                yield (*msgspec.structs.astuple(fact)[:-2], away, not favourites.isdisjoint(albums))
                if len(beside["places"]) > BATCH:
                    self._beside(beside)

        with self._changes():
            self.db.executemany(f"INSERT INTO photos VALUES ({', '.join('?' * (len(COLUMNS) + 2))})", photos())
            self._beside(beside)
        self.db.executescript(_INDEXES)

    def _beside(self, rows: dict[str, list[tuple[Any, int]]]) -> None:
        for table, values in rows.items():
            self.db.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", sorted(values))
            values.clear()

    @contextmanager
    def _changes(self) -> Iterator[None]:
        self.db.execute("BEGIN")
        try:
            yield
        finally:
            self.db.execute("COMMIT")

    def add(self, album_id: int, fact: Fact) -> None:
        """A fact that is new or changed; an older one of the same file does not undo it."""
        db = self.db
        known = db.execute("SELECT updated, trashed FROM photos WHERE id = ?", (fact.id,)).fetchone()
        if known is None or known[0] <= fact.updated or known[1] is not None:
            db.execute(_UPSERT, msgspec.structs.astuple(fact)[:-2])
            for table in ("hashes", "tags"):
                db.execute(f"DELETE FROM {table} WHERE photo_id = ?", (fact.id,))
            self._beside({"hashes": [(key, fact.id) for key in fact.hashes], "tags": [(tag, fact.id) for tag in fact.tags]})
        if album_id != TRASH:
            db.execute("INSERT OR IGNORE INTO places VALUES (?, ?)", (album_id, fact.id))

    def drop(self, photo_id: int, album_id: int) -> None:
        """Out of this album; with its last place a photo is gone."""
        self.db.execute("DELETE FROM places WHERE photo_id = ? AND album_id = ?", (photo_id, album_id))
        self._forget("id = ? AND trashed IS NULL AND NOT EXISTS (SELECT 1 FROM places WHERE photo_id = photos.id)", (photo_id,))

    def drop_trashed(self, photo_id: int) -> None:
        self._forget("id = ? AND trashed IS NOT NULL", (photo_id,))

    def drop_album(self, album_id: int) -> None:
        self.db.execute("DELETE FROM albums WHERE id = ?", (album_id,))
        for photo_id in self.in_album(album_id):
            self.drop(photo_id, album_id)

    def _forget(self, where: str, values: tuple[Any, ...]) -> None:
        for (photo_id,) in self.db.execute(f"DELETE FROM photos WHERE {where} RETURNING id", values).fetchall():
            for table in ("hashes", "tags", "persons", "places"):
                self.db.execute(f"DELETE FROM {table} WHERE photo_id = ?", (photo_id,))

    def album(self, album: Album, own: bool) -> None:
        row = (album.id, album.hidden, own and album.kind == "favorites", album.kind == "uncategorized")
        self.db.execute("REPLACE INTO albums VALUES (?, ?, ?, ?)", row)

    def settle(self, photo_ids: Sequence[int] | None = None) -> None:
        """What follows from albums: favourites, and what is hidden; of these photos, or of all after an album changed."""
        statement = """
            UPDATE photos SET
              hidden = visibility = ? OR id IN (SELECT photo_id FROM places WHERE album_id IN (SELECT id FROM albums WHERE hidden)),
              favourite = id IN (SELECT photo_id FROM places WHERE album_id IN (SELECT id FROM albums WHERE favourites))"""
        if photo_ids is None:
            self.db.execute(statement, (HIDDEN,))
        else:
            with self._changes():
                self.db.executemany(f"{statement} WHERE id = ?", [(HIDDEN, photo_id) for photo_id in photo_ids])

    def set_persons(self, rows: Iterable[tuple[str, int]]) -> None:
        """Person → photo, all of them anew."""
        with self._changes():
            self.db.execute("DELETE FROM persons")
            self.db.executemany("INSERT OR IGNORE INTO persons VALUES (?, ?)", rows)

    def note_damage(self, photo_id: int, album_id: int, text: str) -> None:
        """Why a row does not open; empty: it does."""
        self.db.execute("DELETE FROM damaged WHERE photo_id = ? AND album_id = ?", (photo_id, album_id))
        if text:
            self.db.execute("INSERT INTO damaged VALUES (?, ?, ?)", (photo_id, album_id, text))

    def damaged(self) -> list[str]:
        return [text for (text,) in self.db.execute("SELECT DISTINCT text FROM damaged")]

    # -- look-ups ---------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self.db.execute("SELECT count(*) FROM photos WHERE trashed IS NULL").fetchone()[0])

    def __iter__(self) -> Iterator[int]:
        return iter([n for (n,) in self.db.execute("SELECT id FROM photos WHERE trashed IS NULL ORDER BY id")])

    def __contains__(self, photo_id: object) -> bool:
        return self.db.execute("SELECT 1 FROM photos WHERE id = ? AND trashed IS NULL", (photo_id,)).fetchone() is not None

    def trashed_ids(self) -> list[int]:
        return [n for (n,) in self.db.execute("SELECT id FROM photos WHERE trashed IS NOT NULL ORDER BY id")]

    def shown(self, photo_ids: Sequence[int]) -> set[int]:
        """Those of these that are there, not hidden and not in the trash."""
        statement = "SELECT id FROM photos WHERE id IN (SELECT value FROM json_each(?)) AND hidden = 0 AND trashed IS NULL"
        return {n for (n,) in self.db.execute(statement, (msgspec.json.encode(list(photo_ids)).decode(),))}

    def is_shown(self, photo_id: int) -> bool:
        return self.db.execute("SELECT 1 FROM photos WHERE id = ? AND hidden = 0", (photo_id,)).fetchone() is not None

    def by_video(self, video: str) -> int | None:
        """The live photo whose video was uploaded with this id."""
        return self._one("SELECT min(id) FROM photos WHERE video = ? AND trashed IS NULL", (video,))

    def in_album(self, album_id: int) -> list[int]:
        """Oldest first."""
        statement = "SELECT id FROM photos JOIN places ON photo_id = id WHERE album_id = ? ORDER BY taken, id"
        return [n for (n,) in self.db.execute(statement, (album_id,))]

    def count_in(self, album_id: int) -> int:
        return int(self.db.execute("SELECT count(*) FROM places WHERE album_id = ?", (album_id,)).fetchone()[0])

    def albums_of(self, photo_id: int) -> list[int]:
        return [n for (n,) in self.db.execute("SELECT album_id FROM places WHERE photo_id = ? ORDER BY album_id", (photo_id,))]

    def by_hash(self, content_hash: str, owner: int) -> int | None:
        keys = hash_keys(content_hash)[:1]
        statement = "SELECT min(id) FROM photos JOIN hashes ON photo_id = id WHERE hash = ? AND owner = ? AND trashed IS NULL"
        return self._one(statement, (*keys, owner)) if keys else None

    def by_sha1(self, sha1: str, owner: int, *, trashed: bool = False) -> int | None:
        found = _sha1(sha1)
        state = "NOT NULL" if trashed else "NULL"
        return self._one(f"SELECT min(id) FROM photos WHERE sha1 = ? AND owner = ? AND trashed IS {state}", (found, owner)) if found else None

    def by_uuid(self, uuid: str) -> int | None:
        """The photo that was given this id when it was uploaded, in the trash or not."""
        return self._one("SELECT min(id) FROM photos WHERE uuid = ?", (uuid,))

    def _one(self, statement: str, values: tuple[Any, ...]) -> int | None:
        found = self.db.execute(statement, values).fetchone()
        return int(found[0]) if found and found[0] else None


__all__ = ["BRIDGE", "COLUMNS", "TRASH", "Fact", "Facts", "fact_of"]
