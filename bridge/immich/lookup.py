"""From ids of requests to what they mean; what does not exist and what may not be touched are refused in the same words."""

from __future__ import annotations

from collections.abc import Iterable

from ..client.shapes import Album
from ..library.identity import Kind
from ..library.library import Library, Photo
from ..serving.problems import Problem
from .shapes import listed


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
