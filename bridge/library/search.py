"""Questions about photos, answered from facts in memory: filters, pages, months of a timeline, places on a map, this day in other years.

What is hidden is in no answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from .facts import COLUMNS, Facts, Told

DAY = 86_400_000_000
EPOCH = date(1970, 1, 1)
NEWEST, OLDEST = "taken DESC, id DESC", "taken, id"


class Entry(Told, frozen=True, gc=False):
    """A photo as most answers show it: what is told of it, and what follows from its albums."""

    favourite: bool


_ENTRY = f"{', '.join(COLUMNS)}, favourite"


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry(*(*row[:-1], bool(row[-1])))


@dataclass(frozen=True)
class Wanted:
    """What photos must be, all of it; None and empty: whatever they are. Times in µs, from … to inclusive. Texts are found anywhere, without case.

    `exact`: columns and their value; "" means that there is none. `tags`: all of them, or tags below them. `text`: each word somewhere in name,
    description, place, camera or tags. `trash`: None: only what is not in it. `ids`: among these; `without`: and none of these.
    """

    text: str = ""
    title: str = ""
    caption: str = ""
    exact: dict[str, str] = field(default_factory=dict)
    kinds: tuple[int, ...] = ()
    times: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    ids: Sequence[int] | None = None
    without: Sequence[int] = ()
    rating: int | None = None
    unrated: bool = False
    tags: tuple[str, ...] = ()
    untagged: bool = False
    albums: tuple[int, ...] = ()
    persons: tuple[str, ...] = ()
    favourite: bool | None = None
    archived: bool | None = None
    in_album: bool | None = None
    located: bool | None = None
    box: tuple[float, float, float, float] | None = None
    sha1: bytes | None = None
    stack: str = ""
    owner: int | None = None
    trash: bool | None = None
    any_trash: bool = False
    with_hidden: bool = False
    """For the owner's own commands; no tool is answered with it."""

    def where(self) -> tuple[str, list[Any]]:
        """A condition on `photos` and its values."""
        made = _Where()
        if not self.with_hidden:
            made("hidden = 0")
        if not self.any_trash:
            made("trashed IS NOT NULL" if self.trash else "trashed IS NULL")
        made.flag("favourite", self.favourite)
        if self.archived is not None:
            made("visibility = 1" if self.archived else "visibility = 0")
        made.equal("owner", self.owner)
        made.equal("sha1", self.sha1)
        made.equal("rating", self.rating)
        made.equal("stack", self.stack or None)
        if self.unrated:
            made("rating IS NULL")
        if self.kinds:
            made(f"kind IN ({_marks(self.kinds)})", *self.kinds)
        for column, (first, last) in self.times.items():
            made.span(_known(column), first, last)
        for column, value in self.exact.items():
            name = _known(column)
            if value:
                made(f"{name} = ? COLLATE NOCASE", value)
            else:
                made(f"coalesce({name}, '') = ''")
        made.like("title", self.title)
        made.like("caption", self.caption)
        for word in self.text.split():
            made.anywhere(word)
        self._beside(made)
        return made.done()

    def _beside(self, made: _Where) -> None:
        for album_id in self.albums:
            made("id IN (SELECT photo_id FROM places WHERE album_id = ?)", album_id)
        for tag in self.tags:
            made("id IN (SELECT photo_id FROM tags WHERE tag = ? OR tag >= ? AND tag < ?)", tag, f"{tag}/", f"{tag}0")
        if self.untagged:
            made("NOT EXISTS (SELECT 1 FROM tags WHERE photo_id = photos.id)")
        for person in self.persons:
            made("id IN (SELECT photo_id FROM persons WHERE person = ?)", person)
        if self.in_album is not None:
            inside = "id IN (SELECT photo_id FROM places WHERE album_id IN (SELECT id FROM albums WHERE NOT loose AND NOT favourites))"
            made(inside if self.in_album else f"NOT {inside}")
        if self.located is not None:
            made("lat IS NOT NULL" if self.located else "lat IS NULL")
        if self.box is not None:
            west, south, east, north = self.box
            made("lat BETWEEN ? AND ?", south, north)
            made("long BETWEEN ? AND ?" if west <= east else "(long >= ? OR long <= ?)", west, east)
        if self.ids is not None:
            made("id IN (SELECT value FROM json_each(?))", msgspec.json.encode(list(self.ids)).decode())
        if self.without:
            made("id NOT IN (SELECT value FROM json_each(?))", msgspec.json.encode(list(self.without)).decode())


