"""Live photos: a picture and the seconds around it. Ente keeps the two in one zip; tools name the video by an id of its own."""

from __future__ import annotations

from ..client.shapes import LIVE_PHOTO
from .identity import Kind, canonical
from .library import Library, Photo


def video_id(library: Library, photo: Photo) -> str:
    """The id for tools of a live photo's video: the one it was uploaded with, else one made of the photo's number."""
    own = photo.own.get("video") if library.mine(photo) else None
    return (canonical(own) if isinstance(own, str) else None) or library.ids.of(Kind.LIVE_VIDEO, photo.file.id)


def photo_of_video(library: Library, text: str) -> Photo | None:
    """The live photo that has the video with this id."""
    number = library.ids.number(Kind.LIVE_VIDEO, text)
    if number is not None:
        found = library.photos.get(number)
        return found if found and found.file.kind == LIVE_PHOTO else None
    number = library.facts.by_video(canonical(text) or "")
    return library.photos.get(number) if number else None
