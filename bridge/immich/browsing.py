"""Other ways to browse: this day in other years, the map, folders (which are albums here)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from ..library.identity import Kind
from ..library.library import Library
from ..library.search import Entry, Wanted
from ..serving.problems import Problem
from . import present
from .shapes import Asset, Shape
from .times import micros


class Memory(Shape):
    """Photos of one day of an earlier year. It is made of the library as it is: nothing of it is kept, seen or put away."""

    id: str
    owner_id: str
    type: str
    data: dict[str, int]
    memory_at: str
    show_at: str
    hide_at: str
    created_at: str
    updated_at: str
    assets: list[Asset]
    is_saved: bool = False
    seen_at: str | None = None


class Marker(Shape):
    id: str
    lat: float
    lon: float
    city: str | None
    state: str | None
    country: str | None


Year = tuple[int, list[Entry]]


def years_of(
    library: NamedDependency[Library],
    day: Annotated[str | None, QueryParameter(name="for")] = None,
    kind: Annotated[Literal["on_this_day", "birthday"] | None, QueryParameter(name="type")] = None,
    is_saved: Annotated[bool | None, QueryParameter(name="isSaved")] = None,
    is_trashed: Annotated[bool | None, QueryParameter(name="isTrashed")] = None,
    memory_id: Annotated[str | None, QueryParameter(name="id")] = None,
    order: FromQuery[Literal["asc", "desc", "random"] | None] = None,
) -> tuple[date, list[Year]]:
    """The day that is asked for (today, UTC) and its years. No memory was ever saved or put into the trash, and no birthday is known."""
    try:
        on = date.fromisoformat(day[:10]) if day is not None else datetime.now(UTC).date()
    except ValueError:
        raise Problem(400, "for must be a date") from None
    if kind == "birthday" or is_saved or is_trashed:
        return on, []
    wanted = Wanted(owner=library.keys.user_id, archived=False, without=present.behind(library))
    found = library.search.this_day(on, wanted)
    if memory_id is not None:
        found = [one for one in found if _id(library, on, one[0]) == memory_id.lower()]
    return on, found[::-1] if order == "asc" else found


def _id(library: Library, on: date, year: int) -> str:
    return library.ids.of(Kind.MEMORY, on.toordinal() * 10_000 + year)


@get("/api/memories", permission="memory.read", sync_to_thread=False)
def memories(
    library: NamedDependency[Library],
    remembered: NamedDependency[tuple[date, list[Year]]],
    page: Annotated[int, QueryParameter(name="page", ge=1, le=2**53)] = 1,
    size: Annotated[int | None, QueryParameter(name="size", ge=1, le=2**53)] = None,
) -> list[Memory]:
    """The latest year first."""
    on, found = remembered
    some = found[(page - 1) * size : page * size] if size else found
    return [_memory(library, on, year, entries) for year, entries in some]


def _memory(library: Library, on: date, year: int, entries: list[Entry]) -> Memory:
    at, begins = f"{on.replace(year=year).isoformat()}T00:00:00.000Z", f"{on.isoformat()}T00:00:00.000Z"
    owner = library.ids.of(Kind.USER, library.keys.user_id)
    made = present.assets(library, entries)
    return Memory(_id(library, on, year), owner, "on_this_day", {"year": year}, at, begins, f"{on.isoformat()}T23:59:59.999Z", begins, begins, made)


@get("/api/memories/statistics", permission="memory.statistics", sync_to_thread=False)
def memory_statistics(remembered: NamedDependency[tuple[date, list[Year]]]) -> dict[str, int]:
    return {"total": len(remembered[1])}


@get("/api/map/markers", permission="map.read", sync_to_thread=False)
def markers(
    library: NamedDependency[Library],
    is_archived: Annotated[bool | None, QueryParameter(name="isArchived")] = None,
    is_favorite: Annotated[bool | None, QueryParameter(name="isFavorite")] = None,
    after: Annotated[str | None, QueryParameter(name="fileCreatedAfter")] = None,
    before: Annotated[str | None, QueryParameter(name="fileCreatedBefore")] = None,
    with_shared_albums: Annotated[bool | None, QueryParameter(name="withSharedAlbums")] = None,
) -> list[Marker]:
    """`isArchived`: also what is in the archive."""
    times: dict[str, Any] = {}
    if after is not None or before is not None:
        times["taken"] = (micros(after, "fileCreatedAfter") if after else None, micros(before, "fileCreatedBefore") if before else None)
    wanted = Wanted(
        owner=None if with_shared_albums else library.keys.user_id,
        located=True,
        archived=None if is_archived else False,
        favourite=is_favorite,
        times=times,
    )
    return [Marker(library.uuid_of_entry(e), e.lat or 0.0, e.long or 0.0, e.city, e.state, e.country) for e in library.search.entries(wanted)]


@get("/api/view/folder/unique-paths", permission="folder.read", sync_to_thread=False)
def folders(library: NamedDependency[Library]) -> list[str]:
    known = present.all_folders(library)
    return sorted({known.get(number, "/") for number in library.search.ids(Wanted(owner=library.keys.user_id, archived=False))})


@get("/api/view/folder", permission="folder.read", sync_to_thread=False)
def folder(library: NamedDependency[Library], path: FromQuery[str]) -> list[Asset]:
    """Photos whose folder this is, by name."""
    known, wanted = present.all_folders(library), "/" + path.strip("/")
    ids = [n for n in library.search.ids(Wanted(owner=library.keys.user_id, archived=False)) if known.get(n, "/") == wanted]
    return present.assets(library, library.search.entries(Wanted(ids=ids), order="title, id"))


HANDLERS = [memories, memory_statistics, markers, folders, folder]
DEPENDENCIES = {"remembered": Provide(years_of, sync_to_thread=False)}