class _Where:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._values: list[Any] = []

    def __call__(self, part: str, *values: Any) -> None:
        self._parts.append(part)
        self._values += values

    def done(self) -> tuple[str, list[Any]]:
        return " AND ".join(self._parts), self._values

    def equal(self, column: str, value: object) -> None:
        if value is not None:
            self(f"{column} = ?", value)

    def flag(self, column: str, value: bool | None) -> None:
        if value is not None:
            self(column if value else f"NOT {column}")

    def span(self, column: str, first: int | None, last: int | None) -> None:
        if first is not None:
            self(f"{column} >= ?", first)
        if last is not None:
            self(f"{column} <= ?", last)

    def like(self, column: str, text: str) -> None:
        if text:
            self(*_like(column, text))

    def anywhere(self, word: str) -> None:
        parts, values = [], []
        for column in ("title", "caption", "city", "state", "country", "make", "model", "lens"):
            part, value = _like(column, word)
            parts.append(part)
            values.append(value)
        tag, value = _like("tag", word)
        self(f"({' OR '.join(parts)} OR id IN (SELECT photo_id FROM tags WHERE {tag}))", *values, value)


def _like(column: str, text: str) -> tuple[str, str]:
    """SQLite's own LIKE tells only letters of English apart from their capitals."""
    pattern = "".join(f"\\{c}" if c in "\\%_" else c for c in text)
    if text.isascii():
        return f"{column} LIKE ? ESCAPE '\\'", f"%{pattern}%"
    return f"folded({column}) LIKE ? ESCAPE '\\'", f"%{pattern.casefold()}%"


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _known(column: str) -> str:
    if column not in COLUMNS:
        raise ValueError(f"no column {column}")
    return column


