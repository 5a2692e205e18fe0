"""From ids of requests to what they mean; what does not exist and what may not be touched are refused in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..client.shapes import Album
from ..library import people, tags
from ..library.identity import Kind, canonical
from ..library.library import Library, Photo
from ..library.search import Entry
from ..serving.problems import Problem
from .shapes import VISIBILITIES, listed


async def find(library: Library, text: str) -> Photo | None:
    """A photo of any sort; one that was promised and waits on this disk is sent first."""
    found = library.photo_of(text)
    if found is None and (waiting := library.queue.find(text.lower())):
        await library.deliver(waiting)
        found = library.photo_of(text)
    return found


def photo(library: Library, text: str, permission: str = "asset.read", *, trash: bool = False) -> Photo:
    """A photo that tools may see; `trash`: or one in the trash. For everything but reading it is one's own."""
    found = library.photo_of(text, trash=trash)
    number = found.file.id if found else 0
    if found is None or (number in library.photos and not library.shown(found)) or (not permission.endswith("read") and not library.mine(found)):
        raise Problem(400, f"Not found or no {permission} access")
    return found


def photos(library: Library, texts: Iterable[str], permission: str, *, trash: bool = False) -> list[Photo]:
    """All of them, or a refusal."""
    return [photo(library, text, permission, trash=trash) for text in dict.fromkeys(texts)]


def album(library: Library, text: str, permission: str = "album.read") -> Album:
    number = library.ids.number(Kind.ALBUM, text)
    found = library.albums.get(number) if number is not None else None
    if found is None or not listed(found) or (not permission.endswith("read") and found.owner_id != library.keys.user_id):
        raise Problem(400, f"Not found or no {permission} access")
    return found


async def entry(library: Library, text: str, permission: str = "asset.read") -> Entry:
    """What is known of a photo that tools may see, also one in the trash, without opening it; one that waits on this disk is sent first."""
    number = library.number_of(text)
    if number is None and await find(library, text):
        number = library.number_of(text)
    found = library.search.entry(number, trash=True) if number is not None else None
    if found is None:
        raise Problem(400, f"Not found or no {permission} access")
    return found


def visible(text: str | None) -> dict[str, Any]:
    """Immich's visibility as a filter (`Wanted`): without one the timeline and the archive. What is hidden or locked is in no answer."""
    if text is None:
        return {}
    if text not in VISIBILITIES:
        raise Problem(400, f"visibility must be one of {', '.join(VISIBILITIES)}")
    return {"ids": []} if text in ("hidden", "locked") else {"archived": text == "archive"}


def tag(library: Library, text: str, permission: str = "tag.read") -> tags.Tag:
    found = tags.all_tags(library).get(canonical(text) or "")
    if found is None:
        raise Problem(400, f"Not found or no {permission} access")
    return found


def person(library: Library, text: str, permission: str = "person.read") -> people.Person:
    wanted = canonical(text)
    for entity, found in library.people.persons.items():
        if wanted == library.ids.named(Kind.PERSON, entity):
            return found
    raise Problem(400, f"Not found or no {permission} access")
