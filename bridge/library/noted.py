"""What the tools' worlds know and Ente's apps have no place for: rating, tags, stack, SHA-1. One object under one key of a photo's private magic
metadata, which other clients keep as it is; and what they do have a place for: favourites and the archive, in Ente's own form.

Every face reads and writes them here. Writing merges into what is there now, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..client.shapes import ARCHIVED, HIDDEN, VISIBLE
from .library import BRIDGE, Library, Photo


@dataclass(frozen=True)
class Noted:
    """`id`: the one its upload was answered with, or empty. `rating`: -1 … 5, None: not rated. `tags`: whole paths, as "animals/cat". `stack`: the
    UUID of the stack that it is in; `first`: it is the one that stands for the others."""

    id: str
    sha1: str
    rating: int | None
    tags: tuple[str, ...]
    stack: str
    first: bool


def noted(photo: Photo) -> Noted:
    """Lenient: what has another type than ours was not written by us."""
    own = photo.own
    rating, tags = own.get("rating"), own.get("tags")
    return Noted(
        id=_text(own.get("id")),
        sha1=_text(own.get("sha1")),
        rating=rating if isinstance(rating, int) and not isinstance(rating, bool) else None,
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        stack=_text(own.get("stack")),
        first=own.get("first") is True,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


async def note(library: Library, photo_ids: Iterable[int], edit: Callable[[dict[str, Any]], None]) -> None:
    """Edits the object of each of these photos. A key that goes away becomes None: what was written is never dropped by count."""

    def inside(values: dict[str, Any]) -> None:
        found = values.get(BRIDGE)
        own = dict(found) if isinstance(found, dict) else {}
        edit(own)
        values[BRIDGE] = own

    await library.change_many(photo_ids, inside, public=False)


async def rate(library: Library, photo_ids: Iterable[int], rating: int | None) -> None:
    await note(library, photo_ids, lambda own: own.update(rating=rating))


async def tag(library: Library, photo_ids: Iterable[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
    """Tags that they have, or do not have, already are no change."""
    more, less = tuple(add), frozenset(remove)

    def edit(own: dict[str, Any]) -> None:
        found = own.get("tags")
        tags = [t for t in found if isinstance(t, str)] if isinstance(found, list) else []
        own["tags"] = sorted({*(t for t in tags if t not in less), *more})

    await note(library, photo_ids, edit)


async def stack(library: Library, photo_ids: Sequence[int], stack_id: str | None) -> None:
    """Makes a stack of these, of which the first stands for the others; None: they are in none."""
    await note(library, photo_ids, lambda own: own.update(stack=stack_id, first=False))
    if stack_id:
        await note(library, photo_ids[:1], lambda own: own.update(first=True))


def visibility(photo: Photo) -> int:
    """VISIBLE, ARCHIVED or HIDDEN."""
    found = photo.file.private.values.get("visibility", VISIBLE)
    return found if found in (VISIBLE, ARCHIVED, HIDDEN) else VISIBLE


async def set_visibility(library: Library, photo_ids: Iterable[int], wanted: int) -> None:
    await library.change_many(photo_ids, lambda values: values.update(visibility=wanted), public=False)


def is_favourite(library: Library, photo: Photo) -> bool:
    return any(library.albums[n].kind == "favorites" for n in photo.places if n in library.albums)


async def set_favourite(library: Library, photo_ids: Iterable[int], wanted: bool) -> None:
    """Membership of the account's one album of favourites."""
    if wanted:
        await library.add(photo_ids, await library.favourites())
    else:
        for album in [a for a in library.own_albums() if a.kind == "favorites"]:
            await library.remove(photo_ids, album)