class Search:
    """Over the facts of a library."""

    def __init__(self, facts: Facts) -> None:
        self._db: sqlite3.Connection = facts.db

    def entries(self, wanted: Wanted, *, order: str = NEWEST, limit: int = -1, offset: int = 0) -> list[Entry]:
        where, values = wanted.where()
        statement = f"SELECT {_ENTRY} FROM photos WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return [_entry(row) for row in self._db.execute(statement, (*values, limit, offset))]

    def ids(self, wanted: Wanted, *, order: str = NEWEST, limit: int = -1, offset: int = 0) -> list[int]:
        where, values = wanted.where()
        statement = f"SELECT id FROM photos WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return [n for (n,) in self._db.execute(statement, (*values, limit, offset))]

    def titles(self, wanted: Wanted) -> list[tuple[int, str]]:
        """(photo, its name), in no order that means anything."""
        where, values = wanted.where()
        return self._db.execute(f"SELECT id, title FROM photos WHERE {where} ORDER BY id", values).fetchall()

    def entry(self, photo_id: int, *, trash: bool = False, with_hidden: bool = False) -> Entry | None:
        """One photo; `trash`: also one in the trash."""
        statement = f"SELECT {_ENTRY} FROM photos WHERE id = ?{'' if trash else ' AND trashed IS NULL'}{'' if with_hidden else ' AND hidden = 0'}"
        row = self._db.execute(statement, (photo_id,)).fetchone()
        return _entry(row) if row else None

    def random(self, wanted: Wanted, limit: int) -> list[Entry]:
        where, values = wanted.where()
        statement = f"SELECT {_ENTRY} FROM photos WHERE id IN (SELECT id FROM photos WHERE {where} ORDER BY random() LIMIT ?) ORDER BY random()"
        return [_entry(row) for row in self._db.execute(statement, (*values, limit))]

    def count(self, wanted: Wanted) -> int:
        where, values = wanted.where()
        return int(self._db.execute(f"SELECT count(*) FROM photos WHERE {where}", values).fetchone()[0])

    def count_kinds(self, wanted: Wanted) -> dict[int, int]:
        where, values = wanted.where()
        return dict(self._db.execute(f"SELECT kind, count(*) FROM photos WHERE {where} GROUP BY kind", values))

    def tags_of(self, photo_ids: Iterable[int]) -> dict[int, list[str]]:
        """Only of those that have some."""
        statement = "SELECT photo_id, tag FROM tags WHERE photo_id IN (SELECT value FROM json_each(?)) ORDER BY tag"
        found: dict[int, list[str]] = {}
        for photo_id, tag in self._db.execute(statement, (msgspec.json.encode(list(photo_ids)).decode(),)):
            found.setdefault(photo_id, []).append(tag)
        return found

    def persons_of(self, photo_ids: Iterable[int]) -> dict[int, list[str]]:
        statement = "SELECT photo_id, person FROM persons WHERE photo_id IN (SELECT value FROM json_each(?)) ORDER BY person"
        found: dict[int, list[str]] = {}
        for photo_id, person in self._db.execute(statement, (msgspec.json.encode(list(photo_ids)).decode(),)):
            found.setdefault(photo_id, []).append(person)
        return found

    def all_tags(self) -> list[str]:
        statement = "SELECT DISTINCT tag FROM tags JOIN photos ON id = photo_id WHERE hidden = 0 AND trashed IS NULL ORDER BY tag"
        return [tag for (tag,) in self._db.execute(statement)]

    def stacks(self, stack_ids: Iterable[str]) -> dict[str, int]:
        """Stack → how many photos it has; only of these."""
        statement = (
            "SELECT stack, count(*) FROM photos WHERE stack IN (SELECT value FROM json_each(?)) AND hidden = 0 AND trashed IS NULL GROUP BY stack"
        )
        return dict(self._db.execute(statement, (msgspec.json.encode(list(stack_ids)).decode(),)))

    def distinct(self, column: str, wanted: Wanted | None = None) -> list[str]:
        """Values of a text column that there are, in order."""
        where, values = (wanted or Wanted()).where()
        name = _known(column)
        return [v for (v,) in self._db.execute(f"SELECT DISTINCT {name} FROM photos WHERE {where} AND {name} != '' ORDER BY 1", values)]

    # -- time and space ---------------------------------------------------------------------------

    def months(self, wanted: Wanted, column: str = "local") -> list[tuple[date, int]]:
        """The first day of each month that has photos, by the clock on the wall, newest first; and how many. `column`: another time to go by."""
        where, values = wanted.where()
        name = _known(column)
        statement = f"SELECT {name} / {DAY} - ({name} % {DAY} < 0) AS day, count(*) FROM photos WHERE {where} GROUP BY day"
        found: dict[date, int] = {}
        for day, count in self._db.execute(statement, values):
            month = _day(day).replace(day=1)
            found[month] = found.get(month, 0) + count
        return sorted(found.items(), reverse=True)

    def first_of_each(self, column: str, wanted: Wanted, limit: int = -1) -> list[Entry]:
        """For each value of a text column the latest photo that has it, in the values' order."""
        where, values = wanted.where()
        name = _known(column)
        chosen = f"SELECT id, {name} AS value, max(taken) FROM photos WHERE {where} AND {name} != '' GROUP BY value ORDER BY value LIMIT ?"
        found = [number for number, _, _ in self._db.execute(chosen, (*values, limit))]
        by_id = {entry.id: entry for entry in self.entries(Wanted(ids=found, any_trash=True))}
        return [by_id[number] for number in found if number in by_id]

    def span(self, wanted: Wanted) -> tuple[int, int] | None:
        """The first and the last moment, by the clock on the wall."""
        where, values = wanted.where()
        first, last = self._db.execute(f"SELECT min(local), max(local) FROM photos WHERE {where}", values).fetchone()
        return None if first is None else (first, last)

    def this_day(self, day: date, wanted: Wanted) -> list[tuple[int, list[Entry]]]:
        """(year, photos of this day in it), for every earlier year that has some, latest year first."""
        where, values = wanted.where()
        oldest = self._db.execute("SELECT min(local) FROM photos").fetchone()[0]
        found = []
        for year in range(day.year - 1, (_day(oldest // DAY).year if oldest is not None else day.year) - 1, -1):
            try:
                first = (day.replace(year=year) - EPOCH).days * DAY
            except ValueError:
                continue  # the 29th of February
            statement = f"SELECT {_ENTRY} FROM photos WHERE local >= ? AND local < ? AND {where} ORDER BY local, id"
            if entries := [_entry(row) for row in self._db.execute(statement, (first, first + DAY, *values))]:
                found.append((year, entries))
        return found


def month_span(month: date) -> tuple[int, int]:
    """First and last µs of a month, for `Wanted.times["local"]`."""
    after = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return (month.replace(day=1) - EPOCH).days * DAY, (after - EPOCH).days * DAY - 1


def _day(number: int) -> date:
    """Days before year 1 and after 9999 are the first and the last there is."""
    return EPOCH + timedelta(days=min(max(number, (date.min - EPOCH).days), (date.max - EPOCH).days))


def moment(micros: int) -> datetime:
    """UTC; times that no calendar has become its first or last."""
    lowest, highest = (date(1, 1, 2) - EPOCH).days * DAY, (date(9999, 12, 31) - EPOCH).days * DAY
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=min(max(micros, lowest), highest))


__all__ = ["NEWEST", "OLDEST", "Entry", "Search", "Wanted", "moment", "month_span"]
