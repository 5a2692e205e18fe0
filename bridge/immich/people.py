"""People and faces, as Ente's apps found and named them. They are read and never changed here; those that nobody named are in no list."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from ..library import people as known
from ..library.library import Library
from ..library.pictures import NoPicture
from ..library.search import Wanted
from ..serving.problems import Problem
from . import lookup, present
from .shapes import Person, Shape
from .viewing import KEPT, opened

UNKNOWN = 1000
"""A side in pixels where nobody noted how large the picture is: fractions of it are what is known."""


class People(Shape):
    people: list[Person]
    total: int
    hidden: int
    has_next_page: bool


class Face(Shape):
    """Corners in pixels of the picture."""

    id: str
    image_width: int
    image_height: int
    bounding_box_x1: int
    bounding_box_y1: int
    bounding_box_x2: int
    bounding_box_y2: int
    person: Person | None
    source_type: str = "machine-learning"


@get("/api/people", permission="person.read", sync_to_thread=False)
def people(
    library: NamedDependency[Library],
    page: Annotated[int, QueryParameter(name="page", ge=1, le=2**53)] = 1,
    size: Annotated[int, QueryParameter(name="size", ge=1, le=1000)] = 500,
    name: FromQuery[str] = "",
    with_hidden: Annotated[bool | None, QueryParameter(name="withHidden")] = None,
    is_hidden: Annotated[bool | None, QueryParameter(name="isHidden")] = None,
    is_favorite: Annotated[bool | None, QueryParameter(name="isFavorite")] = None,
) -> People:
    """Pinned first, then by name; `isFavorite` are those that are pinned."""
    everybody = library.people.named(hidden=True)
    found = [p for p in library.people.named(name, hidden=bool(with_hidden or is_hidden)) if is_hidden is None or p.hidden == is_hidden]
    found = [p for p in found if is_favorite is None or p.pinned == is_favorite]
    some = found[(page - 1) * size : page * size]
    hidden = sum(p.hidden for p in everybody)
    return People([present.person(library, p) for p in some], len(everybody), hidden, len(found) > page * size)


@get("/api/search/person", permission="person.read", sync_to_thread=False)
def by_name(
    library: NamedDependency[Library], name: FromQuery[str], with_hidden: Annotated[bool | None, QueryParameter(name="withHidden")] = None
) -> list[Person]:
    return [present.person(library, p) for p in library.people.named(name, hidden=bool(with_hidden))]


@get("/api/people/{person_id:str}", permission="person.read", sync_to_thread=False)
def one(person_id: FromPath[str], library: NamedDependency[Library]) -> Person:
    return present.person(library, lookup.person(library, person_id))


@get("/api/people/{person_id:str}/statistics", permission="person.statistics", sync_to_thread=False)
def statistics(person_id: FromPath[str], library: NamedDependency[Library]) -> dict[str, int]:
    return {"assets": library.search.count(Wanted(persons=(lookup.person(library, person_id).id,)))}


@get("/api/people/{person_id:str}/thumbnail", permission="person.read")
async def thumbnail(person_id: FromPath[str], library: NamedDependency[Library]) -> Response[Any]:
    """The face, cut out of the photo it is on."""
    face = library.people.cover(lookup.person(library, person_id))
    if face is None or (photo := library.photos.get(face.file_id)) is None:
        raise Problem(404, "Asset media not found")
    try:
        picture = await library.pictures.cut(photo.file, face.box, f"face-{face.id}")
    except NoPicture:
        raise Problem(404, "Asset media not found") from None
    return Response(picture, media_type="image/jpeg", headers=KEPT)


@get("/api/faces", permission="face.read")
async def faces(library: NamedDependency[Library], asset_id: Annotated[str, QueryParameter(name="id")]) -> list[Face]:
    """Also those that nobody named, where an app has looked for faces."""
    entry = await lookup.entry(library, asset_id)
    found = await library.people.all_faces_on(opened(library, entry).file)
    width, height = (entry.width, entry.height) if entry.width > 0 and entry.height > 0 else (UNKNOWN, UNKNOWN)
    return [_face(library, face, width, height) for face in sorted(found, key=lambda face: face.id)]


def _face(library: Library, face: known.Face, width: int, height: int) -> Face:
    left, top, right, bottom = face.box
    person = present.person(library, face.person) if face.person and face.person.name else None
    corners = (round(left * width), round(top * height), round(right * width), round(bottom * height))
    return Face(present.face_id_of(library, face.id), width, height, *corners, person=person)


HANDLERS = [people, by_name, one, statistics, thumbnail, faces]
